//! Output: a session in a format becomes text, and the text reaches its destination. A file that
//! can't be written is an `internal` error, except GitHub's before the session: `config`.

mod file;
mod format;
mod quote;

use std::path::{Path, PathBuf};
use std::{env, io};

pub use file::{append, check_append, parent};
pub use format::{Format, Session, TOKEN_VARIABLE, URL_VARIABLE};
pub use quote::{html_attribute, posix as posix_quoted};

use self::file::Target;
use crate::console::Console;
use crate::error::{Code, Error};

/// Where a session goes. It is checked before the session is opened.
pub enum Destination {
    StandardOutput,
    /// The file of `--output`, by its name for messages.
    File(PathBuf, Target),
    /// The file that GitHub's runner names.
    Github(PathBuf),
}

impl Destination {
    pub fn check(format: Format, output: Option<&Path>) -> Result<Self, Error> {
        let Some(variable) = format.file_variable() else {
            return match output {
                Some(path) if !file::is_standard_output(path) => {
                    let target = Target::check(path).map_err(unwritable(Code::Internal, path))?;
                    Ok(Self::File(path.to_owned(), target))
                }
                _ => Ok(Self::StandardOutput),
            };
        };
        if output.is_some() {
            let hint = format!("remove --output: the file is the one that {variable} names");
            return Err(
                Error::usage("--output can't be combined with the GitHub formats").hint(hint)
            );
        }
        check_github(variable).map(Self::Github)
    }

    pub fn write(self, format: Format, session: &Session) -> Result<(), Error> {
        let text = format.render(session)?;
        match self {
            Self::StandardOutput => Console::print(text),
            Self::File(path, target) => {
                target.write(&text).map_err(unwritable(Code::Internal, &path))
            }
            Self::Github(path) => {
                // The masks come first, so that no failure or signal leaves an unmasked value.
                // The runner decodes `%25` in them.
                let mask = |value: &str| format!("::add-mask::{}\n", value.replace('%', "%25"));
                let url = session.iframe_url.expose();
                Console::print(mask(session.token.expose()) + &mask(url))?;
                append(&path, &text).map_err(unwritable(Code::Internal, &path))
            }
        }
    }
}

fn check_github(variable: &str) -> Result<PathBuf, Error> {
    let path = PathBuf::from(env::var_os(variable).unwrap_or_default());
    if path.as_os_str().is_empty() {
        let hint = "use this format in a step of GitHub Actions: the runner sets the variable";
        return Err(Error::config(format!("{variable} is not set")).hint(hint));
    }
    check_append(&path).map_err(unwritable(Code::Config, &path))?;
    Ok(path)
}

pub fn unwritable(code: Code, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let error = Error::new(code, format!("{} can't be written", path.display()));
    move |cause| error.cause(cause).hint("check the path and its permissions, and the free space")
}
