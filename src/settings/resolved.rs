//! The resolved settings: complete for an exchange, or as rows to print.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::Settings;
use super::credentials::{SecretSource, program_name};
use super::environment::{Endpoint, Template};
use super::origin::{Raw, Setting};
use super::proxy::Proxy;
use crate::error::{Code, Error};
use crate::secret::Key;

/// A setting's value (`None` if no place has one), or why it is invalid.
pub type Resolution<T> = Result<Option<Setting<T>>, Error>;

/// Every setting with its value or error.
pub struct Resolved {
    pub profile_path: Option<Setting<PathBuf>>,
    pub has_profile_file: bool,
    pub profile: Option<Setting<String>>,
    pub environment: Result<Environment, Error>,
    pub proxy: Resolution<Proxy>,
    pub key: Resolution<Key>,
    pub secret: Resolution<SecretSource>,
    pub timeout: Result<Setting<Duration>, Error>,
    pub retries: Result<Setting<u32>, Error>,
    pub ca_file: Resolution<PathBuf>,
    /// The trust store that `SSL_CERT_FILE` or `SSL_CERT_DIR` names instead of the system's.
    pub trust_variables: Vec<Setting<Raw>>,
    /// Problems that do not prevent the exchange.
    pub warnings: Vec<String>,
}

/// A known environment, with its URLs or those that flags or variables set instead.
pub struct Environment {
    pub name: Setting<String>,
    pub token_url: Result<Setting<Endpoint>, Error>,
    pub iframe_template: Result<Setting<Template>, Error>,
}

/// A setting as it may be shown: never a secret or a whole key.
pub struct Row<'a> {
    pub name: &'static str,
    /// The value and its origin, if any place has one.
    pub shown: Result<Option<(Value, String)>, &'a Error>,
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shown {
            Ok(Some((value, origin))) => write!(f, "{}: {} ({origin})", self.name, text(value)),
            Ok(None) => write!(f, "{}: none", self.name),
            Err(error) => write!(f, "{}: {}", self.name, error.summary()),
        }
    }
}

impl Resolved {
    /// All settings of an exchange, or the first error in the order of the rows.
    pub fn complete(self) -> Result<Settings, Error> {
        let missing = self.missing_credentials();
        let environment = self.environment?;
        let (token_url, iframe_template) = (environment.token_url?, environment.iframe_template?);
        let (proxy, key, secret) = (self.proxy?, self.key?, self.secret?);
        let (timeout, retries, ca_file) = (self.timeout?, self.retries?, self.ca_file?);
        let (Some(key), Some(secret)) = (key, secret) else { return Err(missing) };
        Ok(Settings {
            environment: environment.name,
            token_url,
            iframe_template,
            key,
            secret,
            timeout,
            retries,
            ca_file,
            proxy,
        })
    }

    fn missing_credentials(&self) -> Error {
        let what = match (&self.key, &self.secret) {
            (Ok(None), Ok(None)) => "no key and no secret",
            (Ok(None), _) => "no key",
            _ => "no secret",
        };
        let path = self.profile_path.as_ref().map(|path| path.value.display());
        let detail = match (&self.profile, path) {
            (Some(profile), _) => format!("profile {} has none", profile.value),
            (None, Some(path)) if self.has_profile_file => {
                format!("no profile is selected in {path}")
            }
            (None, Some(path)) => format!("no profile file at {path}"),
            (None, None) => "no profile file, because there is no home directory".to_owned(),
        };
        Error::new(Code::MissingCredentials, format!("{what} found")).detail(detail).hint(
            "run smartextract config init, or set SMARTEXTRACT_KEY and SMARTEXTRACT_SECRET \
             (an empty variable counts as unset)",
        )
    }

    /// One row per setting: `config show` and `-v` print the same ones.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let environment = self.environment.as_ref();
        let known = environment.ok();
        let token_url = known.map(|known| known.token_url.as_ref()).transpose();
        let template = known.map(|known| known.iframe_template.as_ref()).transpose();
        vec![
            row("config", Ok(self.profile_path.as_ref()), |path| {
                let missing = if self.has_profile_file { "" } else { " (does not exist)" };
                format!("{}{missing}", path.display()).into()
            }),
            row("profile", Ok(self.profile.as_ref()), |name| name.as_str().into()),
            row("env", environment.map(|known| Some(&known.name)), |name| name.as_str().into()),
            row("token_url", token_url, |url| url.to_string().into()),
            row("iframe_template", template, |template| template.to_string().into()),
            row("proxy", optional(&self.proxy), |proxy| proxy.to_string().into()),
            row("key", optional(&self.key), |key| key.shortened().into()),
            row("secret", optional(&self.secret), |source| description(source).into()),
            row("timeout", self.timeout.as_ref().map(Some), |time| time.as_secs_f64().into()),
            row("retries", self.retries.as_ref().map(Some), |retries| (*retries).into()),
            self.trust_row(),
        ]
    }

    /// `--ca-file`, or what replaces the operating system's trust store without it.
    fn trust_row(&self) -> Row<'_> {
        let row = row("ca_file", optional(&self.ca_file), |path| path.display().to_string().into());
        if self.trust_variables.is_empty() || !matches!(row.shown, Ok(None)) {
            return row;
        }
        let join = |part: fn(&Setting<_>) -> String| {
            self.trust_variables.iter().map(part).collect::<Vec<_>>().join(", ")
        };
        let paths = join(|setting| setting.path().display().to_string());
        let names = join(|setting| setting.origin.to_string());
        Row { shown: Ok(Some((paths.into(), names))), ..row }
    }
}

/// A row's value as text: a number without unnecessary digits.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        number => number.as_f64().unwrap_or_default().to_string(),
    }
}

fn optional<T>(resolution: &Resolution<T>) -> Result<Option<&Setting<T>>, &Error> {
    resolution.as_ref().map(Option::as_ref)
}

fn row<'a, T>(
    name: &'static str,
    setting: Result<Option<&Setting<T>>, &'a Error>,
    show: impl FnOnce(&T) -> Value,
) -> Row<'a> {
    let shown = setting.map(|found| found.map(|one| (show(&one.value), one.origin.to_string())));
    Row { name, shown }
}

/// The kind of place that the secret is in.
fn description(source: &SecretSource) -> String {
    match source {
        SecretSource::Value(_) => "(hidden)".to_owned(),
        SecretSource::File(path) => format!("file {}", path.display()),
        SecretSource::StandardInput => "standard input".to_owned(),
        // Without its arguments, which may be as confidential as the secret.
        SecretSource::Command(words) => format!("command {}", program_name(words)),
    }
}
