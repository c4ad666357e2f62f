//! Each setting from the first source that has it: flag, variable, profile, default.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::environment::{self, BUILT_IN, Endpoint, Template};
use super::origin::{Origin, Setting};
use super::profile_file::ProfileFile;
use super::proxy::{self, Proxy};
use super::secret_source::{SecretSource, clean};
use super::sources::{Sources, variable_name};
use super::suggest;
use crate::error::Error;
use crate::secret::Key;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_TIMEOUT: Duration = Duration::from_secs(86_400);
const DEFAULT_RETRIES: u32 = 2;

/// The proxy variables of other programs, in order of precedence.
const SHARED_PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The sources of settings, in order of precedence.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Flag,
    Variable,
    Profile,
}

const LEVELS: [Level; 3] = [Level::Flag, Level::Variable, Level::Profile];

/// The selected environment, with its URLs as written.
pub struct Environment {
    pub name: Setting<String>,
    pub token_url: Setting<String>,
    pub iframe_template: Setting<String>,
}

/// Resolves one setting per method.
pub struct Resolver<'a> {
    pub sources: &'a Sources<'a>,
    pub file: Option<&'a ProfileFile>,
    /// The name of the selected profile.
    pub profile: Option<&'a str>,
    pub warnings: Vec<String>,
}

