//! One setting per method, from the first source that has it: flag, variable, profile, default.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::environment::{BUILT_IN_NAMES, Endpoint, Environment, Template, built_in};
use super::origin::{Origin, Setting, Sources, variable_name};
use super::profile_file::ProfileFile;
use super::proxy::{Proxy, no_proxy_matches};
use super::secret_source::{SecretSource, clean};
use super::suggest;
use crate::error::Error;
use crate::secret::{Key, Secret};

/// The sources of settings, in order of precedence.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Flag,
    Variable,
    Profile,
}

const LEVELS: [Level; 3] = [Level::Flag, Level::Variable, Level::Profile];

pub struct Resolver<'a> {
    pub sources: &'a Sources<'a>,
    pub file: &'a ProfileFile,
    pub profile: Option<Setting<String>>,
    pub warnings: Vec<String>,
}

impl Resolver<'_> {
    fn at(&self, level: Level, name: &'static str) -> Option<Setting<OsString>> {
        match level {
            Level::Flag => self.sources.flag(name),
            Level::Variable => self.sources.variable(&[&variable_name(name)]),
            Level::Profile => self.file.get(&self.profile.as_ref()?.value, name),
        }
    }

    fn find(&self, name: &'static str) -> Option<Setting<OsString>> {
        LEVELS.into_iter().find_map(|level| self.at(level, name))
    }

    fn text(&self, name: &'static str, default: Setting<String>) -> Result<Setting<String>, Error> {
        match self.find(name) {
            Some(given) => given.text(),
            None => Ok(default),
        }
    }

    pub fn environment(&self) -> Result<Setting<Environment>, Error> {
        let name = self.text("env", Setting::default("production"))?;
        if let Some(known) = built_in(&name.value) {
            return Ok(name.with(known));
        }
        if let Some(custom) = self.file.environment(&name.value) {
            return Ok(name.with(custom));
        }
        let known = [&BUILT_IN_NAMES[..], &self.file.environment_names()].concat();
        Err(suggest::unknown("environment", &name, &known))
    }

    pub fn token_url(&self, default: Setting<String>) -> Result<Setting<Endpoint>, Error> {
        let url = self.text("token_url", default)?;
        url.parsed(Endpoint::parse, "the token URL is", "write it as https://HOST/PATH")
    }

    pub fn iframe_template(&self, default: Setting<String>) -> Result<Setting<Template>, Error> {
        let hint = "write a URL that contains {token} once: https://HOST/PATH?token={token}";
        let template = self.text("iframe_template", default)?;
        template.parsed(Template::parse, "the iframe template", hint)
    }

    pub fn timeout(&self) -> Result<Setting<Duration>, Error> {
        let text = self.text("timeout", Setting::default("30"))?;
        match text.value.trim().parse().map(Duration::try_from_secs_f64) {
            Ok(Ok(time)) if !time.is_zero() && time.as_secs_f64() <= 86_400.0 => {
                Ok(text.with(time))
            }
            _ => Err(text.malformed("a number of seconds above 0 and up to 86400, such as 1.5")),
        }
    }

    pub fn retries(&self) -> Result<Setting<u32>, Error> {
        let text = self.text("retries", Setting::default("2"))?;
        match text.value.trim().parse() {
            Ok(retries) => Ok(text.with(retries)),
            Err(_) => Err(text.malformed("a whole number, 0 or more")),
        }
    }

    pub fn ca_file(&self) -> Result<Option<Setting<PathBuf>>, Error> {
        match self.find("ca_file") {
            Some(given) => Ok(Some(given.path()?)),
            None => Ok(None),
        }
    }

    /// For http on loopback, only `--proxy` and `SMARTEXTRACT_PROXY` count: any other proxy would get
    /// key and secret in clear text, and http is accepted only because they stay on the machine.
    pub fn proxy(&self, endpoint: &Endpoint) -> Result<Option<Setting<Proxy>>, Error> {
        let mut found = self.sources.given("proxy");
        if found.is_none() && endpoint.is_https() {
            let shared = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
            found = self.sources.variable(&shared).or_else(|| self.at(Level::Profile, "proxy"));
        }
        let Some(given) = found else { return Ok(None) };
        let hint = "write it as SCHEME://HOST:PORT, or SCHEME://USER:PASSWORD@HOST:PORT";
        let mut proxy = given.text()?.parsed(Proxy::parse, "the proxy is", hint)?;
        let exceptions = self.sources.variable(&["NO_PROXY", "no_proxy"]);
        if let (Some(list), false) = (exceptions, matches!(proxy.origin, Origin::Flag(_))) {
            proxy.value.is_bypassed = no_proxy_matches(&list.text()?.value, endpoint.host());
        }
        Ok(Some(proxy))
    }

    fn credential<T: From<String>>(
        &mut self,
        given: Setting<OsString>,
        what: &str,
    ) -> Result<Setting<T>, Error> {
        let text = given.text()?;
        let (value, warning) = clean(&text.value, &text.origin.to_string(), what)?;
        self.warnings.extend(warning);
        Ok(text.with(value))
    }

    pub fn key(&mut self) -> Result<Option<Setting<Key>>, Error> {
        match self.find("key") {
            Some(given) => Ok(Some(self.credential(given, "key")?)),
            None => Ok(None),
        }
    }

    /// The secret of the first level that has one, which must not have two.
    pub fn secret(&mut self) -> Result<Option<Setting<SecretSource>>, Error> {
        for level in LEVELS {
            let mut found = Vec::new();
            if let Some(given) = self.at(level, "secret") {
                let secret: Setting<Secret> = self.credential(given, "secret")?;
                found.push(secret.with(SecretSource::Value(secret.value.clone())));
                if level == Level::Flag {
                    let warning = "other users can see --secret in the process list: use \
                                   --secret-file, SMARTEXTRACT_SECRET or a profile";
                    self.warnings.push(warning.to_owned());
                }
            }
            if let Some(given) = self.at(level, "secret_file") {
                found.push(given.with(if given.value == "-" {
                    SecretSource::StandardInput
                } else {
                    SecretSource::File(given.path()?.value)
                }));
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

    fn secret_command(&self) -> Result<Option<Setting<SecretSource>>, Error> {
        let Some(profile) = &self.profile else { return Ok(None) };
        let Some(given) = self.file.secret_command(&profile.value) else { return Ok(None) };
        let mut words = given.value.clone();
        match words.first() {
            Some(program) if program.contains(std::path::is_separator) => {
                let path = given.with(OsString::from(program)).path()?.value;
                words[0] = path.to_string_lossy().into_owned();
            }
            Some(program) if !program.trim().is_empty() => {}
            _ => {
                return Err(Error::config(format!("{} names no program", given.origin.with_key()))
                    .hint("write program and arguments: [\"pass\", \"show\", \"smartextract\"]"));
            }
        }
        Ok(Some(given.with(SecretSource::Command(words))))
    }
}
