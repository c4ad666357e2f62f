//! The profile file: from TOML text to profiles and environments, each value with its position.
//! The file may contain secrets, so no message repeats a value or a source line. The syntax errors
//! of `toml` quote nothing; serde's quote values, so only what they expected is shown. The errors
//! are `config`, with file, line and column if the content is invalid.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::environment::{Environment, built_in};
use super::origin::{Origin, Setting, Sources};
use crate::error::Error;

/// The keys of a profile, in the order of the documentation.
pub const PROFILE_KEYS: [&str; 9] = [
    "env",
    "key",
    "secret",
    "secret_file",
    "secret_command",
    "timeout",
    "retries",
    "ca_file",
    "proxy",
];
const MAX_BYTES: usize = 1 << 20;
const ENVIRONMENT_KEYS: [&str; 2] = ["token_url", "iframe_template"];
const TOP_KEYS: [&str; 3] = ["default_profile", "profiles", "environments"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    env: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
    secret: Option<Spanned<String>>,
    secret_file: Option<Spanned<String>>,
    secret_command: Option<Spanned<Vec<String>>>,
    timeout: Option<Spanned<f64>>,
    retries: Option<Spanned<f64>>,
    ca_file: Option<Spanned<String>>,
    proxy: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Urls {
    token_url: Spanned<String>,
    iframe_template: Spanned<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    default_profile: Option<Spanned<String>>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
    #[serde(default)]
    environments: BTreeMap<String, Urls>,
}

/// A profile file that was read and checked. The default is an empty one.
#[derive(Default)]
pub struct ProfileFile {
    path: Arc<PathBuf>,
    text: String,
    content: Content,
    pub warning: Option<String>,
}

impl ProfileFile {
    /// Reads the profile file, which must exist if it was named explicitly. At its default path, one
    /// that can't be opened counts as missing: containers run as another user with `HOME=/root`.
    pub fn load(sources: &Sources<'_>) -> Result<Self, Error> {
        let Some(path) = sources.profile_path() else { return Ok(Self::default()) };
        let shown = path.value.display();
        let is_default = path.origin == Origin::Default;
        let is_denied = |error: io::Error| error.kind() == ErrorKind::PermissionDenied;
        if is_default && File::open(&path.value).is_err_and(is_denied) {
            let warning = format!("no permission to read the profile file {shown}; it is ignored");
            return Ok(Self { warning: Some(warning), ..Self::default() });
        }
        match read(&path.value)? {
            Some(text) => {
                let file = Self::parse(&path.value, text)?;
                Ok(Self { warning: exposure_warning(&file), ..file })
            }
            None if is_default => Ok(Self::default()),
            None => Err(Error::config(format!("no profile file at {shown} ({})", path.origin))
                .hint("create it with smartextract config init, or correct the path")),
        }
    }

    /// Reads the text of a profile file; `path` is for messages and origins.
    pub fn parse(path: &Path, text: String) -> Result<Self, Error> {
        if text.len() > MAX_BYTES {
            let message = format!("the profile file {} is larger than 1 MiB", path.display());
            return Err(Error::config(message).hint("check that it is the right file"));
        }
        let invalid = |span: Option<Range<usize>>, message: &str| {
            invalid(path, &text, span.unwrap_or_default().start, message)
        };
        let deserializer = toml::Deserializer::parse(&text).map_err(|error| {
            invalid(error.span(), &format!("not valid TOML: {}", error.message()))
        })?;
        let content = Content::deserialize(deserializer).map_err(|error| {
            let (message, hint) = describe(&text, &error);
            invalid(error.span(), &message).hint(hint)
        })?;
        if let Some((name, urls)) =
            content.environments.iter().find(|(name, _)| built_in(name).is_some())
        {
            let message = format!("the environment {name} is built in and can't be redefined");
            let span = Some(urls.token_url.span());
            return Err(invalid(span, &message).hint("choose another name"));
        }
        Ok(Self { path: Arc::new(path.to_owned()), text, content, warning: None })
    }

    pub fn default_profile(&self) -> Option<Setting<String>> {
        match &self.content.default_profile {
            Some(name) => Some(self.setting("", "default_profile", name)),
            None if self.profile_names().contains(&"default") => Some(Setting::default("default")),
            None => None,
        }
    }

    pub fn profile_names(&self) -> Vec<&str> {
        self.content.profiles.keys().map(String::as_str).collect()
    }

    pub fn environment_names(&self) -> Vec<&str> {
        self.content.environments.keys().map(String::as_str).collect()
    }

    pub fn get(&self, profile: &str, key: &'static str) -> Option<Setting<OsString>> {
        let values = self.content.profiles.get(profile)?;
        let table = format!("profile {profile}");
        let text = match key {
            "env" => self.setting(&table, key, values.env.as_ref()?),
            "key" => self.setting(&table, key, values.key.as_ref()?),
            "secret" => self.setting(&table, key, values.secret.as_ref()?),
            "secret_file" => self.setting(&table, key, values.secret_file.as_ref()?),
            "timeout" => self.setting(&table, key, values.timeout.as_ref()?),
            "retries" => self.setting(&table, key, values.retries.as_ref()?),
            "ca_file" => self.setting(&table, key, values.ca_file.as_ref()?),
            "proxy" => self.setting(&table, key, values.proxy.as_ref()?),
            _ => return None,
        };
        Some(Setting { value: text.value.into(), origin: text.origin })
    }

    pub fn secret_command(&self, profile: &str) -> Option<Setting<Vec<String>>> {
        let words = self.content.profiles.get(profile)?.secret_command.as_ref()?;
        let origin = self.origin(&format!("profile {profile}"), "secret_command", words.span());
        Some(Setting { value: words.get_ref().clone(), origin })
    }

    pub fn environment(&self, name: &str) -> Option<Environment> {
        let urls = self.content.environments.get(name)?;
        let table = format!("environment {name}");
        Some(Environment {
            name: name.to_owned(),
            token_url: self.setting(&table, "token_url", &urls.token_url),
            iframe_template: self.setting(&table, "iframe_template", &urls.iframe_template),
        })
    }

    fn setting(
        &self,
        table: &str,
        key: &'static str,
        value: &Spanned<impl ToString>,
    ) -> Setting<String> {
        let origin = self.origin(table, key, value.span());
        Setting { value: value.get_ref().to_string(), origin }
    }

    fn origin(&self, table: &str, key: &'static str, span: Range<usize>) -> Origin {
        let line = self.text[..span.start].matches('\n').count() + 1;
        Origin::File { path: Arc::clone(&self.path), table: table.to_owned(), key, line }
    }
}

fn invalid(path: &Path, text: &str, offset: usize, message: &str) -> Error {
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Error::config(format!("{}:{line}:{column}: {message}", path.display()))
}

/// Message and hint for serde's error, without any part of the file but known keys: what follows
/// the last "expected" is serde's own.
fn describe(text: &str, error: &toml::de::Error) -> (String, String) {
    let (span, message) = (error.span().unwrap_or_default(), error.message());
    if let Some(field) = message.strip_prefix("missing field ") {
        let key = field.replace('`', "");
        return (format!("the environment has no {key}"), format!("add {key} to it"));
    }
    let (_, expected) = message.rsplit_once("expected ").unwrap_or_default();
    let known = [&PROFILE_KEYS[..], &ENVIRONMENT_KEYS, &TOP_KEYS].concat();
    if message.starts_with("unknown field") {
        // Any other key may be a secret that was pasted on the wrong side of the equals sign.
        let message = match known.iter().find(|key| text.get(span.clone()) == Some(**key)) {
            Some(key) => format!("unknown key {key}"),
            None => "unknown key".to_owned(),
        };
        return (message, format!("use {}", expected.replace('`', "")));
    }
    let kind = match expected {
        "f64" => "a number",
        "a string" => "a string",
        "a sequence" => "an array of strings",
        "a map" | "struct Profile" | "struct Urls" => "a table",
        _ => return ("invalid value".to_owned(), "see config.example.toml".to_owned()),
    };
    let before = text.get(..span.start).unwrap_or_default().trim_end_matches([' ', '\t', '=']);
    let key = known.iter().find(|key| before.ends_with(**key)).unwrap_or(&"the value");
    (format!("{key} must be {kind}"), "change the value".to_owned())
}

/// The text of the profile file, or `None` if it does not exist.
pub fn read(path: &Path) -> Result<Option<String>, Error> {
    let mut text = String::new();
    let opened = File::open(path).map(|file| file.take(MAX_BYTES as u64 + 1));
    let Err(error) = opened.and_then(|mut file| file.read_to_string(&mut text)) else {
        return Ok(Some(text));
    };
    let hint = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory if !path.is_symlink() => return Ok(None),
        ErrorKind::InvalidData => "save the file as UTF-8",
        _ => "check its permissions, and where it leads if it is a symbolic link",
    };
    let message = format!("the profile file {} can't be read", path.display());
    Err(Error::config(message).cause(error).hint(hint))
}

