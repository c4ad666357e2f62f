//! Each setting from the first place that has it: flag, variable, profile, default.
//!
//! One small function a setting, so that `config show` can tell what is right even where
//! another setting is wrong.

use std::cell::RefCell;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::credentials::{Credentials, SecretSource, clean};
use super::environment::{self, BUILT_IN, Endpoint, Template};
use super::names::Name;
use super::origin::{Origin, Raw, Setting};
use super::profile::{self, Profile, ProfileFile, Urls};
use super::proxy::{self, Proxy};
use super::{Environment, Flags, Network, Settings};
use crate::error::{Code, Error};
use crate::secret::{Key, Secret};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
const DEFAULT_RETRIES: u32 = 2;

/// Other programs' proxy variables, in the order in which they count.
const SHARED_PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The places that settings come from, as handed over by the caller.
pub struct Sources<'a> {
    pub flags: &'a Flags,
    /// The environment, a variable at a time.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The user's configuration folder and home folder, where there are any.
    pub config_folder: Option<PathBuf>,
    pub home_folder: Option<PathBuf>,
}

impl<'a> Sources<'a> {
    /// The places around this process. Without HOME there is no home folder: the one in the
    /// user database is not the one that whoever took HOME away had in mind.
    pub fn of_process(flags: &'a Flags) -> Self {
        let variable: &'static dyn Fn(&str) -> Option<OsString> = &|name| env::var_os(name);
        let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
        let has_home = !cfg!(unix) || is_set("HOME");
        // A relative one is to be ignored (XDG Base Directory Specification, "Basics").
        let has_xdg =
            variable("XDG_CONFIG_HOME").is_some_and(|path| Path::new(&path).is_absolute());
        Self {
            flags,
            variable,
            config_folder: dirs::config_dir().filter(|_| has_home || has_xdg),
            home_folder: dirs::home_dir().filter(|_| has_home),
        }
    }

    fn variable(&self, name: &'static str) -> Option<Setting<Raw>> {
        let value = (self.variable)(name).filter(|value| !value.is_empty())?;
        Some(Setting { value: Raw(value), origin: Origin::Variable(name) })
    }

    fn flag(&self, name: Name) -> Option<Setting<Raw>> {
        let (_, value) = self.flags.0.iter().find(|(known, _)| *known == name)?;
        let long = name.spec().flag.as_ref()?.long;
        Some(Setting { value: Raw(value.clone()), origin: Origin::Flag(long) })
    }

    /// What flag or variable say.
    fn given(&self, name: Name) -> Option<Setting<Raw>> {
        self.flag(name).or_else(|| self.variable(name.spec().variable?))
    }

    /// Where the profile file is looked for; `None` where there is no configuration folder.
    pub fn profile_path(&self) -> Option<Setting<PathBuf>> {
        if let Some(given) = self.given(Name::Config) {
            return Some(given.with(given.path()));
        }
        let folder = self.config_folder.as_ref()?;
        Some(Setting::default(folder.join("smartextract").join("config.toml")))
    }
}

/// The sources with the profile file read and the profile chosen.
pub struct Resolver<'a> {
    sources: &'a Sources<'a>,
    pub file: Option<ProfileFile>,
    /// The index of the chosen profile in the file, with the origin of the choice.
    chosen: Option<Setting<usize>>,
    warnings: RefCell<Vec<String>>,
}

impl<'a> Resolver<'a> {
    pub fn new(sources: &'a Sources<'a>) -> Result<Self, Error> {
        let file = load(sources)?;
        let chosen = choose(sources, file.as_ref())?;
        let resolver = Self { sources, file, chosen, warnings: RefCell::default() };
        if let Some(file) = resolver.file.as_ref().filter(|file| file.exposes_secret) {
            resolver.warn(format!(
                "other users can read the secret in {}: chmod 600 it",
                file.path.display()
            ));
        }
        Ok(resolver)
    }

    /// All settings, or the first fault found.
    pub fn settings(&self) -> Result<Settings, Error> {
        let environment = self.environment()?;
        let network = Network {
            timeout: self.timeout()?,
            retries: self.retries()?,
            ca_file: self.ca_file()?,
            proxy: self.proxy(&environment.token_url.value)?,
        };
        let credentials = self.credentials()?;
        Ok(Settings { environment, credentials, network })
    }

    /// What the user should know although it works; each is told once.
    pub fn take_warnings(&self) -> Vec<String> {
        self.warnings.take()
    }

