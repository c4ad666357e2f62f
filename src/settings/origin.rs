//! A value together with its origin.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Error;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag, by the name of its setting.
    Flag(&'static str),
    Variable(String),
    /// The profile file. `table` is `profile NAME`, `environment NAME`, or empty for the top level;
    /// lines count from 1.
    File {
        path: Arc<PathBuf>,
        table: String,
        key: &'static str,
        line: usize,
    },
    /// The answers of `config init`, before they are in a file.
    NewProfile,
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag --{}", name.replace('_', "-")),
            Self::Variable(name) => f.write_str(name),
            Self::File { path, table, line, .. } => {
                let comma = if table.is_empty() { "" } else { ", " };
                write!(f, "{table}{comma}{}:{line}", path.display())
            }
            Self::NewProfile => f.write_str("the new profile"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Origin {
    /// The origin with the key that it has in the profile file.
    pub fn with_key(&self) -> String {
        match self {
            Self::File { key, .. } => format!("{key} ({self})"),
            _ => self.to_string(),
        }
    }
}

/// A value as it will be used, with its origin.
#[derive(Clone, Debug)]
pub struct Setting<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Setting<T> {
    pub const fn default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    pub fn with<U>(&self, value: U) -> Setting<U> {
        Setting { value, origin: self.origin.clone() }
    }
}

/// A value as written, not yet checked.
impl Setting<OsString> {
    /// # Errors
    /// `config` if the value is not UTF-8.
    pub fn text(&self) -> Result<&str, Error> {
        match self.value.to_str() {
            Some(text) => Ok(text),
            None => Err(Error::config(format!("{} is not UTF-8 text", self.origin))),
        }
    }

    /// # Errors
    /// `config` if the value is not UTF-8.
    pub fn to_text(&self) -> Result<Setting<String>, Error> {
        Ok(self.with(self.text()?.to_owned()))
    }

    /// The error for a value that is no number: `usage` for a flag, else `config`.
    pub fn malformed(&self, expected: &str) -> Error {
        let message = format!("{} is not {expected}", self.origin.with_key());
        match self.origin {
            Origin::Flag(_) => Error::usage(message),
            _ => Error::config(message).hint("change the value"),
        }
    }
}
