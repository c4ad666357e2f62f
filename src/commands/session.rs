//! From flags to a session: what `token`, `check` and `exec` share.

use super::progress::Progress;
use crate::api::{self, Client, Event, RootCerts, TokenRequest, trust};
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::Session;
use crate::settings::{self, Flags, Settings, Sources};

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

/// Reads the secret and exchanges it, with the key, for a session.
pub fn open(settings: &Settings, console: &Console) -> Result<Session, Error> {
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
        Event::NoRetry(reason) => (*reason).to_owned(),
    });
}

/// Adds the settings that help to fix a failed exchange.
fn with_context(mut error: Error, settings: &Settings) -> Error {
    if matches!(error.code(), Code::InvalidCredentials | Code::KeyDisabled | Code::AccessDenied) {
        if let Ok((key, secret)) = settings.credentials() {
            error = error
                .detail(format!("key:         {} ({})", key.value.shortened(), key.origin))
                .detail(format!("secret:      {}", secret.origin));
        }
    }
    if error.code() == Code::Timeout {
        let (value, origin) = (settings.timeout.value.as_secs_f64(), &settings.timeout.origin);
        error = error.detail(format!("timeout:     {value} s ({origin})"));
    }
    let (endpoint, environment) = (&settings.token_url, &settings.environment);
    error = error
        .detail(format!("endpoint:    {} ({})", endpoint.value, endpoint.origin))
        .detail(format!("environment: {} ({})", environment.value, environment.origin));
    if let Some(proxy) = settings.proxy_in_use() {
        error = error.detail(format!("proxy:       {} ({})", proxy.value, proxy.origin));
    }
    error
}
