//! Settings: flags, environment variables, profile file and defaults become values with origins.
//!
//! Makes no requests. Flags and variables come in as values: only `Sources::from_env`
//! looks at this process, only `profile` and `credentials` read files, and only `credentials`
//! runs a program.

mod authority;
mod credentials;
mod environment;
mod line_index;
mod origin;
mod profile;
mod proxy;
mod resolve;
mod resolved;
mod sources;
mod spec;
mod suggest;

use std::path::PathBuf;
use std::time::Duration;

pub use credentials::SecretSource;
pub use environment::{Endpoint, Template, built_in_names};
pub use origin::Setting;
pub use profile::{
    ProfileFile, load as load_profile_file, parse as parse_profile_file, read as read_profile_file,
};
pub use proxy::Proxy;
pub use resolve::{load, resolve, resolve_with};
pub use resolved::{Row, text as row_text};
pub use sources::{Flags, Sources};
pub use spec::{SETTINGS, SettingName};

use crate::secret::Key;

/// Everything that a token exchange needs, complete and checked.
pub struct Settings {
    pub environment: Setting<String>,
    pub token_url: Setting<Endpoint>,
    pub iframe_template: Setting<Template>,
    pub key: Setting<Key>,
    pub secret: Setting<SecretSource>,
    pub timeout: Setting<Duration>,
    pub retries: Setting<u32>,
    pub ca_file: Option<Setting<PathBuf>>,
    pub proxy: Option<Setting<Proxy>>,
}
