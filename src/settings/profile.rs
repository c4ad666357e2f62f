//! The profile file: TOML text to profiles and environments, each value with its line.
//!
//! The whole file is checked, not only what is used. It may hold secrets, so no message ever
//! repeats a value or a source line: only key names, types, and places.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::environment::{self, Endpoint, Template};
use super::names::{Name, TABLE};
use super::nearest;
use super::origin::{Origin, Raw, Setting};
use crate::error::Error;

/// Larger than any profile file, and small enough to read one that is not.
const MAX_BYTES: u64 = 1 << 20;

const TOP_KEYS: [&str; 3] = ["default_profile", "profiles", "environments"];
const ENVIRONMENT_KEYS: [&str; 2] = ["token_url", "iframe_template"];

/// What a profile file says.
pub struct ProfileFile {
    pub path: Arc<PathBuf>,
    pub default_profile: Option<Setting<String>>,
    pub profiles: Vec<Profile>,
    pub environments: Vec<CustomEnvironment>,
    /// Whether it holds a secret that users other than its owner may read.
    pub exposes_secret: bool,
}

/// A `[profiles.NAME]`.
pub struct Profile {
    pub name: String,
    values: Vec<(Name, Setting<Raw>)>,
    pub secret_command: Option<Setting<Vec<String>>>,
}

