//! From flags to a session: what `token`, `check` and `exec` share.

use super::progress::Progress;
use crate::api::{self, Client, RootCerts, TokenRequest, trust};
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::Session;
use crate::settings::{self, Flags, Origin, Setting, Settings, Sources};

pub fn settings(flags: &Flags, console: &Console) -> Result<Settings, Error> {
    let settings = settings::resolve(&Sources::from_env(flags))?;
    for row in settings.rows() {
        console.info(|| row.to_string());
    }
    for warning in &settings.warnings {
        console.warn(warning.clone());
    }
    settings.credentials()?;
    Ok(settings)
}

/// Warns if the iframe URL would hand a private server's token to the environment's host.
pub fn warn_of_mixed_hosts(settings: &Settings, console: &Console) {
    let is_given = |origin: &Origin| matches!(origin, Origin::Flag(_) | Origin::Variable(_));
    let (token_url, template) = (&settings.token_url, &settings.iframe_template);
    if is_given(&token_url.origin) && !is_given(&template.origin) {
        console.warn(format!(
            "the token URL is from {}, but the iframe template is still that of the environment \
             {}: they may belong to different hosts; set --iframe-template or \
             SMARTEXTRACT_IFRAME_TEMPLATE",
            token_url.origin, settings.environment.value
        ));
    }
}

pub fn trusted(settings: &Settings) -> Result<Option<RootCerts>, Error> {
    let Some(Setting { value: file, origin }) = &settings.ca_file else { return Ok(None) };
    let message = format!("the certificate file {} ({origin}) can't be used", file.display());
    let invalid = |cause| Error::config(message).cause(cause);
    Ok(Some(trust::from_pem_file(file).map_err(invalid)?))
}

pub fn open(settings: &Settings, console: &Console) -> Result<Session, Error> {
    let trusted = trusted(settings)?;
    let (key, source) = settings.credentials()?;
    let (secret, warning) = source.read()?;
    if let Some(warning) = warning {
        console.warn(warning);
    }
    let proxy = settings.proxy_in_use().map(|proxy| proxy.value.expose());
    let client = Client::new(settings.token_url.value.uri(), proxy, trusted)?;
    let request = TokenRequest {
        key: &key.value,
        secret: &secret,
        budget: settings.timeout.value,
        retries: settings.retries.value,
    };
    let progress = Progress::start(console, settings.timeout.value);
    let watch = |text: &str| {
        console.info(|| text.to_owned());
        progress.show(text);
    };
    let result = api::exchange(&client, &request, &watch);
    drop(progress);
    let token = result.map_err(|error| with_context(error, settings))?;
    let iframe_url = settings.iframe_template.value.fill(&token);
    Ok(Session { token, iframe_url, environment: settings.environment.value.clone() })
}

fn with_context(mut error: Error, settings: &Settings) -> Error {
    let Settings { token_url, environment, timeout, .. } = settings;
    match error.code() {
        Code::InvalidCredentials | Code::KeyDisabled | Code::AccessDenied => {
            if let Ok((key, secret)) = settings.credentials() {
                error = error.setting("key", key.value.shortened(), &key.origin);
                error = error.setting("secret", "(hidden)", &secret.origin);
            }
        }
        Code::Timeout => {
            let budget = format!("{} s", timeout.value.as_secs_f64());
            error = error.setting("timeout", budget, &timeout.origin);
        }
        _ => {}
    }
    error = error.setting("endpoint", token_url.value.to_string(), &token_url.origin);
    error = error.setting("environment", &environment.value, &environment.origin);
    if let Some(proxy) = settings.proxy_in_use() {
        error = error.setting("proxy", proxy.value.to_string(), &proxy.origin);
    }
    error
}