    fn warn(&self, warning: impl Into<Option<String>>) {
        let mut warnings = self.warnings.borrow_mut();
        if let Some(warning) = warning.into().filter(|warning| !warnings.contains(warning)) {
            warnings.push(warning);
        }
    }

    /// The chosen profile's name.
    pub fn profile(&self) -> Option<Setting<String>> {
        let name = self.chosen_profile()?.name.clone();
        Some(self.chosen.as_ref()?.with(name))
    }

    fn chosen_profile(&self) -> Option<&Profile> {
        self.file.as_ref()?.profiles.get(self.chosen.as_ref()?.value)
    }

    fn first(&self, name: Name) -> Option<Setting<Raw>> {
        let profile = || self.chosen_profile()?.get(name).cloned();
        self.sources.given(name).or_else(profile)
    }

    fn environment(&self) -> Result<Environment, Error> {
        Ok(Environment {
            name: self.environment_name()?,
            token_url: self.token_url()?,
            iframe_template: self.iframe_template()?,
        })
    }

    pub fn environment_name(&self) -> Result<Setting<String>, Error> {
        self.named_environment().map(|(name, _)| name)
    }

    pub fn token_url(&self) -> Result<Setting<Endpoint>, Error> {
        let url = self.or_given(Name::TokenUrl, |urls| urls.token_url)?;
        let endpoint = Endpoint::parse(&url.value);
        let endpoint = endpoint
            .map_err(|flaw| Error::config(format!("the token URL is {flaw} ({})", url.origin)))?;
        Ok(url.with(endpoint))
    }

    pub fn iframe_template(&self) -> Result<Setting<Template>, Error> {
        let text = self.or_given(Name::IframeTemplate, |urls| urls.iframe_template)?;
        let template = Template::parse(&text.value).map_err(|flaw| {
            Error::config(format!("the iframe template is {flaw} ({})", text.origin))
                .hint("a template is a URL with {token} where the token goes")
        })?;
        Ok(text.with(template))
    }

    fn named_environment(&self) -> Result<(Setting<String>, Urls), Error> {
        let name = match self.first(Name::Env) {
            Some(given) => given.with(given.text()?.to_owned()),
            None => Setting::default(BUILT_IN[0].name.to_owned()),
        };
        if let Some(built_in) = environment::built_in(&name.value) {
            let urls = Urls {
                token_url: Setting::default(built_in.token_url.to_owned()),
                iframe_template: Setting::default(built_in.iframe_template.to_owned()),
            };
            return Ok((name.with(built_in.name.to_owned()), urls));
        }
        let custom = self.file.as_ref().map_or(&[][..], |file| &file.environments);
        if let Some(found) = custom.iter().find(|one| one.name == name.value) {
            return Ok((name, found.urls.clone()));
        }
        let custom: Vec<&str> = custom.iter().map(|one| one.name.as_str()).collect();
        Err(environment::unknown(&name.value, &name.origin, &custom))
    }

    /// What flag or variable say, else what the environment has of itself.
    fn or_given(
        &self,
        name: Name,
        of_environment: impl FnOnce(Urls) -> Setting<String>,
    ) -> Result<Setting<String>, Error> {
        match self.sources.given(name) {
            Some(given) => Ok(given.with(given.text()?.to_owned())),
            None => self.named_environment().map(|(_, urls)| of_environment(urls)),
        }
    }

    pub fn timeout(&self) -> Result<Setting<Duration>, Error> {
        let Some(given) = self.first(Name::Timeout) else {
            return Ok(Setting::default(DEFAULT_TIMEOUT));
        };
        let seconds: Option<f64> = given.text()?.trim().parse().ok();
        let timeout = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        match timeout {
            Some(timeout) if !timeout.is_zero() && timeout <= MAX_TIMEOUT => {
                Ok(given.with(timeout))
            }
            _ => {
                Err(given
                    .malformed("timeout", "a number of seconds above 0 and up to 86400 (a day)"))
            }
        }
    }

    pub fn retries(&self) -> Result<Setting<u32>, Error> {
        let Some(given) = self.first(Name::Retries) else {
            return Ok(Setting::default(DEFAULT_RETRIES));
        };
        let retries = given.text()?.trim().parse();
        let retries =
            retries.map_err(|_| given.malformed("retries", "a whole number, 0 or more"))?;
        Ok(given.with(retries))
    }

