//! Settings: flags, variables, profile file and defaults, resolved to values with their origins.
//!
//! Knows nothing of HTTP. Variables and the file come in as values: only `Sources::of_process`
//! looks at this process, only `profile::load` and `credentials` touch files, and only
//! `credentials` runs a program.

mod credentials;
mod environment;
mod names;
mod nearest;
mod origin;
mod profile;
mod proxy;
mod resolve;

use std::ffi::OsString;
use std::fmt::Display;
use std::time::Duration;

use credentials::Credentials;
pub use credentials::SecretSource;
pub use environment::{Endpoint, Template, is_built_in};
pub use names::{Flag, Name, Spec, TABLE};
pub use origin::Setting;
pub use proxy::Proxy;
pub use resolve::{Resolver, Sources, known_names};

use crate::error::Error;

/// The flags of a command line that hold settings, as they were typed.
#[derive(Clone, Default)]
pub struct Flags(pub Vec<(Name, OsString)>);

/// All that a token exchange needs, complete and checked.
#[derive(Debug)]
pub struct Settings {
    pub environment: Environment,
    pub credentials: Credentials,
    pub network: Network,
}

/// An environment as it will be used.
#[derive(Debug)]
pub struct Environment {
    pub name: Setting<String>,
    pub token_url: Setting<Endpoint>,
    pub iframe_template: Setting<Template>,
}

/// How the endpoint is reached.
#[derive(Debug)]
pub struct Network {
    pub timeout: Setting<Duration>,
    pub retries: Setting<u32>,
    pub ca_file: Option<Setting<std::path::PathBuf>>,
    pub proxy: Option<Setting<Proxy>>,
}

fn unknown(what: &str, name: &str, origin: &dyn Display, known: &[&str]) -> Error {
    let error = Error::config(format!("unknown {what} {name} ({origin})"));
    if known.is_empty() {
        return error.hint(format!("the profile file defines no {what}"));
    }
    let list = nearest::list(name, known);
    match nearest::close(name, known) {
        Some(near) => error.hint(format!("did you mean {near}? Known: {list}")),
        None => error.hint(format!("known: {list}")),
    }
}
