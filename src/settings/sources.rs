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
    /// The sources of this process. Without HOME there is no home directory: the user database has
    /// one, but a caller that unsets HOME does not want it to be used.
    pub fn from_env(flags: &'a Flags) -> Self {
        let has_home = !cfg!(unix) || env::var_os("HOME").is_some_and(|path| !path.is_empty());
        // A relative path is ignored (XDG Base Directory Specification, "Basics").
        let xdg = env::var_os("XDG_CONFIG_HOME").unwrap_or_default();
        let has_config = has_home || Path::new(&xdg).is_absolute();
        Self {
            flags,
            variable: &|name| env::var_os(name),
            config_dir: dirs::config_dir().filter(|_| has_config),
            home_dir: dirs::home_dir().filter(|_| has_home),
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
    ///
    /// # Errors
    /// `usage` if `--config` is empty.
    pub fn profile_path(&self) -> Result<Option<Setting<PathBuf>>, Error> {
        if let Some(given) = self.given("config") {
            if given.value.is_empty() {
                return Err(Error::usage("flag --config is empty"));
            }
            return Ok(Some(given.with(PathBuf::from(&given.value))));
        }
        let Some(directory) = &self.config_dir else { return Ok(None) };
        Ok(Some(Setting::default(directory.join("smartextract").join("config.toml"))))
    }

    /// A path in the profile file is relative to the file's directory, and `~/` is the home
    /// directory. Any other path is returned unchanged.
    ///
    /// # Errors
    /// `config` if there is no home directory for `~/`.
    pub fn resolve_path(&self, path: &Path, origin: &Origin) -> Result<PathBuf, Error> {
        let Origin::File(place) = origin else { return Ok(path.to_owned()) };
        if path == Path::new("-") {
            return Ok(path.to_owned());
        }
        let Ok(rest) = path.strip_prefix("~") else {
            return Ok(place.path.parent().unwrap_or(Path::new("")).join(path));
        };
        match &self.home_dir {
            Some(home) => Ok(home.join(rest)),
            None => Err(Error::config(format!("no home directory for ~/ ({origin})"))),
        }
    }
}
