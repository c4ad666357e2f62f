//! Output: a session in a format becomes text, and the text reaches its destination.

mod file;
mod format;
mod github;
mod quote;

use std::path::Path;

pub use file::{append, appendable, check_directory, parent};
pub use format::{Format, Session, TOKEN_VARIABLE, URL_VARIABLE};
pub use quote::html_attribute;

use self::file::OutputFile;
use self::github::StepFile;
use crate::console::Console;
use crate::error::Error;

/// Where a session goes. It is checked before the session is opened, and written to after that.
pub enum Destination {
    StandardOutput,
    File(OutputFile),
    Github(StepFile),
}

impl Destination {
    /// Checks that the destination can be written to, without leaving anything behind.
    ///
    /// # Errors
    /// `usage` if format and `--output` contradict each other, `config` if GitHub's file is not
    /// set or can't be written, `internal` if the file of `--output` can't be written.
    pub fn check(format: Format, output: Option<&Path>) -> Result<Self, Error> {
        let output = output.filter(|path| !file::is_standard_output(path));
        match (format.file_variable(), output) {
            (None, None) => Ok(Self::StandardOutput),
            (None, Some(path)) => OutputFile::check(path).map(Self::File),
            (Some(variable), None) => StepFile::check(variable).map(Self::Github),
            (Some(variable), Some(_)) => {
                let hint =
                    format!("remove --output: the format writes to the file that {variable} names");
                let message = "--output can't be combined with the GitHub formats";
                Err(Error::usage(message).hint(hint))
            }
        }
    }

    /// Writes the session.
    ///
    /// # Errors
    /// `internal` if the format can't represent the token, or if it could not be written.
    pub fn write(self, format: Format, session: &Session) -> Result<(), Error> {
        let text = format.render(session)?;
        match self {
            Self::StandardOutput => Console::print(text),
            Self::File(file) => file.write(&text),
            Self::Github(file) => {
                // The masks come first, so that no failure or signal leaves an unmasked value.
                Console::print(github::masks(session))?;
                file.write(&text)
            }
        }
    }
}
