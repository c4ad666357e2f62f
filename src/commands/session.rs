//! From flags to a session: what `token`, `check` and `exec` share.

use std::process;

use super::progress::Progress;
use crate::api::{self, Client, Event, RootCerts, TokenRequest, trust};
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::Session;
use crate::settings::{self, Flags, Origin, Settings, Sources};
use crate::signals;

/// Resolves the settings of this process, and reports them with `-v`.
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

/// Warns if the token URL was given without the iframe template, so that the iframe URL would hand
/// a private server's token to the environment's host.
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

/// Reads the secret and exchanges it, with the key, for a session.
pub fn open(settings: &Settings, console: &Console) -> Result<Session, Error> {
    // A signal without a handler does not end process 1, as in a container without an init.
    if process::id() == 1 {
        let _ = signals::exit_on_signal(|signal| 128 + signal);
    }
    let (key, secret) = settings.credentials()?;
    let (secret, warning) = secret.read()?;
    if let Some(warning) = warning {
        console.warn(warning);
    }
    let proxy = settings.proxy_in_use().map(|proxy| proxy.value.expose());
    let client = Client::new(settings.token_url.value.uri(), proxy, trusted(settings)?)?;
    let request = TokenRequest {
        key: &key.value,
        secret: &secret,
        budget: settings.timeout.value,
        retries: settings.retries.value,
    };
    let progress = Progress::start(console, settings.timeout.value);
    let watch = |event: Event<'_>| {
        report(console, &event);
        progress.update(&event);
    };
    let token = api::exchange(&client, &request, &watch);
    drop(progress);
    let token = token.map_err(|error| with_context(error, settings))?;
    let iframe_url = settings.iframe_template.value.fill(&token);
    Ok(Session { token, iframe_url, environment: settings.environment.value.clone() })
}

fn trusted(settings: &Settings) -> Result<Option<RootCerts>, Error> {
    let Some(file) = &settings.ca_file else { return Ok(None) };
    match trust::from_pem_file(&file.value) {
        Ok(certificates) => Ok(Some(certificates)),
        Err(cause) => {
            let named = format!("{} ({})", file.value.display(), file.origin);
            Err(Error::config(format!("the certificate file {named} can't be used")).cause(cause))
        }
    }
}

fn report(console: &Console, event: &Event<'_>) {
    console.info(|| match event {
        Event::AttemptBegins { number, of } => format!("attempt {number} of {of}"),
        Event::Stage(stage) => stage.to_string(),
        Event::AttemptEnds { number, took, error } => {
            let outcome = match error {
                Some(error) => error.summary(),
                None => "success".to_owned(),
            };
            format!("attempt {number}: {outcome} ({:.3} s)", took.as_secs_f64())
        }
        Event::WaitBegins(wait) => format!("next attempt in {:.3} s", wait.as_secs_f64()),
        Event::NoRetry(reason) => format!("no retry: {reason}"),
    });
}

/// Adds the settings that help to fix a failed exchange.
fn with_context(mut error: Error, settings: &Settings) -> Error {
    let (endpoint, environment) = (&settings.token_url, &settings.environment);
    if matches!(error.code(), Code::InvalidCredentials | Code::KeyDisabled | Code::AccessDenied) {
        if let Ok((key, secret)) = settings.credentials() {
            error = error.setting("key", key.value.shortened(), &key.origin);
            error = error.setting("secret", "(hidden)", &secret.origin);
        }
    }
    if error.code() == Code::Timeout {
        let seconds = settings.timeout.value.as_secs_f64();
        error = error.setting("timeout", format!("{seconds} s"), &settings.timeout.origin);
    }
    error = error.setting("endpoint", endpoint.value.to_string(), &endpoint.origin);
    error = error.setting("environment", environment.value.clone(), &environment.origin);
    if let Some(proxy) = settings.proxy_in_use() {
        error = error.setting("proxy", proxy.value.to_string(), &proxy.origin);
    }
    error
}