impl Resolver<'_> {
    fn at(&self, level: Level, name: &'static str) -> Option<Setting<OsString>> {
        match level {
            Level::Flag => self.sources.flag(name),
            Level::Variable => self.sources.variable(variable_name(name)),
            Level::Profile => {
                let text = self.file?.get(self.profile?, name)?;
                Some(text.with(OsString::from(&text.value)))
            }
        }
    }

    fn find(&self, name: &'static str) -> Option<Setting<OsString>> {
        LEVELS.into_iter().find_map(|level| self.at(level, name))
    }

    pub fn environment(&self) -> Result<Environment, Error> {
        let name = match self.find("env") {
            Some(given) => given.to_text()?,
            None => Setting::default(BUILT_IN[0].name.to_owned()),
        };
        let custom = match self.file {
            Some(file) => file.environment(&name.value),
            None => None,
        };
        match (environment::built_in(&name.value), custom) {
            (Some(known), _) => Ok(Environment {
                name: name.with(known.name.to_owned()),
                token_url: Setting::default(known.token_url.to_owned()),
                iframe_template: Setting::default(known.iframe_template.to_owned()),
            }),
            (None, Some((token_url, iframe_template))) => {
                Ok(Environment { name, token_url, iframe_template })
            }
            (None, None) => Err(self.unknown_environment(&name)),
        }
    }

    fn unknown_environment(&self, name: &Setting<String>) -> Error {
        let mut known: Vec<&str> = environment::built_in_names().to_vec();
        if let Some(file) = self.file {
            known.extend(file.environment_names());
        }
        suggest::unknown("environment", name, &known)
    }

    /// The URL that a flag or variable sets, or else the environment's.
    pub fn token_url(&self, of_environment: Setting<String>) -> Result<Setting<Endpoint>, Error> {
        let url = match self.find("token_url") {
            Some(given) => given.to_text()?,
            None => of_environment,
        };
        match Endpoint::parse(&url.value) {
            Ok(endpoint) => Ok(url.with(endpoint)),
            Err(flaw) => Err(Error::config(format!("the token URL is {flaw} ({})", url.origin))
                .hint("write it as https://HOST/PATH")),
        }
    }

    /// Like `token_url`.
    pub fn iframe_template(
        &self,
        of_environment: Setting<String>,
    ) -> Result<Setting<Template>, Error> {
        let text = match self.find("iframe_template") {
            Some(given) => given.to_text()?,
            None => of_environment,
        };
        match Template::parse(&text.value) {
            Ok(template) => Ok(text.with(template)),
            Err(flaw) => {
                Err(Error::config(format!("the iframe template {flaw} ({})", text.origin)).hint(
                    "write a URL that contains {token} once: https://HOST/PATH?token={token}",
                ))
            }
        }
    }

    pub fn timeout(&self) -> Result<Setting<Duration>, Error> {
        const EXPECTED: &str = "a number of seconds above 0 and up to 86400, such as 10 or 1.5";
        let Some(given) = self.find("timeout") else {
            return Ok(Setting::default(DEFAULT_TIMEOUT));
        };
        let seconds: f64 = given.text()?.trim().parse().map_err(|_| given.malformed(EXPECTED))?;
        match Duration::try_from_secs_f64(seconds) {
            Ok(timeout) if !timeout.is_zero() && timeout <= MAX_TIMEOUT => Ok(given.with(timeout)),
            _ => Err(given.malformed(EXPECTED)),
        }
    }

    pub fn retries(&self) -> Result<Setting<u32>, Error> {
        let Some(given) = self.find("retries") else {
            return Ok(Setting::default(DEFAULT_RETRIES));
        };
        match given.text()?.trim().parse() {
            Ok(retries) => Ok(given.with(retries)),
            Err(_) => Err(given.malformed("a whole number, 0 or more")),
        }
    }

    pub fn ca_file(&self) -> Result<Option<Setting<PathBuf>>, Error> {
        match self.find("ca_file") {
            Some(given) => Ok(Some(self.path(&given)?)),
            None => Ok(None),
        }
    }

    /// An empty `SSL_CERT_FILE` counts, because the library that reads it has no other rule.
    pub fn trust_variables(&self) -> Vec<Setting<OsString>> {
        let mut found = Vec::new();
        if let Some(value) = (self.sources.variable)("SSL_CERT_FILE") {
            found.push(Setting { value, origin: Origin::Variable("SSL_CERT_FILE".to_owned()) });
        }
        found.extend(self.sources.variable("SSL_CERT_DIR"));
        found
    }

    /// The proxy for this endpoint, and whether `NO_PROXY` bypasses it. A flag is never bypassed.
    ///
    /// For http on loopback, only `--proxy` and `SMARTEXTRACT_PROXY` count: any other proxy would get
    /// key and secret in clear text, and http is accepted only because they stay on the machine.
    pub fn proxy(&self, endpoint: &Endpoint) -> Result<(Option<Setting<Proxy>>, bool), Error> {
        let mut found = self.sources.given("proxy");
        if found.is_none() && endpoint.is_https() {
            found = self.sources.first_variable(&SHARED_PROXIES);
        }
        if found.is_none() && endpoint.is_https() {
            found = self.at(Level::Profile, "proxy");
        }
        let Some(given) = found else { return Ok((None, false)) };
        let is_bypassed = match self.sources.first_variable(&["NO_PROXY", "no_proxy"]) {
            Some(list) => proxy::no_proxy_matches(list.text()?, endpoint.host()),
            None => false,
        };
        match Proxy::parse(given.text()?) {
            Ok(proxy) => {
                let is_flag = matches!(given.origin, Origin::Flag(_));
                Ok((Some(given.with(proxy)), is_bypassed && !is_flag))
            }
            Err(flaw) => Err(Error::config(format!("the proxy is {flaw} ({})", given.origin))
                .hint("write it as SCHEME://HOST:PORT, or SCHEME://USER:PASSWORD@HOST:PORT")),
        }
    }

    pub fn key(&mut self) -> Result<Option<Setting<Key>>, Error> {
        let Some(given) = self.find("key") else { return Ok(None) };
        let (key, warning) = clean(given.text()?, &given.origin.to_string(), "key")?;
        self.warnings.extend(warning);
        Ok(Some(given.with(key)))
    }

    /// The secret of the first level that has one, which must not have two.
    pub fn secret(&mut self) -> Result<Option<Setting<SecretSource>>, Error> {
        for level in LEVELS {
            let mut found = Vec::new();
            if let Some(value) = self.at(level, "secret") {
                found.push(self.secret_value(&value)?);
            }
            if let Some(path) = self.at(level, "secret_file") {
                found.push(path.with(SecretSource::from_path(self.path(&path)?.value)));
            }
            if level == Level::Profile {
                found.extend(self.secret_command()?);
            }
            if let [one, other, ..] = &found[..] {
                let (one, other) = (one.origin.with_key(), other.origin.with_key());
                let message = format!("two secrets in the same place: {one} and {other}");
                return Err(Error::config(message).hint("keep one of them"));
            }
            if let Some(secret) = found.pop() {
                return Ok(Some(secret));
            }
        }
        Ok(None)
    }

    fn secret_value(&mut self, given: &Setting<OsString>) -> Result<Setting<SecretSource>, Error> {
        if matches!(given.origin, Origin::Flag(_)) {
            let warning = "other users can see --secret in the process list: use --secret-file, \
                           SMARTEXTRACT_SECRET or a profile";
            self.warnings.push(warning.to_owned());
        }
        let (secret, warning) = clean(given.text()?, &given.origin.to_string(), "secret")?;
        self.warnings.extend(warning);
        Ok(given.with(SecretSource::Value(secret)))
    }

    fn secret_command(&self) -> Result<Option<Setting<SecretSource>>, Error> {
        let (Some(file), Some(profile)) = (self.file, self.profile) else { return Ok(None) };
        let Some(given) = file.secret_command(profile) else { return Ok(None) };
        let mut words = given.value.clone();
        let Some(program) = words.first_mut().filter(|program| !program.trim().is_empty()) else {
            return Err(Error::config(format!("{} names no program", given.origin.with_key()))
                .hint("write program and arguments: [\"pass\", \"show\", \"smartextract\"]"));
        };
        if program.contains(std::path::is_separator) {
            let path = self.sources.resolve_path(Path::new(program), &given.origin)?;
            *program = path.to_string_lossy().into_owned();
        }
        Ok(Some(given.with(SecretSource::Command(words))))
    }

    fn path(&self, given: &Setting<OsString>) -> Result<Setting<PathBuf>, Error> {
        let path = self.sources.resolve_path(Path::new(&given.value), &given.origin)?;
        Ok(given.with(path))
    }
}
