//! Where a setting came from, kept beside its value from the first look to the last message.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroize;

use crate::error::Error;

/// The place that a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag(&'static str),
    Variable(&'static str),
    /// In the profile file: `table` is `profile NAME`, `environment NAME`, or empty for the top.
    File {
        table: String,
        path: Arc<PathBuf>,
        line: usize,
        column: usize,
    },
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(long) => write!(f, "flag --{long}"),
            Self::Variable(name) => f.write_str(name),
            Self::File { table, path, line, .. } if table.is_empty() => {
                write!(f, "{}:{line}", path.display())
            }
            Self::File { table, path, line, .. } => write!(f, "{table}, {}:{line}", path.display()),
            Self::Default => f.write_str("default"),
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

/// A value as it stands in its place, unread. Wiped when dropped, for it may be a secret.
#[derive(Clone)]
pub struct Raw(pub OsString);

impl Drop for Raw {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_encoded_bytes().zeroize();
    }
}

impl Setting<Raw> {
    /// The value as text.
    pub fn text(&self) -> Result<&str, Error> {
        let text = self.value.0.to_str();
        text.ok_or_else(|| Error::config(format!("{} is not UTF-8 text", self.origin)))
    }

    /// The value as a path.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(&self.value.0)
    }

    /// A value that does not have the form it must have: of a flag, that is wrong usage.
    pub fn malformed(&self, name: &str, expected: &str) -> Error {
        match &self.origin {
            Origin::Flag(_) => Error::usage(format!("{} is not {expected}", self.origin)),
            Origin::File { path, line, column, .. } => {
                let path = path.display();
                Error::config(format!("{path}:{line}:{column}: {name} is not {expected}"))
            }
            _ => Error::config(format!("{} is not {expected}", self.origin)),
        }
    }
}
