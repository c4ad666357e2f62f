//! Settings: flags, environment variables, profile file and defaults become values with origins.
//! Makes no requests. The errors are `config`, `usage` for a flag that is no number, and
//! `missing_credentials`. All settings follow one naming rule: `ca_file` is the flag `--ca-file`,
//! the variable `SMARTEXTRACT_CA_FILE` and the profile key `ca_file`.

mod environment;
mod origin;
mod profile_file;
mod proxy;
mod resolve;
mod secret_source;
mod suggest;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use environment::{BUILT_IN_NAMES, Endpoint, Template};
pub use origin::{Flags, Origin, Setting, Sources, variable_name};
pub use profile_file::{PROFILE_KEYS, ProfileFile, exposure_warning, read as read_profile_file};
pub use proxy::Proxy;
pub use secret_source::SecretSource;

use serde_json::Value;

use self::resolve::Resolver;
use crate::error::{Code, Error};
use crate::secret::Key;

/// Every setting, checked. Only key and secret may still be missing.
pub struct Settings {
    pub profile_path: Option<Setting<PathBuf>>,
    pub known_profiles: Vec<String>,
    pub profile: Option<Setting<String>>,
    pub environment: Setting<String>,
    pub token_url: Setting<Endpoint>,
    pub iframe_template: Setting<Template>,
    pub proxy: Option<Setting<Proxy>>,
    pub key: Option<Setting<Key>>,
    pub secret: Option<Setting<SecretSource>>,
    pub timeout: Setting<Duration>,
    pub retries: Setting<u32>,
    pub ca_file: Option<Setting<PathBuf>>,
    /// Problems that do not prevent the exchange.
    pub warnings: Vec<String>,
}

pub fn resolve(sources: &Sources<'_>) -> Result<Settings, Error> {
    resolve_with(sources, &ProfileFile::load(sources)?)
}

/// Like `resolve`, with the content of the profile file.
pub fn resolve_with(sources: &Sources<'_>, file: &ProfileFile) -> Result<Settings, Error> {
    let profile = profile(sources, file)?;
    let warnings = Vec::from_iter(file.warning.clone());
    let mut resolver = Resolver { sources, file, profile, warnings };
    let Setting { value: environment, origin } = resolver.environment()?;
    let token_url = resolver.token_url(environment.token_url)?;
    Ok(Settings {
        profile_path: sources.profile_path(),
        known_profiles: file.profile_names().into_iter().map(str::to_owned).collect(),
        environment: Setting { value: environment.name, origin },
        proxy: resolver.proxy(&token_url.value)?,
        token_url,
        iframe_template: resolver.iframe_template(environment.iframe_template)?,
        key: resolver.key()?,
        secret: resolver.secret()?,
        timeout: resolver.timeout()?,
        retries: resolver.retries()?,
        ca_file: resolver.ca_file()?,
        profile: resolver.profile,
        warnings: resolver.warnings,
    })
}

fn profile(sources: &Sources<'_>, file: &ProfileFile) -> Result<Option<Setting<String>>, Error> {
    let selected = match sources.given("profile") {
        Some(given) => Some(given.text()?),
        None => file.default_profile(),
    };
    let known = file.profile_names();
    match selected {
        Some(name) if !known.contains(&name.value.as_str()) => {
            Err(suggest::unknown("profile", &name, &known))
        }
        known_or_none => Ok(known_or_none),
    }
}

impl Settings {
    pub fn credentials(&self) -> Result<(&Setting<Key>, &Setting<SecretSource>), Error> {
        match (&self.key, &self.secret) {
            (Some(key), Some(secret)) => Ok((key, secret)),
            (None, None) => Err(self.missing("no key and no secret found")),
            (None, Some(_)) => Err(self.missing("no key found")),
            (Some(_), None) => Err(self.missing("no secret found")),
        }
    }

    fn missing(&self, message: &str) -> Error {
        let error = Error::new(Code::MissingCredentials, message);
        let Some(path) = &self.profile_path else {
            return error
                .because("no profile file, because there is no home directory")
                .hint("set SMARTEXTRACT_KEY and SMARTEXTRACT_SECRET, or HOME");
        };
        let path = path.value.display();
        let (reason, step) = if let Some(profile) = &self.profile {
            let reason = format!("profile {} has none", profile.value);
            (reason, format!("add key and secret to it in {path}"))
        } else if let [first, ..] = &self.known_profiles[..] {
            let names = self.known_profiles.join(", ");
            let reason = format!("no profile is selected in {path}; it has: {names}");
            (reason, format!("use --profile {first}, set default_profile in the file"))
        } else {
            (format!("no profile in {path}"), "run smartextract config init".to_owned())
        };
        let variables = "SMARTEXTRACT_KEY and SMARTEXTRACT_SECRET (empty variables count as unset)";
        error.because(reason).hint(format!("{step}, or set {variables}"))
    }

    pub fn proxy_in_use(&self) -> Option<&Setting<Proxy>> {
        self.proxy.as_ref().filter(|proxy| !proxy.value.is_bypassed)
    }

    /// What `config show` and `-v` print.
    pub fn rows(&self) -> Vec<Row> {
        vec![
            Row::new("config", self.profile_path.as_ref(), |path| {
                let state = match path.try_exists() {
                    Ok(true) => "",
                    Ok(false) => " (does not exist)",
                    Err(_) => " (not readable)",
                };
                format!("{}{state}", path.display()).into()
            }),
            Row::new("profile", self.profile.as_ref(), |name| name.as_str().into()),
            Row::new("env", Some(&self.environment), |name| name.as_str().into()),
            Row::new("token_url", Some(&self.token_url), |url| url.to_string().into()),
            Row::new("iframe_template", Some(&self.iframe_template), |url| url.to_string().into()),
            Row::new("proxy", self.proxy.as_ref(), |proxy| proxy.to_string().into()),
            Row::new("key", self.key.as_ref(), |key| key.shortened().into()),
            Row::new("secret", self.secret.as_ref(), |source| source.to_string().into()),
            Row::new("timeout", Some(&self.timeout), |time| time.as_secs_f64().into()),
            Row::new("retries", Some(&self.retries), |retries| (*retries).into()),
            Row::new("ca_file", self.ca_file.as_ref(), |path| path.display().to_string().into()),
        ]
    }
}

/// A setting as it may be shown: never a secret or a whole key.
pub struct Row {
    pub name: &'static str,
    /// Null if the setting was found nowhere.
    pub value: Value,
    pub origin: Option<String>,
}

impl Row {
    fn new<T>(
        name: &'static str,
        setting: Option<&Setting<T>>,
        show: impl FnOnce(&T) -> Value,
    ) -> Self {
        match setting {
            Some(Setting { value, origin }) => {
                Self { name, value: show(value), origin: Some(origin.to_string()) }
            }
            None => Self { name, value: Value::Null, origin: None },
        }
    }

    /// The value as text; numbers without unnecessary digits.
    pub fn text(&self) -> String {
        match &self.value {
            Value::Null => "-".to_owned(),
            Value::String(text) => text.clone(),
            number => number.as_f64().unwrap_or_default().to_string(),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(f, "{}: {} ({origin})", self.name, self.text()),
            None => write!(f, "{}: none", self.name),
        }
    }
}
