//! The settings as rows to print: `config show` and `-v` print the same ones.

use std::fmt;

use serde_json::Value;

use super::secret_source::{SecretSource, program_name};
use super::{Setting, Settings};

/// A setting as it may be shown: never a secret or a whole key.
pub struct Row {
    pub name: String,
    /// Null if the setting was found nowhere.
    pub value: Value,
    pub origin: Option<String>,
}

impl Row {
    fn new<T>(name: &str, setting: Option<&Setting<T>>, show: impl FnOnce(&T) -> Value) -> Self {
        let (value, origin) = match setting {
            Some(setting) => (show(&setting.value), Some(setting.origin.to_string())),
            None => (Value::Null, None),
        };
        Self { name: name.to_owned(), value, origin }
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

impl Settings {
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = vec![
            Row::new("config", self.profile_path.as_ref(), |path| {
                let missing = if path.exists() { "" } else { " (does not exist)" };
                format!("{}{missing}", path.display()).into()
            }),
            Row::new("profile", self.profile.as_ref(), |name| name.as_str().into()),
            Row::new("env", Some(&self.environment), |name| name.as_str().into()),
            Row::new("token_url", Some(&self.token_url), |url| url.to_string().into()),
            Row::new("iframe_template", Some(&self.iframe_template), |url| url.to_string().into()),
            Row::new("proxy", self.proxy.as_ref(), |proxy| proxy.to_string().into()),
            Row::new("key", self.key.as_ref(), |key| key.shortened().into()),
            Row::new("secret", self.secret.as_ref(), |source| description(source).into()),
            Row::new("timeout", Some(&self.timeout), |time| time.as_secs_f64().into()),
            Row::new("retries", Some(&self.retries), |retries| (*retries).into()),
            Row::new("ca_file", self.ca_file.as_ref(), |path| path.display().to_string().into()),
        ];
        if self.ca_file.is_none() {
            for variable in &self.trust_variables {
                let name = variable.origin.to_string();
                rows.push(Row::new(&name, Some(variable), |path| path.to_string_lossy().into()));
            }
        }
        rows
    }
}

/// The kind of source that the secret has.
fn description(source: &SecretSource) -> String {
    match source {
        SecretSource::Value(_) => "(hidden)".to_owned(),
        SecretSource::File(path) => format!("file {}", path.display()),
        SecretSource::StandardInput => "standard input".to_owned(),
        // Without its arguments, which may be as confidential as the secret.
        SecretSource::Command(words) => format!("command {}", program_name(words)),
    }
}
