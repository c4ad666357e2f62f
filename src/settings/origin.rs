//! A value together with its origin, and the flags and variables it may come from. The errors are
//! `config`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fmt};

use crate::error::Error;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag, by the name of its setting.
    Flag(&'static str),
    Variable(String),
    /// The profile file. `table` is `profile NAME`, `environment NAME`, or empty for the top level.
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

#[derive(Clone, Debug)]
pub struct Setting<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Setting<T> {
    pub fn default(value: impl Into<T>) -> Self {
        Self { value: value.into(), origin: Origin::Default }
    }

    pub fn with<U>(&self, value: U) -> Setting<U> {
        Setting { value, origin: self.origin.clone() }
    }
}

/// A value as written, not yet checked.
impl Setting<OsString> {
    pub fn text(self) -> Result<Setting<String>, Error> {
        match self.value.into_string() {
            Ok(value) => Ok(Setting { value, origin: self.origin }),
            Err(_) => Err(Error::config(format!("{} is not UTF-8 text", self.origin))),
        }
    }

    /// A path in the profile file is relative to the file's directory, and `~/` is the home
    /// directory. Any other path is returned unchanged.
    pub fn path(&self) -> Result<Setting<PathBuf>, Error> {
        let path = Path::new(&self.value);
        let Origin::File { path: file, .. } = &self.origin else {
            return Ok(self.with(path.to_owned()));
        };
        let Ok(rest) = path.strip_prefix("~") else {
            return Ok(self.with(file.with_file_name("").join(path)));
        };
        match dirs::home_dir() {
            Some(home) => Ok(self.with(home.join(rest))),
            None => Err(Error::config(format!("no home directory for ~/ ({})", self.origin))),
        }
    }
}

impl Setting<String> {
    /// Parses the value. `parse` describes a flaw as the end of a sentence that `subject` begins.
    pub fn parsed<T>(
        &self,
        parse: fn(&str) -> Result<T, &'static str>,
        subject: &str,
        hint: &str,
    ) -> Result<Setting<T>, Error> {
        match parse(&self.value) {
            Ok(value) => Ok(self.with(value)),
            Err(flaw) => {
                Err(Error::config(format!("{subject} {flaw} ({})", self.origin)).hint(hint))
            }
        }
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

/// The flags of a command line that are settings, as typed, by the names of the settings.
pub type Flags = BTreeMap<String, OsString>;

pub struct Sources<'a> {
    pub flags: &'a Flags,
    /// Looks up an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
}

pub fn variable_name(setting: &str) -> String {
    format!("SMARTEXTRACT_{}", setting.to_ascii_uppercase())
}

impl<'a> Sources<'a> {
    pub fn from_env(flags: &'a Flags) -> Self {
        Self { flags, variable: &|name| env::var_os(name) }
    }

    pub fn flag(&self, name: &'static str) -> Option<Setting<OsString>> {
        let value = self.flags.get(name)?.clone();
        Some(Setting { value, origin: Origin::Flag(name) })
    }

    /// The first of these environment variables that is set. An empty one counts as unset.
    pub fn variable(&self, names: &[&str]) -> Option<Setting<OsString>> {
        names.iter().find_map(|name| {
            let value = (self.variable)(name).filter(|value| !value.is_empty())?;
            Some(Setting { value, origin: Origin::Variable((*name).to_owned()) })
        })
    }

    /// The value of a setting's flag, else of its environment variable.
    pub fn given(&self, name: &'static str) -> Option<Setting<OsString>> {
        self.flag(name).or_else(|| self.variable(&[&variable_name(name)]))
    }

    pub fn profile_path(&self) -> Option<Setting<PathBuf>> {
        if let Some(given) = self.given("config") {
            return Some(given.with(PathBuf::from(&given.value)));
        }
        Some(Setting::default(dirs::config_dir()?.join("smartextract").join("config.toml")))
    }
}
