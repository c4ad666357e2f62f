//! The GitHub formats: masks for the runner, and the file that passes values to later steps.

use std::env;
use std::path::PathBuf;

use super::{Session, check_append, unwritable};
use crate::error::{Code, Error};

/// The file that the variable names, which can be appended to.
pub fn check(variable: &str) -> Result<PathBuf, Error> {
    let path = PathBuf::from(env::var_os(variable).unwrap_or_default());
    if path.as_os_str().is_empty() {
        let hint = "use this format in a step of GitHub Actions: the runner sets the variable";
        return Err(Error::config(format!("{variable} is not set")).hint(hint));
    }
    check_append(&path).map_err(unwritable(Code::Config, &path))?;
    Ok(path)
}

/// The commands that make the runner hide token and URL in the log.
pub fn masks(session: &Session) -> String {
    // The runner decodes `%25` in the data of a command.
    let mask = |value: &str| format!("::add-mask::{}\n", value.replace('%', "%25"));
    mask(session.token.expose()) + &mask(session.iframe_url.expose())
}
