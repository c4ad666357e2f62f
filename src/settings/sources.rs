//! Flags, environment variables and the user's directories: all that a process has before the
//! profile file is read.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::origin::{Origin, Setting};
use crate::error::Error;

/// The flags of a command line that are settings, as typed, by the names of the settings.
pub type Flags = BTreeMap<String, OsString>;

pub struct Sources<'a> {
    pub flags: &'a Flags,
    /// Looks up an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    pub config_dir: Option<PathBuf>,
    pub home_dir: Option<PathBuf>,
}

/// The environment variable of a setting.
pub fn variable_name(setting: &str) -> String {
    format!("SMARTEXTRACT_{}", setting.to_ascii_uppercase())
}

impl<'a> Sources<'a> {
    /// The sources of this process.
    pub fn from_env(flags: &'a Flags) -> Self {
        Self {
            flags,
            variable: &|name| env::var_os(name),
            config_dir: dirs::config_dir(),
            home_dir: dirs::home_dir(),
        }
    }

    pub fn flag(&self, name: &'static str) -> Option<Setting<OsString>> {
        let value = self.flags.get(name)?.clone();
        Some(Setting { value, origin: Origin::Flag(name) })
    }

    /// The value of an environment variable, by its own name. An empty one counts as unset.
    pub fn variable(&self, name: impl Into<String>) -> Option<Setting<OsString>> {
        let name = name.into();
        let value = (self.variable)(&name).filter(|value| !value.is_empty())?;
        Some(Setting { value, origin: Origin::Variable(name) })
    }

    /// The first of these variables that is set.
    pub fn first_variable(&self, names: &[&'static str]) -> Option<Setting<OsString>> {
        names.iter().find_map(|name| self.variable(*name))
    }

    /// The value of a setting's flag, else of its environment variable.
    pub fn given(&self, name: &'static str) -> Option<Setting<OsString>> {
        self.flag(name).or_else(|| self.variable(variable_name(name)))
    }

    /// The profile file's path, or `None` if there is no configuration directory.
    pub fn profile_path(&self) -> Option<Setting<PathBuf>> {
        if let Some(given) = self.given("config") {
            return Some(given.with(PathBuf::from(&given.value)));
        }
        let directory = self.config_dir.as_ref()?;
        Some(Setting::default(directory.join("smartextract").join("config.toml")))
    }

    /// A path in the profile file is relative to the file's directory, and `~/` is the home
    /// directory. Any other path is returned unchanged.
    ///
    /// # Errors
    /// `config` if there is no home directory for `~/`.
    pub fn resolve_path(&self, path: &Path, origin: &Origin) -> Result<PathBuf, Error> {
        let Origin::File { path: file, .. } = origin else { return Ok(path.to_owned()) };
        if path == Path::new("-") {
            return Ok(path.to_owned());
        }
        let Ok(rest) = path.strip_prefix("~") else {
            return Ok(file.with_file_name("").join(path));
        };
        match &self.home_dir {
            Some(home) => Ok(home.join(rest)),
            None => Err(Error::config(format!("no home directory for ~/ ({origin})"))),
        }
    }
}
