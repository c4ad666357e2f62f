//! Flags and environment variables: all settings that a process has before it reads the profile
//! file.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use super::origin::{Origin, Setting};

/// The flags of a command line that are settings, as typed, by the names of the settings.
pub type Flags = BTreeMap<String, OsString>;

pub struct Sources<'a> {
    pub flags: &'a Flags,
    /// Looks up an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
}

/// The environment variable of a setting.
pub fn variable_name(setting: &str) -> String {
    format!("SMARTEXTRACT_{}", setting.to_ascii_uppercase())
}

impl<'a> Sources<'a> {
    /// The sources of this process.
    pub fn from_env(flags: &'a Flags) -> Self {
        Self { flags, variable: &|name| env::var_os(name) }
    }

    pub fn flag(&self, name: &'static str) -> Option<Setting<OsString>> {
        let value = self.flags.get(name)?.clone();
        Some(Setting { value, origin: Origin::Flag(name) })
    }

    /// The first of these environment variables that is set. An empty one counts as unset.
    pub fn variable(&self, names: &[&str]) -> Option<Setting<OsString>> {
        for name in names {
            match (self.variable)(name) {
                Some(value) if !value.is_empty() => {
                    return Some(Setting { value, origin: Origin::Variable((*name).to_owned()) });
                }
                _ => {}
            }
        }
        None
    }

    /// The value of a setting's flag, else of its environment variable.
    pub fn given(&self, name: &'static str) -> Option<Setting<OsString>> {
        match self.flag(name) {
            Some(flag) => Some(flag),
            None => self.variable(&[&variable_name(name)]),
        }
    }

    /// The profile file's path, or `None` if there is no configuration directory.
    pub fn profile_path(&self) -> Option<Setting<PathBuf>> {
        if let Some(given) = self.given("config") {
            return Some(given.with(PathBuf::from(&given.value)));
        }
        Some(Setting::default(dirs::config_dir()?.join("smartextract").join("config.toml")))
    }
}
