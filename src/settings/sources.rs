//! The places that settings come from, except the profile file.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::origin::{Origin, Raw, Setting};
use super::spec::SettingName;
use crate::error::Error;

/// The flags of a command line that hold settings, as typed.
#[derive(Clone, Default)]
pub struct Flags(pub Vec<(SettingName, OsString)>);

/// Flags, environment variables and the user's directories.
pub struct Sources<'a> {
    pub flags: &'a Flags,
    /// Looks up an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    pub config_dir: Option<PathBuf>,
    pub home_dir: Option<PathBuf>,
}

impl<'a> Sources<'a> {
    /// The sources of this process. Without HOME there is no home directory: the user database has
    /// one, but a caller that unsets HOME does not want it to be used.
    pub fn from_env(flags: &'a Flags) -> Self {
        let variable: &'static dyn Fn(&str) -> Option<OsString> = &|name| env::var_os(name);
        let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
        let has_home = !cfg!(unix) || is_set("HOME");
        // A relative path is ignored (XDG Base Directory Specification, "Basics").
        let has_xdg =
            variable("XDG_CONFIG_HOME").is_some_and(|path| Path::new(&path).is_absolute());
        Self {
            flags,
            variable,
            config_dir: dirs::config_dir().filter(|_| has_home || has_xdg),
            home_dir: dirs::home_dir().filter(|_| has_home),
        }
    }

    /// The value of an environment variable. An empty one counts as unset.
    pub fn variable(&self, name: &'static str) -> Option<Setting<Raw>> {
        let value = (self.variable)(name).filter(|value| !value.is_empty())?;
        Some(Setting { value: Raw(value), origin: Origin::Variable(name) })
    }

    pub fn flag(&self, name: SettingName) -> Option<Setting<Raw>> {
        let (_, value) = self.flags.0.iter().find(|(known, _)| *known == name)?;
        Some(Setting { value: Raw(value.clone()), origin: Origin::Flag(name.spec().flag?) })
    }

    /// The value of the flag, else of the environment variable.
    pub fn given(&self, name: SettingName) -> Option<Setting<Raw>> {
        self.flag(name).or_else(|| self.variable(name.spec().variable?))
    }

    /// The profile file's path, or `None` if there is no configuration directory.
    pub fn profile_path(&self) -> Result<Option<Setting<PathBuf>>, Error> {
        if let Some(given) = self.given(SettingName::Config) {
            if given.value.0.is_empty() {
                return Err(Error::usage("flag --config is empty"));
            }
            return Ok(Some(given.with(given.path())));
        }
        let default =
            |dir: &PathBuf| Setting::default(dir.join("smartextract").join("config.toml"));
        Ok(self.config_dir.as_ref().map(default))
    }

    /// A path in the profile file is relative to the file's directory, and `~/` is the home
    /// directory. Any other path is returned unchanged.
    pub fn resolve_path(&self, path: &Path, origin: &Origin) -> Result<PathBuf, Error> {
        let Origin::File(place) = origin else { return Ok(path.to_owned()) };
        if path == Path::new("-") {
            return Ok(path.to_owned());
        }
        if let Ok(rest) = path.strip_prefix("~") {
            let home = self.home_dir.as_ref();
            let home =
                home.ok_or_else(|| Error::config(format!("no home directory for ~/ ({origin})")))?;
            return Ok(home.join(rest));
        }
        Ok(place.path.parent().unwrap_or(Path::new("")).join(path))
    }
}