    pub fn ca_file(&self) -> Result<Option<Setting<PathBuf>>, Error> {
        self.first(Name::CaFile).map(|given| Ok(given.with(self.path(&given)?))).transpose()
    }

    /// The proxy for this endpoint. `NO_PROXY` counts for all but a proxy given as a flag.
    ///
    /// To loopback by http only a proxy that is meant for this program is used: any other would
    /// get key and secret in clear text, which http may be used for at all since they stay here.
    pub fn proxy(&self, endpoint: &Endpoint) -> Result<Option<Setting<Proxy>>, Error> {
        let own = self.sources.given(Name::Proxy);
        let is_flag = matches!(own.as_ref().map(|own| &own.origin), Some(Origin::Flag(_)));
        if !is_flag && self.is_excepted(endpoint)? {
            return Ok(None);
        }
        let is_own = own.is_some();
        let shared = || SHARED_PROXIES.iter().find_map(|name| self.sources.variable(name));
        let Some(given) = own.or_else(shared).or_else(|| self.first(Name::Proxy)) else {
            return Ok(None);
        };
        let proxy = Proxy::parse(given.text()?).map_err(|flaw| {
            Error::config(format!("the proxy is {flaw} ({})", given.origin))
                .hint("write it as http://HOST:PORT")
        })?;
        Ok((is_own || endpoint.is_https()).then(|| given.with(proxy)))
    }

    fn is_excepted(&self, endpoint: &Endpoint) -> Result<bool, Error> {
        for name in NO_PROXY {
            if let Some(list) = self.sources.variable(name) {
                return Ok(proxy::excepts(list.text()?, endpoint.host()));
            }
        }
        Ok(false)
    }

    fn credentials(&self) -> Result<Credentials, Error> {
        match (self.key()?, self.secret()?) {
            (Some(key), Some(secret)) => Ok(Credentials { key, secret }),
            (key, secret) => Err(self.missing(key.is_none(), secret.is_none())),
        }
    }

    fn missing(&self, key: bool, secret: bool) -> Error {
        let what = match (key, secret) {
            (true, true) => "no key and no secret",
            (true, false) => "no key",
            _ => "no secret",
        };
        let mut error = Error::new(Code::MissingCredentials, format!("{what} given anywhere"));
        error = error.detail(match (self.profile(), self.sources.profile_path()) {
            (Some(profile), _) => format!("profile {} has none", profile.value),
            (None, Some(path)) if self.file.is_none() => {
                format!("no profile file at {}", path.value.display())
            }
            (None, Some(path)) => format!("no profile chosen in {}", path.value.display()),
            (None, None) => "no profile file: there is no home folder".to_owned(),
        });
        error.hint(
            "set SMARTEXTRACT_KEY and SMARTEXTRACT_SECRET, or put key and secret into a profile \
             (a variable that is empty counts as not set)",
        )
    }

    pub fn key(&self) -> Result<Option<Setting<Key>>, Error> {
        let Some(given) = self.first(Name::Key) else { return Ok(None) };
        let (key, warning) = clean(given.text()?, &given.origin.to_string(), "key")?;
        self.warn(warning);
        Ok(Some(given.with(key)))
    }

