//! Each setting from the first place that has it: flag, variable, profile, default.
//!
//! One pass resolves every setting to a value or an error, so that `config show` can print the
//! valid ones even if another is wrong.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::credentials::{SecretSource, clean};
use super::environment::{self, BUILT_IN, Endpoint, Template};
use super::origin::{Origin, Raw, Setting};
use super::profile::{self, Profile, ProfileFile};
use super::proxy::{self, Proxy};
use super::resolved::{Environment, Resolution, Resolved};
use super::sources::Sources;
use super::spec::SettingName;
use super::suggest;
use crate::error::Error;
use crate::secret::{Key, Secret};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_TIMEOUT: Duration = Duration::from_secs(86_400);
const DEFAULT_RETRIES: u32 = 2;

/// The proxy variables of other programs, in order of precedence.
const SHARED_PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Resolves every setting.
///
/// # Errors
/// `config` if the profile file or the choice of the profile is invalid.
pub fn resolve(sources: &Sources<'_>) -> Result<Resolved, Error> {
    resolve_with(sources, load(sources)?.as_ref())
}

/// Like `resolve`, with the content of the profile file (`None` if there is no file).
pub fn resolve_with(sources: &Sources<'_>, file: Option<&ProfileFile>) -> Result<Resolved, Error> {
    let chosen = choose(sources, file)?;
    let profile = file.zip(chosen.as_ref());
    let profile = profile.and_then(|(file, chosen)| file.profiles.get(chosen.value));
    let profile_path = sources.profile_path()?;
    let warning =
        file.zip(profile_path.as_ref()).and_then(|(file, path)| file.warning(&path.value));
    let warnings = warning.into_iter().collect();
    let mut resolver = Resolver { sources, file, profile, warnings };
    let environment = resolver.environment();
    let endpoint = environment.as_ref().ok().and_then(|found| found.token_url.as_ref().ok());
    Ok(Resolved {
        proxy: endpoint.map_or(Ok(None), |endpoint| resolver.proxy(&endpoint.value)),
        environment,
        key: resolver.key(),
        secret: resolver.secret(),
        timeout: resolver.timeout(),
        retries: resolver.retries(),
        ca_file: resolver.ca_file(),
        trust_variables: trust_variables(sources),
        warnings: resolver.warnings,
        profile: profile.zip(chosen).map(|(profile, chosen)| chosen.with(profile.name.clone())),
        has_profile_file: file.is_some(),
        profile_path,
    })
}

/// The variables that replace the operating system's trust store. An empty `SSL_CERT_FILE` counts,
/// because the library that reads it has no other rule.
fn trust_variables(sources: &Sources<'_>) -> Vec<Setting<Raw>> {
    let file = (sources.variable)("SSL_CERT_FILE")
        .map(|value| Setting { value: Raw(value), origin: Origin::Variable("SSL_CERT_FILE") });
    file.into_iter().chain(sources.variable("SSL_CERT_DIR")).collect()
}

/// Reads the profile file, which must exist if it was named explicitly.
pub fn load(sources: &Sources<'_>) -> Result<Option<ProfileFile>, Error> {
    let Some(path) = sources.profile_path()? else { return Ok(None) };
    let file = profile::load(&path.value)?;
    if file.is_none() && path.origin != Origin::Default {
        let (path, origin) = (path.value.display(), path.origin);
        return Err(Error::config(format!("no profile file at {path} ({origin})")));
    }
    Ok(file)
}

/// The index of the chosen profile, with the origin of the choice.
fn choose(sources: &Sources<'_>, file: Option<&ProfileFile>) -> Resolution<usize> {
    let named = match sources.given(SettingName::Profile) {
        Some(given) => Some(given.with(given.text()?.to_owned())),
        None => file.and_then(|file| file.default_profile.clone()),
    };
    let position = |name: &str| file?.profiles.iter().position(|profile| profile.name == name);
    let Some(named) = named else { return Ok(position("default").map(Setting::default)) };
    if let Some(index) = position(&named.value) {
        return Ok(Some(named.with(index)));
    }
    let known = file.map(ProfileFile::profile_names).unwrap_or_default();
    let error = suggest::unknown("profile", &named, &known);
    Err(match (file, sources.profile_path()?) {
        (Some(_), _) => error,
        (None, Some(path)) => error.hint(format!(
            "run smartextract config init: no profile file at {}",
            path.value.display()
        )),
        (None, None) => error.hint("set HOME, or name the profile file with --config"),
    })
}

