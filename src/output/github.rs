//! The GitHub formats: masks for the runner, and the file that passes values to later steps.

use std::io;
use std::path::{Path, PathBuf};

use super::file::{append, appendable, check_directory, parent};
use super::{Session, quote};
use crate::error::{Code, Error};

/// The file that the runner names in a variable.
pub struct StepFile(PathBuf);

impl StepFile {
    /// Checks the file that the environment variable names, without changing or creating it.
    ///
    /// # Errors
    /// `config` if the variable is unset or the file can't be written.
    pub fn check(variable: &str) -> Result<Self, Error> {
        let path = match std::env::var_os(variable) {
            Some(path) if !path.is_empty() => PathBuf::from(path),
            _ => {
                return Err(Error::config(format!("{variable} is not set")).hint(
                    "use this format in a step of GitHub Actions: the runner sets the variable",
                ));
            }
        };
        let checked = if path.exists() {
            appendable().open(&path).map(drop)
        } else {
            check_directory(parent(&path))
        };
        checked.map_err(|error| unwritable(Code::Config, &path, error))?;
        Ok(Self(path))
    }

    /// Appends the text.
    ///
    /// # Errors
    /// `internal` if it could not be written completely; a regular file is then unchanged.
    pub fn write(&self, text: &str) -> Result<(), Error> {
        append(&self.0, text).map_err(|error| unwritable(Code::Internal, &self.0, error))
    }
}

/// The commands that make the runner hide token and URL in the log.
pub fn masks(session: &Session) -> String {
    let mask = |value| format!("::add-mask::{}\n", quote::workflow_command(value));
    mask(session.token.expose()) + &mask(session.iframe_url.expose())
}

fn unwritable(code: Code, path: &Path, error: io::Error) -> Error {
    Error::new(code, format!("{} can't be written", path.display())).cause(error)
}