    /// Where the secret comes from: the first place that has one.
    pub fn secret(&self) -> Result<Option<Setting<SecretSource>>, Error> {
        let profile = self.chosen_profile();
        let flag = |name| self.sources.flag(name);
        let variable = |name: Name| self.sources.variable(name.spec().variable?);
        let in_profile = |name| profile?.get(name).cloned();
        let command = profile.and_then(|profile| profile.secret_command.clone());
        for (value, file, command) in [
            (flag(Name::Secret), flag(Name::SecretFile), None),
            (variable(Name::Secret), variable(Name::SecretFile), None),
            (in_profile(Name::Secret), in_profile(Name::SecretFile), command),
        ] {
            if let Some(found) = self.secret_of_place(value, file, command)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The secret of one place, which must have only one.
    fn secret_of_place(
        &self,
        value: Option<Setting<Raw>>,
        file: Option<Setting<Raw>>,
        command: Option<Setting<Vec<String>>>,
    ) -> Result<Option<Setting<SecretSource>>, Error> {
        let raw = [&value, &file].into_iter().flatten().map(|setting| &setting.origin);
        let found: Vec<&Origin> = raw.chain(command.as_ref().map(|one| &one.origin)).collect();
        if let [one, other, ..] = found[..] {
            let message = format!("two secrets in the same place: {one} and {other}");
            return Err(Error::config(message).hint("keep one of them"));
        }
        if let Some(value) = value {
            return self.secret_value(&value).map(Some);
        }
        if let Some(file) = file {
            return Ok(Some(file.with(SecretSource::from_path(self.path(&file)?))));
        }
        command.map(|command| self.command(&command)).transpose()
    }

    fn secret_value(&self, given: &Setting<Raw>) -> Result<Setting<SecretSource>, Error> {
        if matches!(given.origin, Origin::Flag(_)) {
            self.warn(
                "other users can see a --secret in the process list: use --secret-file, \
                 SMARTEXTRACT_SECRET or a profile"
                    .to_owned(),
            );
        }
        let (secret, warning) =
            clean::<Secret>(given.text()?, &given.origin.to_string(), "secret")?;
        self.warn(warning);
        Ok(given.with(SecretSource::Value(secret)))
    }

    fn command(&self, given: &Setting<Vec<String>>) -> Result<Setting<SecretSource>, Error> {
        let mut words = given.value.clone();
        if words[0].contains(std::path::is_separator) {
            let program = self.place(Path::new(&words[0]), &given.origin)?;
            words[0] = program.to_string_lossy().into_owned();
        }
        Ok(given.with(SecretSource::Command(words)))
    }

    fn path(&self, given: &Setting<Raw>) -> Result<PathBuf, Error> {
        self.place(&given.path(), &given.origin)
    }

    /// A path of the profile file starts at the file's folder, or at home with `~/`; others
    /// are as the shell gave them.
    fn place(&self, path: &Path, origin: &Origin) -> Result<PathBuf, Error> {
        let Origin::File { path: file, .. } = origin else { return Ok(path.to_owned()) };
        if path == Path::new("-") {
            return Ok(path.to_owned());
        }
        if let Ok(rest) = path.strip_prefix("~") {
            let home = self.sources.home_folder.as_ref();
            let home =
                home.ok_or_else(|| Error::config(format!("no home folder for ~/ ({origin})")))?;
            return Ok(home.join(rest));
        }
        Ok(file.parent().unwrap_or(Path::new("")).join(path))
    }
}

/// The names that a profile or an environment can have here; none where the file can't be read.
pub fn known_names(sources: &Sources<'_>, of: Name) -> Vec<String> {
    let file = load(sources).ok().flatten();
    let file = file.iter();
    match of {
        Name::Profile => file.flat_map(|file| &file.profiles).map(|one| one.name.clone()).collect(),
        Name::Env => {
            let own = file.flat_map(|file| &file.environments).map(|one| one.name.clone());
            BUILT_IN.iter().map(|one| one.name.to_owned()).chain(own).collect()
        }
        _ => Vec::new(),
    }
}

fn load(sources: &Sources<'_>) -> Result<Option<ProfileFile>, Error> {
    let Some(path) = sources.profile_path() else { return Ok(None) };
    match profile::load(&path.value)? {
        None if path.origin != Origin::Default => Err(Error::config(format!(
            "no profile file at {} ({})",
            path.value.display(),
            path.origin
        ))),
        file => Ok(file),
    }
}

fn choose(
    sources: &Sources<'_>,
    file: Option<&ProfileFile>,
) -> Result<Option<Setting<usize>>, Error> {
    let named = match sources.given(Name::Profile) {
        Some(given) => Some(given.with(given.text()?.to_owned())),
        None => file.and_then(|file| file.default_profile.clone()),
    };
    let Some(file) = file else {
        return named.map_or(Ok(None), |named| {
            let error = super::unknown("profile", &named.value, &named.origin, &[]);
            Err(match sources.profile_path() {
                Some(path) => error.hint(format!("no profile file at {}", path.value.display())),
                None => error.hint("there is no profile file and no home folder"),
            })
        });
    };
    let place = |name: &str| file.profiles.iter().position(|one| one.name == name);
    let Some(named) = named else {
        return Ok(place("default").map(Setting::default));
    };
    if let Some(index) = place(&named.value) {
        return Ok(Some(named.with(index)));
    }
    let known: Vec<&str> = file.profiles.iter().map(|one| one.name.as_str()).collect();
    Err(super::unknown("profile", &named.value, &named.origin, &known))
}
