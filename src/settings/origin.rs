//! A value together with its origin: the place that it came from.

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
    File(Place),
    Default,
}

/// A value's place in the profile file. `table` is `profile NAME`, `environment NAME`, or empty
/// for the top level; line and column count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub path: Arc<PathBuf>,
    pub table: String,
    pub key: String,
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(long) => write!(f, "flag --{long}"),
            Self::Variable(name) => f.write_str(name),
            Self::File(Place { table, path, line, .. }) if table.is_empty() => {
                write!(f, "{}:{line}", path.display())
            }
            Self::File(Place { table, path, line, .. }) => {
                write!(f, "{table}, {}:{line}", path.display())
            }
            Self::Default => f.write_str("default"),
        }
    }
}

impl Origin {
    /// The origin with the key that it has in the profile file.
    pub fn with_key(&self) -> String {
        match self {
            Self::File(place) => format!("{} ({self})", place.key),
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

/// A value as written in its place, not yet checked. Wiped on drop, because it may be a secret.
#[derive(Clone)]
pub struct Raw(pub OsString);

impl Drop for Raw {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_encoded_bytes().zeroize();
    }
}

impl Setting<Raw> {
    pub fn text(&self) -> Result<&str, Error> {
        let text = self.value.0.to_str();
        text.ok_or_else(|| Error::config(format!("{} is not UTF-8 text", self.origin)))
    }

    pub fn path(&self) -> PathBuf {
        PathBuf::from(&self.value.0)
    }

    /// The error for an invalid value: `usage` for a flag, else `config`.
    pub fn malformed(&self, expected: &str) -> Error {
        match &self.origin {
            Origin::Flag(_) => Error::usage(format!("{} is not {expected}", self.origin)),
            Origin::File(Place { path, key, line, column, .. }) => {
                let path = path.display();
                Error::config(format!("{path}:{line}:{column}: {key} is not {expected}"))
            }
            _ => Error::config(format!("{} is not {expected}", self.origin)),
        }
    }
}