/// The warning for a file that shows its secret to other users.
#[cfg(unix)]
pub fn exposure_warning(file: &ProfileFile) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let has_secret = file.content.profiles.values().any(|profile| profile.secret.is_some());
    if !has_secret || file.path.metadata().ok()?.mode() & 0o044 == 0 {
        return None;
    }
    let path = file.path.display();
    Some(format!("other users can read the secret in {path}: run chmod 600 on the file"))
}

#[cfg(not(unix))]
pub const fn exposure_warning(_: &ProfileFile) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARK: &str = "s3cr3tvalue";

    fn rejection(text: &str) -> Option<String> {
        let error = ProfileFile::parse(Path::new("c.toml"), text.to_owned()).err()?;
        assert!(error.summary().starts_with("c.toml:"), "{text}");
        Some(format!("{:?}", error.lines()))
    }

    #[test]
    fn no_error_repeats_a_value() {
        for text in [
            format!("[profiles.x]\n{MARK}\n"),
            format!("[profiles.x]\n{MARK} = \"secret\"\n"),
            format!("[profiles.x]\ntimeout = \"{MARK}\"\n"),
            format!("[profiles.x]\nsecret = [\"{MARK}\"]\n"),
            format!("secret = \"{MARK}\"\n"),
            format!("[profiles.x]\nsecret = \"{MARK}\"\nsecret = \"{MARK}\"\n"),
        ] {
            let message = rejection(&text).expect(&text);
            assert!(!message.contains(MARK), "{text:?}: {message}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_accepted_or_rejected_with_its_position_and_without_a_value(
            text in "\\PC*|[\\[\\]a-z.=\"'\n\t \\\\0-9]*",
            before in "[\\[\\]a-z.=\"'\n\t \\\\0-9]{0,20}",
            after in "[\\[\\]a-z.=\"'\n\t \\\\0-9]{0,20}",
        ) {
            rejection(&text);
            let damaged = format!("[profiles.x]\nsecret = {before}{MARK}{after}");
            prop_assert!(!rejection(&damaged).unwrap_or_default().contains(MARK));
        }
    }
}
