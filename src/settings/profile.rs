//! The profile file: from TOML text to profiles and environments, each value with its place.
//!
//! The whole file is checked, not only what is used. It may contain secrets, so no message
//! repeats a value or a source line: only key names, types and places. serde's errors quote
//! values, so the parsed table is read by hand.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::environment::{self, Endpoint, Template};
use super::line_index::LineIndex;
use super::origin::{Origin, Place, Raw, Setting};
use super::spec::{SETTINGS, SettingName};
use super::suggest;
use crate::error::Error;

/// Far above any real profile file.
const MAX_BYTES: u64 = 1 << 20;

const TOP_KEYS: [&str; 3] = ["default_profile", "profiles", "environments"];
const ENVIRONMENT_KEYS: [&str; 2] = ["token_url", "iframe_template"];

/// The content of a profile file.
pub struct ProfileFile {
    pub default_profile: Option<Setting<String>>,
    pub profiles: Vec<Profile>,
    pub environments: Vec<CustomEnvironment>,
    /// Whether it contains a secret and users other than its owner may read it.
    exposes_secret: bool,
}

/// A `[profiles.NAME]` table.
pub struct Profile {
    pub name: String,
    values: Vec<(SettingName, Setting<Raw>)>,
    pub secret_command: Option<Setting<Vec<String>>>,
}

impl Profile {
    pub fn get(&self, name: SettingName) -> Option<&Setting<Raw>> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// An `[environments.NAME]` table.
pub struct CustomEnvironment {
    pub name: String,
    pub token_url: Setting<String>,
    pub iframe_template: Setting<String>,
}

impl ProfileFile {
    pub fn profile_names(&self) -> Vec<&str> {
        self.profiles.iter().map(|profile| profile.name.as_str()).collect()
    }

    /// The warning for a file at this path that shows its secret to other users.
    pub fn warning(&self, path: &Path) -> Option<String> {
        let path = path.display();
        let warning =
            || format!("other users can read the secret in {path}: run chmod 600 on the file");
        self.exposes_secret.then(warning)
    }

    pub fn environment_names(&self) -> Vec<&str> {
        self.environments.iter().map(|environment| environment.name.as_str()).collect()
    }
}

/// Reads the profile file, or `None` if it does not exist.
///
/// # Errors
/// `config` if it can't be read, is too large, is not valid TOML, or has an invalid entry.
pub fn load(path: &Path) -> Result<Option<ProfileFile>, Error> {
    let Some(text) = read(path)? else { return Ok(None) };
    let mut file = parse(path, &text)?;
    file.exposes_secret &= others_may_read(path);
    Ok(Some(file))
}

/// The text of the profile file, or `None` if it does not exist.
pub fn read(path: &Path) -> Result<Option<Zeroizing<String>>, Error> {
    let unreadable = |error: io::Error| {
        Error::config(format!("the profile file {} can't be read", path.display())).cause(error)
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) && path.is_symlink() => {
            return Err(
                unreadable(error).hint("fix or remove it: it is a symbolic link to a missing file")
            );
        }
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    match String::from_utf8(std::mem::take(&mut bytes)) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(error) => {
            let bytes = Zeroizing::new(error.into_bytes());
            let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
            let (line, column) = LineIndex::new(valid).position(valid.len());
            Err(Error::config(format!("{}:{line}:{column}: not UTF-8 text", path.display())))
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(unix)]
fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_: &Path) -> bool {
    false
}

/// Reads the text of a profile file; `path` is for messages and origins.
///
/// # Errors
/// `config`, with file, line and column.
pub fn parse(path: &Path, text: &str) -> Result<ProfileFile, Error> {
    if text.len() as u64 > MAX_BYTES {
        let message = format!("the profile file {} is larger than 1 MiB", path.display());
        return Err(Error::config(message).hint("check that it is the right file"));
    }
    let reader = Reader { path: Arc::new(path.to_owned()), lines: LineIndex::new(text) };
    let document = DeTable::parse(text).map_err(|error| {
        reader.error(error.span().unwrap_or(0..0), format!("not valid TOML: {}", error.message()))
    })?;
    reader.document(document.get_ref())
}

type Entry<'a, 'i> = (&'a str, Range<usize>, &'a Spanned<DeValue<'i>>);
type Value<'i> = Spanned<DeValue<'i>>;

/// Walks the parsed file, and turns byte offsets into places.
struct Reader<'t> {
    path: Arc<PathBuf>,
    lines: LineIndex<'t>,
}

impl Reader<'_> {
    fn document(&self, table: &DeTable<'_>) -> Result<ProfileFile, Error> {
        let mut file = ProfileFile {
            default_profile: None,
            profiles: Vec::new(),
            environments: Vec::new(),
            exposes_secret: false,
        };
        for (key, span, value) in entries(table) {
            match key {
                "default_profile" => {
                    file.default_profile = Some(self.string("", key, value)?);
                }
                "profiles" => {
                    for (name, _, value) in entries(self.table(key, value)?) {
                        file.profiles.push(self.profile(name, value)?);
                    }
                }
                "environments" => {
                    for (name, span, value) in entries(self.table(key, value)?) {
                        file.environments.push(self.environment(name, span, value)?);
                    }
                }
                _ => return Err(self.unknown(span, key, &TOP_KEYS)),
            }
        }
        let has_secret = |profile: &Profile| profile.get(SettingName::Secret).is_some();
        file.exposes_secret = file.profiles.iter().any(has_secret);
        Ok(file)
    }

