//! Output: a session in a format becomes text, and the text reaches its destination.

mod file;
mod format;
mod github;
mod quote;

use std::io;
use std::path::{Path, PathBuf};

pub use file::{append, check_append, parent};
pub use format::{Format, Session, TOKEN_VARIABLE, URL_VARIABLE};
pub use quote::html_attribute;

use self::file::Target;
use crate::console::Console;
use crate::error::{Code, Error};

/// Where a session goes. It is checked before the session is opened, and written to after that.
pub enum Destination {
    StandardOutput,
    /// The file of `--output`, by its name for messages.
    File(PathBuf, Target),
    /// The file that GitHub's runner names.
    Github(PathBuf),
}

impl Destination {
    /// Checks that the destination can be written to, without leaving anything behind.
    ///
    /// # Errors
    /// `usage` if format and `--output` contradict each other, `config` if GitHub's file is not
    /// set or can't be written, `internal` if the file of `--output` can't be written.
    pub fn check(format: Format, output: Option<&Path>) -> Result<Self, Error> {
        match (format.file_variable(), output) {
            (Some(variable), None) => github::check(variable).map(Self::Github),
            (Some(variable), Some(_)) => Err(Error::usage(
                "--output can't be combined with the GitHub formats",
            )
            .hint(format!("remove --output: the format writes to the file that {variable} names"))),
            (None, Some(path)) if !file::is_standard_output(path) => match Target::check(path) {
                Ok(target) => Ok(Self::File(path.to_owned(), target)),
                Err(error) => Err(unwritable(Code::Internal, path, error)),
            },
            (None, _) => Ok(Self::StandardOutput),
        }
    }

    /// Writes the session.
    ///
    /// # Errors
    /// `internal` if the format can't represent the token, or if it could not be written.
    pub fn write(self, format: Format, session: &Session) -> Result<(), Error> {
        let text = format.render(session)?;
        let (path, written) = match self {
            Self::StandardOutput => return Console::print(text),
            Self::File(path, target) => (path, target.write(&text)),
            Self::Github(path) => {
                // The masks come first, so that no failure or signal leaves an unmasked value.
                Console::print(github::masks(session))?;
                let written = append(&path, &text);
                (path, written)
            }
        };
        written.map_err(|error| unwritable(Code::Internal, &path, error))
    }
}

/// The error for a file that can't be written.
pub fn unwritable(code: Code, path: &Path, cause: io::Error) -> Error {
    Error::new(code, format!("{} can't be written", path.display())).cause(cause)
}