/// Resolves one setting per method.
struct Resolver<'a> {
    sources: &'a Sources<'a>,
    file: Option<&'a ProfileFile>,
    profile: Option<&'a Profile>,
    warnings: Vec<String>,
}

impl Resolver<'_> {
    fn first(&self, name: SettingName) -> Option<Setting<Raw>> {
        self.sources.given(name).or_else(|| self.profile?.get(name).cloned())
    }

    fn environment(&self) -> Result<Environment, Error> {
        let name = match self.first(SettingName::Env) {
            Some(given) => given.with(given.text()?.to_owned()),
            None => Setting::default(BUILT_IN[0].name.to_owned()),
        };
        let custom = self.file.map_or(&[][..], |file| &file.environments);
        let custom = custom.iter().find(|one| one.name == name.value);
        let (name, token_url, iframe_template) = match (environment::built_in(&name.value), custom)
        {
            (Some(built_in), _) => (
                name.with(built_in.name.to_owned()),
                Setting::default(built_in.token_url.to_owned()),
                Setting::default(built_in.iframe_template.to_owned()),
            ),
            (None, Some(custom)) => {
                (name, custom.token_url.clone(), custom.iframe_template.clone())
            }
            (None, None) => return Err(self.unknown_environment(&name)),
        };
        Ok(Environment {
            name,
            token_url: self.token_url(token_url),
            iframe_template: self.iframe_template(iframe_template),
        })
    }

    fn unknown_environment(&self, name: &Setting<String>) -> Error {
        let custom = self.file.map(ProfileFile::environment_names).unwrap_or_default();
        let known: Vec<&str> = environment::built_in_names().into_iter().chain(custom).collect();
        suggest::unknown("environment", name, &known)
    }

    /// The value of the flag or variable, else the value of the environment.
    fn given_or(&self, name: SettingName, own: Setting<String>) -> Result<Setting<String>, Error> {
        let Some(given) = self.sources.given(name) else { return Ok(own) };
        Ok(given.with(given.text()?.to_owned()))
    }

    fn token_url(&self, own: Setting<String>) -> Result<Setting<Endpoint>, Error> {
        let url = self.given_or(SettingName::TokenUrl, own)?;
        let endpoint = Endpoint::parse(&url.value);
        let endpoint = endpoint
            .map_err(|flaw| Error::config(format!("the token URL is {flaw} ({})", url.origin)))?;
        Ok(url.with(endpoint))
    }

    fn iframe_template(&self, own: Setting<String>) -> Result<Setting<Template>, Error> {
        let text = self.given_or(SettingName::IframeTemplate, own)?;
        let template = Template::parse(&text.value).map_err(|flaw| {
            Error::config(format!("the iframe template is {flaw} ({})", text.origin))
                .hint("write a URL with {token} in the token's place")
        })?;
        Ok(text.with(template))
    }

    fn timeout(&self) -> Result<Setting<Duration>, Error> {
        let Some(given) = self.first(SettingName::Timeout) else {
            return Ok(Setting::default(DEFAULT_TIMEOUT));
        };
        let seconds = given.text()?.trim().parse().ok();
        let timeout = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        match timeout.filter(|timeout| !timeout.is_zero() && *timeout <= MAX_TIMEOUT) {
            Some(timeout) => Ok(given.with(timeout)),
            None => Err(given.malformed("a number of seconds above 0 and up to 86400 (one day)")),
        }
    }

    fn retries(&self) -> Result<Setting<u32>, Error> {
        let Some(given) = self.first(SettingName::Retries) else {
            return Ok(Setting::default(DEFAULT_RETRIES));
        };
        match given.text()?.trim().parse() {
            Ok(retries) => Ok(given.with(retries)),
            Err(_) => Err(given.malformed("a whole number, 0 or more")),
        }
    }

    fn ca_file(&self) -> Resolution<PathBuf> {
        self.first(SettingName::CaFile).map(|given| self.path(&given)).transpose()
    }

    /// The proxy for this endpoint. Hosts in `NO_PROXY` bypass it, unless it is given as a flag.
    ///
    /// For http on loopback, only `--proxy` and `SMARTEXTRACT_PROXY` count: any other proxy would get
    /// key and secret in clear text, and http is accepted only because they stay on the machine.
    fn proxy(&self, endpoint: &Endpoint) -> Resolution<Proxy> {
        let own = self.sources.given(SettingName::Proxy);
        let is_flag = matches!(own.as_ref().map(|own| &own.origin), Some(Origin::Flag(_)));
        if !is_flag && self.is_bypassed(endpoint)? {
            return Ok(None);
        }
        let is_own = own.is_some();
        let shared = || SHARED_PROXIES.iter().find_map(|name| self.sources.variable(name));
        let Some(given) = own.or_else(shared).or_else(|| self.first(SettingName::Proxy)) else {
            return Ok(None);
        };
        let proxy = Proxy::parse(given.text()?).map_err(|flaw| {
            Error::config(format!("the proxy is {flaw} ({})", given.origin))
                .hint("write it as SCHEME://HOST:PORT, or SCHEME://USER:PASSWORD@HOST:PORT")
        })?;
        Ok((is_own || endpoint.is_https()).then(|| given.with(proxy)))
    }

    fn is_bypassed(&self, endpoint: &Endpoint) -> Result<bool, Error> {
        match NO_PROXY.into_iter().find_map(|name| self.sources.variable(name)) {
            Some(list) => Ok(proxy::no_proxy_matches(list.text()?, endpoint.host())),
            None => Ok(false),
        }
    }

    fn key(&mut self) -> Resolution<Key> {
        let Some(given) = self.first(SettingName::Key) else { return Ok(None) };
        let (key, warning) = clean(given.text()?, &given.origin.to_string(), "key")?;
        self.warnings.extend(warning);
        Ok(Some(given.with(key)))
    }

    /// The first place that has a secret.
    fn secret(&mut self) -> Resolution<SecretSource> {
        use SettingName::{Secret, SecretFile};
        let (sources, profile) = (self.sources, self.profile);
        let variable = |name: SettingName| sources.variable(name.spec().variable?);
        let in_profile = |name| profile?.get(name).cloned();
        let command = profile.and_then(|profile| profile.secret_command.clone());
        for (value, file, command) in [
            (sources.flag(Secret), sources.flag(SecretFile), None),
            (variable(Secret), variable(SecretFile), None),
            (in_profile(Secret), in_profile(SecretFile), command),
        ] {
            if let Some(found) = self.secret_of_place(value, file, command)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The secret of one place, which must have only one.
    fn secret_of_place(
        &mut self,
        value: Option<Setting<Raw>>,
        file: Option<Setting<Raw>>,
        command: Option<Setting<Vec<String>>>,
    ) -> Resolution<SecretSource> {
        let raw = [&value, &file].into_iter().flatten().map(|setting| &setting.origin);
        let found: Vec<&Origin> = raw.chain(command.as_ref().map(|one| &one.origin)).collect();
        if let [one, other, ..] = found[..] {
            let (one, other) = (one.with_key(), other.with_key());
            let message = format!("two secrets in the same place: {one} and {other}");
            return Err(Error::config(message).hint("keep one of them"));
        }
        if let Some(value) = value {
            return self.secret_value(&value).map(Some);
        }
        if let Some(file) = file {
            return Ok(Some(file.with(SecretSource::from_path(self.path(&file)?.value))));
        }
        command.map(|command| self.command(&command)).transpose()
    }

    fn secret_value(&mut self, given: &Setting<Raw>) -> Result<Setting<SecretSource>, Error> {
        if matches!(given.origin, Origin::Flag(_)) {
            self.warnings.push(
                "other users can see --secret in the process list: use --secret-file, \
                 SMARTEXTRACT_SECRET or a profile"
                    .to_owned(),
            );
        }
        let (secret, warning) =
            clean::<Secret>(given.text()?, &given.origin.to_string(), "secret")?;
        self.warnings.extend(warning);
        Ok(given.with(SecretSource::Value(secret)))
    }

    fn command(&self, given: &Setting<Vec<String>>) -> Result<Setting<SecretSource>, Error> {
        let mut words = given.value.clone();
        if words[0].contains(std::path::is_separator) {
            let program = self.sources.resolve_path(Path::new(&words[0]), &given.origin)?;
            words[0] = program.to_string_lossy().into_owned();
        }
        Ok(given.with(SecretSource::Command(words)))
    }

    fn path(&self, given: &Setting<Raw>) -> Result<Setting<PathBuf>, Error> {
        Ok(given.with(self.sources.resolve_path(&given.path(), &given.origin)?))
    }
}