    fn profile(&self, name: &str, value: &Value<'_>) -> Result<Profile, Error> {
        let table = format!("profile {name}");
        let mut profile =
            Profile { name: name.to_owned(), values: Vec::new(), secret_command: None };
        for (key, span, value) in entries(self.table(name, value)?) {
            let Some(spec) = SETTINGS.iter().find(|spec| spec.profile_key == Some(key)) else {
                return Err(self.unknown_in_profile(span, key));
            };
            let text = match spec.name {
                SettingName::SecretCommand => {
                    profile.secret_command = Some(self.command(&table, key, value)?);
                    continue;
                }
                SettingName::Timeout => self.number(&table, key, value, true)?,
                SettingName::Retries => self.number(&table, key, value, false)?,
                _ => self.string(&table, key, value)?,
            };
            profile.values.push((spec.name, text.with(Raw(text.value.clone().into()))));
        }
        Ok(profile)
    }

    fn environment(
        &self,
        name: &str,
        place: Range<usize>,
        value: &Value<'_>,
    ) -> Result<CustomEnvironment, Error> {
        if environment::built_in(name).is_some() {
            let message = format!("the environment {name} is built in and can't be redefined");
            return Err(self.error(place, message).hint("choose another name"));
        }
        let table = format!("environment {name}");
        let (mut token_url, mut iframe_template) = (None, None);
        for (key, span, value) in entries(self.table(name, value)?) {
            match key {
                "token_url" => {
                    let url = self.string(&table, key, value)?;
                    self.reject_flaw(value, key, Endpoint::parse(&url.value).err())?;
                    token_url = Some(url);
                }
                "iframe_template" => {
                    let template = self.string(&table, key, value)?;
                    self.reject_flaw(value, key, Template::parse(&template.value).err())?;
                    iframe_template = Some(template);
                }
                _ => return Err(self.unknown(span, key, &ENVIRONMENT_KEYS)),
            }
        }
        let missing = |key| self.error(place.clone(), format!("the {table} has no {key}"));
        Ok(CustomEnvironment {
            name: name.to_owned(),
            token_url: token_url.ok_or_else(|| missing("token_url"))?,
            iframe_template: iframe_template.ok_or_else(|| missing("iframe_template"))?,
        })
    }

    fn reject_flaw(&self, value: &Value<'_>, key: &str, flaw: Option<&str>) -> Result<(), Error> {
        flaw.map_or(Ok(()), |flaw| Err(self.error(value.span(), format!("{key} is {flaw}"))))
    }

    fn table<'a, 'i>(&self, key: &str, value: &'a Value<'i>) -> Result<&'a DeTable<'i>, Error> {
        let table = value.get_ref().as_table();
        table.ok_or_else(|| self.wrong_type(key, "a table", value))
    }

    fn string(&self, table: &str, key: &str, value: &Value<'_>) -> Result<Setting<String>, Error> {
        let text = value.get_ref().as_str();
        let text = text.ok_or_else(|| self.wrong_type(key, "a string", value))?;
        // An empty key or secret counts as missing, like an empty environment variable.
        if text.is_empty() && !["key", "secret"].contains(&key) {
            return Err(self.error(value.span(), format!("{key} is empty")));
        }
        Ok(self.setting(table, key, value, text.to_owned()))
    }