impl Profile {
    pub fn get(&self, name: Name) -> Option<&Setting<Raw>> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// An `[environments.NAME]`.
pub struct CustomEnvironment {
    pub name: String,
    pub urls: Urls,
}

/// What an environment stands for, unread.
#[derive(Clone)]
pub struct Urls {
    pub token_url: Setting<String>,
    pub iframe_template: Setting<String>,
}

/// Reads the file at `path`; `None` where there is none.
pub fn load(path: &Path) -> Result<Option<ProfileFile>, Error> {
    let unreadable = |error: io::Error| {
        Error::config(format!("the profile file {} can't be read", path.display())).cause(error)
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let exposed = others_may_read(&file).map_err(unreadable)?;
    let mut bytes = Zeroizing::new(Vec::new());
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if read as u64 > MAX_BYTES {
        let message = format!("the profile file {} is larger than 1 MiB", path.display());
        return Err(Error::config(message).hint("is it the right file?"));
    }
    let mut file = parse(path, as_text(path, &bytes)?)?;
    file.exposes_secret &= exposed;
    Ok(Some(file))
}

fn as_text<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b str, Error> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let (line, column) = line_and_column(&before, before.len());
        Error::config(format!("{}:{line}:{column}: not UTF-8 text", path.display()))
    })
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(unix)]
fn others_may_read(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the signature of its Unix twin")]
fn others_may_read(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// Reads the text of a profile file; `path` is for messages and origins.
pub fn parse(path: &Path, text: &str) -> Result<ProfileFile, Error> {
    let reader = Reader { path: Arc::new(path.to_owned()), text };
    let document = DeTable::parse(text).map_err(|error| {
        reader.error(error.span().unwrap_or(0..0), format!("not TOML: {}", error.message()))
    })?;
    reader.document(document.get_ref())
}

type Entry<'a, 'i> = (&'a str, Range<usize>, &'a Spanned<DeValue<'i>>);

/// Walks the parsed file, with the text at hand to turn offsets into places.
struct Reader<'t> {
    path: Arc<PathBuf>,
    text: &'t str,
}

impl Reader<'_> {
    fn document(&self, table: &DeTable<'_>) -> Result<ProfileFile, Error> {
        let mut file = ProfileFile {
            path: self.path.clone(),
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
        file.exposes_secret = file.profiles.iter().any(|one| one.get(Name::Secret).is_some());
        Ok(file)
    }

    fn profile(&self, name: &str, value: &Spanned<DeValue<'_>>) -> Result<Profile, Error> {
        let table = format!("profile {name}");
        let known: Vec<&str> = TABLE.iter().filter_map(|spec| spec.profile_key).collect();
        let mut profile =
            Profile { name: name.to_owned(), values: Vec::new(), secret_command: None };
        for (key, span, value) in entries(self.table(name, value)?) {
            let Some(spec) = TABLE.iter().find(|spec| spec.profile_key == Some(key)) else {
                let error = self.unknown(span, key, &known);
                return Err(if ENVIRONMENT_KEYS.contains(&key) {
                    error.hint(format!("{key} belongs to an environment: [environments.NAME]"))
                } else {
                    error
                });
            };
            let raw = match spec.name {
                Name::SecretCommand => {
                    profile.secret_command = Some(self.command(&table, key, value)?);
                    continue;
                }
                Name::Timeout | Name::Retries => {
                    let with_fraction = spec.name == Name::Timeout;
                    self.number(&table, key, value, with_fraction)?
                }
                _ => self.string(&table, key, value)?,
            };
            profile.values.push((spec.name, raw.with(Raw(raw.value.clone().into()))));
        }
        Ok(profile)
    }

    fn environment(
        &self,
        name: &str,
        place: Range<usize>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<CustomEnvironment, Error> {
        if environment::is_built_in(name) {
            let message = format!("the environment {name} is built in and can't be defined anew");
            return Err(self.error(place, message).hint("give it a name of its own"));
        }
        let table = format!("environment {name}");
        let (mut token_url, mut iframe_template) = (None, None);
        for (key, span, value) in entries(self.table(name, value)?) {
            match key {
                "token_url" => {
                    let url = self.string(&table, key, value)?;
                    self.refuse_flaw(value, key, Endpoint::parse(&url.value).err())?;
                    token_url = Some(url);
                }
                "iframe_template" => {
                    let template = self.string(&table, key, value)?;
                    self.refuse_flaw(value, key, Template::parse(&template.value).err())?;
                    iframe_template = Some(template);
                }
                _ => return Err(self.unknown(span, key, &ENVIRONMENT_KEYS)),
            }
        }
        let missing = |key| self.error(place.clone(), format!("the {table} has no {key}"));
        Ok(CustomEnvironment {
            name: name.to_owned(),
            urls: Urls {
                token_url: token_url.ok_or_else(|| missing("token_url"))?,
                iframe_template: iframe_template.ok_or_else(|| missing("iframe_template"))?,
            },
        })
    }

    fn refuse_flaw(
        &self,
        value: &Spanned<DeValue<'_>>,
        key: &str,
        flaw: Option<&'static str>,
    ) -> Result<(), Error> {
        flaw.map_or(Ok(()), |flaw| Err(self.error(value.span(), format!("{key} is {flaw}"))))
    }

    fn table<'a, 'i>(
        &self,
        key: &str,
        value: &'a Spanned<DeValue<'i>>,
    ) -> Result<&'a DeTable<'i>, Error> {
        let table = value.get_ref().as_table();
        table.ok_or_else(|| self.wrong_type(key, "a table", value))
    }

    fn string(
        &self,
        table: &str,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Setting<String>, Error> {
        let text = value.get_ref().as_str();
        let text = text.ok_or_else(|| self.wrong_type(key, "a string", value))?;
        // An empty key or secret counts as missing, as an empty variable does.
        if text.is_empty() && !["key", "secret"].contains(&key) {
            return Err(self.error(value.span(), format!("{key} is empty")));
        }
        Ok(self.setting(table, value, text.to_owned()))
    }

    /// A number as its digits: what it must be is checked where flags and variables are, too.
    fn number(
        &self,
        table: &str,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        with_fraction: bool,
    ) -> Result<Setting<String>, Error> {
        let digits = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) if with_fraction => number.as_str(),
            _ if with_fraction => return Err(self.wrong_type(key, "a decimal number", value)),
            _ => return Err(self.wrong_type(key, "a whole decimal number", value)),
        };
        Ok(self.setting(table, value, digits.to_owned()))
    }

    fn command(
        &self,
        table: &str,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Setting<Vec<String>>, Error> {
        let wrong = || self.wrong_type(key, "an array of strings: program and arguments", value);
        let words = value.get_ref().as_array().ok_or_else(wrong)?;
        let words: Option<Vec<String>> =
            words.iter().map(|word| word.get_ref().as_str().map(str::to_owned)).collect();
        let words = words.ok_or_else(wrong)?;
        if words.first().is_none_or(String::is_empty) {
            return Err(self.error(value.span(), format!("{key} names no program")));
        }
        Ok(self.setting(table, value, words))
    }

    fn setting<T>(&self, table: &str, place: &Spanned<DeValue<'_>>, value: T) -> Setting<T> {
        let (line, column) = line_and_column(self.text, place.span().start);
        let path = self.path.clone();
        let origin = Origin::File { table: table.to_owned(), path, line, column };
        Setting { value, origin }
    }

    fn wrong_type(&self, key: &str, expected: &str, value: &Spanned<DeValue<'_>>) -> Error {
        let found = value.get_ref().type_str();
        self.error(value.span(), format!("{key} must be {expected}, not of type {found}"))
    }

    /// The unknown name itself is told only where it resembles a known one: it may be a
    /// secret that was pasted to the wrong side of the equals sign.
    fn unknown(&self, place: Range<usize>, key: &str, known: &[&str]) -> Error {
        if let Some(near) = nearest::close(key, known) {
            let error = self.error(place, format!("unknown key {key}"));
            return error.hint(format!("did you mean {near}?"));
        }
        let error = self.error(place, "unknown key");
        error.hint(format!("known here: {}", nearest::list(key, known)))
    }

    fn error(&self, place: Range<usize>, message: impl std::fmt::Display) -> Error {
        let (line, column) = line_and_column(self.text, place.start);
        Error::config(format!("{}:{line}:{column}: {message}", self.path.display()))
    }
}

fn entries<'a, 'i>(table: &'a DeTable<'i>) -> impl Iterator<Item = Entry<'a, 'i>> {
    table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
}

/// Line and column of a byte offset, both from 1, the column in characters.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARK: &str = "s3cr3tvalue";

    fn refusal(text: &str) -> String {
        match parse(Path::new("c.toml"), text) {
            Ok(_) => panic!("taken: {text}"),
            Err(error) => format!("{:?}", error.lines()),
        }
    }

    #[test]
    fn a_fault_is_told_with_file_line_and_column() {
        for (text, place) in [
            ("[profiles.x]\n  timeout = \"a\"\n", "c.toml:2:13: timeout must be a decimal number"),
            ("profiles = 1\n", "c.toml:1:12: profiles must be a table"),
            ("[profiles.x]\nkey = \n", "c.toml:2:7: not TOML"),
            ("[profiles.x]\nsecrt = \"a\"\n", "c.toml:2:1: unknown key secrt"),
            (
                "[environments.x]\ntoken_url = \"https://h/\"\n",
                "c.toml:1:15: the environment x has no",
            ),
            ("[environments.prod]\n", "c.toml:1:15: the environment prod is built in"),
            ("[profiles.x]\nsecret_command = []\n", "c.toml:2:18: secret_command names no"),
        ] {
            let said = refusal(text);
            assert!(said.contains(place), "{text:?}: {said}");
        }
    }

    #[test]
    fn no_fault_repeats_a_value() {
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
            let said = refusal(&text);
            assert!(!said.contains(MARK), "{text:?}: {said}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_with_a_place(text in "\\PC*|[\\[\\]a-z.=\"'\n\t \\\\0-9]*") {
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
                let said = format!("{:?}", error.lines());
                prop_assert!(!said.contains(MARK));
            }
        }
    }
}
