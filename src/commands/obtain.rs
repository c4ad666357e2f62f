//! From settings to a token and its iframe URL: what `token` and `exec` share.

use std::env;

use zeroize::Zeroizing;

use crate::api::{self, Call, Client, Event, Network, Trust};
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::Grant;
use crate::settings::{Flags, Resolver, Settings, Sources};

/// Fetches the secret and makes the exchange.
pub fn grant(settings: Settings, console: &Console) -> Result<Grant, Error> {
    let (secret, warning) = settings.credentials.secret.read()?;
    if let Some(warning) = warning {
        console.warn(warning);
    }
    let client = Client::new(&network(&settings)?)?;
    let call = Call {
        endpoint: settings.environment.token_url.value.uri(),
        key: &settings.credentials.key.value,
        secret: &secret,
        budget: settings.network.timeout.value,
        retries: settings.network.retries.value,
    };
    let token = api::exchange(&client, &call, &|event| tell(console, &event))
        .map_err(|error| with_surroundings(error, &settings))?;
    let iframe_url = settings.environment.iframe_template.value.fill(&token);
    Ok(Grant { token, iframe_url, environment: settings.environment.name.value })
}

/// The settings from this process's surroundings.
pub fn settings(flags: &Flags, console: &Console) -> Result<Settings, Error> {
    let sources = Sources::of_process(flags);
    let resolver = Resolver::new(&sources)?;
    tell_profile(console, &resolver);
    let settings = resolver.settings();
    for warning in resolver.take_warnings() {
        console.warn(warning);
    }
    let settings = settings?;
    tell_settings(console, &settings);
    Ok(settings)
}

fn tell_profile(console: &Console, resolver: &Resolver<'_>) {
    console.info(|| match &resolver.file {
        Some(file) => format!("profile file: {}", file.path.display()),
        None => "profile file: none".to_owned(),
    });
    console.info(|| match resolver.profile() {
        Some(profile) => format!("profile: {} ({})", profile.value, profile.origin),
        None => "profile: none".to_owned(),
    });
}

fn tell_settings(console: &Console, settings: &Settings) {
    let environment = &settings.environment;
    let name = &environment.name;
    console.info(|| format!("environment: {} ({})", name.value, name.origin));
    let endpoint = &environment.token_url;
    console.info(|| format!("endpoint: {} ({})", endpoint.value, endpoint.origin));
    let key = &settings.credentials.key;
    console.info(|| format!("key: {} ({})", key.value.shortened(), key.origin));
    console.info(|| format!("secret: ({})", settings.credentials.secret.origin));
    console.info(|| match &settings.network.proxy {
        Some(proxy) => format!("proxy: {} ({})", proxy.value, proxy.origin),
        None => "proxy: none".to_owned(),
    });
    console.info(|| match &settings.network.ca_file {
        Some(file) => format!("trust store: {} ({})", file.value.display(), file.origin),
        None => match ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(|name| env::var_os(name).map(|_| name))
        {
            [None, None] => "trust store: the operating system's".to_owned(),
            [one, other] => {
                let names: Vec<&str> = one.into_iter().chain(other).collect();
                format!("trust store: what {} names", names.join(" or "))
            }
        },
    });
}

fn network(settings: &Settings) -> Result<Network, Error> {
    let trust = match &settings.network.ca_file {
        Some(file) => Trust::file(&file.value).map_err(|cause| {
            let place = format!("{} ({})", file.value.display(), file.origin);
            Error::config(format!("the certificate file {place} can't be used")).cause(cause)
        })?,
        None => Trust::System,
    };
    let proxy = settings.network.proxy.as_ref();
    let proxy = proxy.map(|proxy| Zeroizing::new(proxy.value.expose().to_owned()));
    Ok(Network { trust, proxy })
}

fn tell(console: &Console, event: &Event<'_>) {
    console.info(|| match event {
        Event::Attempt { number, took, outcome } => {
            let outcome = match outcome {
                Ok(()) => "a token".to_owned(),
                Err(error) => error.summary(),
            };
            format!("attempt {number}: {outcome}, after {:.3} s", took.as_secs_f64())
        }
        Event::Wait(wait) => format!("waiting for {:.3} s", wait.as_secs_f64()),
    });
}

/// The lines that help to mend a failed exchange: what was used, and where it came from.
fn with_surroundings(error: Error, settings: &Settings) -> Error {
    let (endpoint, name) = (&settings.environment.token_url, &settings.environment.name);
    let about_credentials =
        matches!(error.code(), Code::InvalidCredentials | Code::KeyDisabled | Code::AccessDenied);
    let mut error = error;
    if about_credentials {
        error = error
            .detail(format!("key:         {}", settings.credentials.key.origin))
            .detail(format!("secret:      {}", settings.credentials.secret.origin));
    }
    error = error
        .detail(format!("endpoint:    {} ({})", endpoint.value, endpoint.origin))
        .detail(format!("environment: {} ({})", name.value, name.origin));
    if let Some(proxy) = &settings.network.proxy {
        error = error.detail(format!("proxy:       {} ({})", proxy.value, proxy.origin));
    }
    error
}