    /// The digits of a number. `resolve` checks the range, as for flags and variables.
    fn number(
        &self,
        table: &str,
        key: &str,
        value: &Value<'_>,
        with_fraction: bool,
    ) -> Result<Setting<String>, Error> {
        let digits = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) if with_fraction => number.as_str(),
            _ if with_fraction => return Err(self.wrong_type(key, "a decimal number", value)),
            _ => return Err(self.wrong_type(key, "a whole decimal number", value)),
        };
        Ok(self.setting(table, key, value, digits.to_owned()))
    }

    fn command(
        &self,
        table: &str,
        key: &str,
        value: &Value<'_>,
    ) -> Result<Setting<Vec<String>>, Error> {
        let wrong = || self.error(value.span(), format!("{key} must be an array of strings"));
        let words = value.get_ref().as_array().ok_or_else(wrong)?;
        let words: Option<Vec<String>> =
            words.iter().map(|word| word.get_ref().as_str().map(str::to_owned)).collect();
        let words = words.ok_or_else(wrong)?;
        if words.first().is_none_or(String::is_empty) {
            return Err(self.error(value.span(), format!("{key} names no program")));
        }
        Ok(self.setting(table, key, value, words))
    }

    fn setting<T>(&self, table: &str, key: &str, place: &Value<'_>, value: T) -> Setting<T> {
        let (line, column) = self.lines.position(place.span().start);
        let (path, table, key) = (self.path.clone(), table.to_owned(), key.to_owned());
        Setting { value, origin: Origin::File(Place { path, table, key, line, column }) }
    }

    fn wrong_type(&self, key: &str, expected: &str, value: &Value<'_>) -> Error {
        let found = value.get_ref().type_str();
        self.error(value.span(), format!("{key} must be {expected}, not of type {found}"))
    }

    fn unknown_in_profile(&self, place: Range<usize>, key: &str) -> Error {
        let known: Vec<&str> = SETTINGS.iter().filter_map(|spec| spec.profile_key).collect();
        let error = self.unknown(place, key, &known);
        if ENVIRONMENT_KEYS.contains(&key) {
            return error.hint(format!("move {key} to an environment: [environments.NAME]"));
        }
        error
    }

    /// Names the unknown key only if it resembles a known one: otherwise it may be a secret that
    /// was pasted on the wrong side of the equals sign.
    fn unknown(&self, place: Range<usize>, key: &str, known: &[&str]) -> Error {
        if let Some(closest) = suggest::closest(key, known) {
            let error = self.error(place, format!("unknown key {key}"));
            return error.hint(format!("did you mean {closest}?"));
        }
        let error = self.error(place, "unknown key");
        error.hint(format!("use one of: {}", suggest::list(key, known)))
    }

    fn error(&self, place: Range<usize>, message: impl std::fmt::Display) -> Error {
        let (line, column) = self.lines.position(place.start);
        Error::config(format!("{}:{line}:{column}: {message}", self.path.display()))
    }
}

fn entries<'a, 'i>(table: &'a DeTable<'i>) -> impl Iterator<Item = Entry<'a, 'i>> {
    table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARK: &str = "s3cr3tvalue";

    fn rejection(text: &str) -> String {
        match parse(Path::new("c.toml"), text) {
            Ok(_) => panic!("accepted: {text}"),
            Err(error) => format!("{:?}", error.lines()),
        }
    }

    #[test]
    fn an_error_has_file_line_and_column() {
        for (text, place) in [
            ("[profiles.x]\n  timeout = \"a\"\n", "c.toml:2:13: timeout must be a decimal number"),
            (
                "[profiles.x]\nretries = 0x10\n",
                "c.toml:2:11: retries must be a whole decimal number",
            ),
            ("profiles = 1\n", "c.toml:1:12: profiles must be a table"),
            ("[profiles.x]\nkey = \n", "c.toml:2:7: not valid TOML"),
            ("[profiles.x]\nsecrt = \"a\"\n", "c.toml:2:1: unknown key secrt"),
            (
                "[environments.x]\ntoken_url = \"https://h/\"\n",
                "c.toml:1:15: the environment x has no",
            ),
            ("[environments.prod]\n", "c.toml:1:15: the environment prod is built in"),
            ("[profiles.x]\nsecret_command = []\n", "c.toml:2:18: secret_command names no"),
        ] {
            let message = rejection(text);
            assert!(message.contains(place), "{text:?}: {message}");
        }
    }

    #[test]
    fn no_error_repeats_a_value() {
        for text in [
            format!("[profiles.x]\nsecret = {MARK}\n"),
            format!("[profiles.x]\nsecret = \"{MARK}\n"),
            format!("[profiles.x]\n{MARK}\n"),
            format!("[profiles.x]\n{MARK} = \"secret\"\n"),
            format!("[profiles.x]\ntimeout = \"{MARK}\"\n"),
            format!("[profiles.x]\nsecret = [\"{MARK}\"]\n"),
            format!("secret = \"{MARK}\"\n"),
            format!("[profiles.x]\nsecret = \"{MARK}\"\nsecret = \"{MARK}\"\n"),
        ] {
            let message = rejection(&text);
            assert!(!message.contains(MARK), "{text:?}: {message}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_accepted_or_rejected_with_a_place(text in "\\PC*|[\\[\\]a-z.=\"'\n\t \\\\0-9]*") {
            if let Err(error) = parse(Path::new("c.toml"), &text) {
                prop_assert!(error.summary().starts_with("c.toml:"));
            }
        }

        #[test]
        fn damage_around_a_secret_never_shows_it(
            before in "[\\[\\]a-z.=\"'\n\t \\\\0-9]{0,20}",
            after in "[\\[\\]a-z.=\"'\n\t \\\\0-9]{0,20}",
        ) {
            let text = format!("[profiles.x]\nsecret = {before}{MARK}{after}");
            if let Err(error) = parse(Path::new("c.toml"), &text) {
                let message = format!("{:?}", error.lines());
                prop_assert!(!message.contains(MARK));
            }
        }
    }
}
