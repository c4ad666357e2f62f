//! The flags that hold settings.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{ArgMatches, Args, FromArgMatches, ValueHint};

use crate::settings::Flags;

/// The flag of commands that need just the profile file.
#[derive(Args)]
pub struct FileArgs {
    /// Profile file
    #[arg(long, value_name = "PATH", value_parser = path(), value_hint = ValueHint::FilePath)]
    config: Option<OsString>,
}

impl FileArgs {
    pub fn flags(self) -> Flags {
        self.config.into_iter().map(|path| ("config".to_owned(), path)).collect()
    }
}

/// The flags of all settings. `--help` adds each setting's variable and profile key (see `help`).
#[derive(Args)]
struct SettingsDefinition {
    /// Profile to use
    ///
    /// Without it, the profile that default_profile in the profile file names is used, or else the
    /// profile named default.
    #[arg(short, long, value_name = "NAME", help_heading = "Profile and environment")]
    profile: Option<OsString>,
    /// Environment to use [default: production]
    ///
    /// production (or prod), staging (or stg), or the name of an environment in the profile file.
    #[arg(short, long, value_name = "NAME", help_heading = "Profile and environment")]
    env: Option<OsString>,
    /// Profile file
    ///
    /// Without it, the file is smartextract/config.toml in the user's configuration directory
    /// (`smartextract config path` prints its path).
    #[arg(long, value_name = "PATH", help_heading = "Profile and environment")]
    #[arg(value_parser = path(), value_hint = ValueHint::FilePath, hide_short_help = true)]
    config: Option<OsString>,
    /// Token endpoint, instead of the environment's
    ///
    /// The URL must use https; http is accepted for localhost, 127.0.0.0/8 and ::1.
    #[arg(long, value_name = "URL", help_heading = "Profile and environment")]
    #[arg(value_hint = ValueHint::Url, hide_short_help = true)]
    token_url: Option<OsString>,
    /// Iframe URL with {token} in the token's place, instead of the environment's
    ///
    /// The vendor's documentation does not name the URL parameter that carries the token. The
    /// built-in templates use ?token={token}, which is unconfirmed: if your component expects
    /// another parameter, set the whole URL.
    #[arg(long, value_name = "TEMPLATE", help_heading = "Profile and environment")]
    #[arg(hide_short_help = true)]
    iframe_template: Option<OsString>,
    /// API key
    #[arg(long, value_name = "KEY", help_heading = "Credentials")]
    key: Option<OsString>,
    /// Secret; other users can see it in the process list
    ///
    /// Use --secret-file, SMARTEXTRACT_SECRET or a profile instead.
    #[arg(long, value_name = "SECRET", help_heading = "Credentials")]
    secret: Option<OsString>,
    /// File that contains the secret; - for standard input
    #[arg(long, value_name = "PATH", help_heading = "Credentials")]
    #[arg(value_hint = ValueHint::FilePath)]
    secret_file: Option<OsString>,
    /// Time budget for all network work [default: 30]
    ///
    /// Retries and the waits between them are included; decimals are allowed.
    #[arg(long, value_name = "SECONDS", help_heading = "Network", allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    timeout: Option<OsString>,
    /// Number of retries after a temporary failure [default: 2]
    ///
    /// A temporary failure is a failed or lost connection, 429, 500, 502, 503 or 504. The waits grow,
    /// respect Retry-After, and end with the time budget.
    #[arg(long, value_name = "N", help_heading = "Network", allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    retries: Option<OsString>,
    /// PEM file with the certificate authorities to trust
    ///
    /// No others are trusted. Without this flag, the operating system's trust store is used, or the
    /// one that SSL_CERT_FILE and SSL_CERT_DIR name.
    #[arg(long, value_name = "PEM", help_heading = "Network")]
    #[arg(value_hint = ValueHint::FilePath, hide_short_help = true)]
    ca_file: Option<OsString>,
    /// Proxy URL: http, https, socks4, socks4a, socks5 or socks5h
    ///
    /// Without it, HTTPS_PROXY or ALL_PROXY is used, except for hosts in NO_PROXY.
    #[arg(long, value_name = "URL", help_heading = "Network")]
    #[arg(value_hint = ValueHint::Url, hide_short_help = true)]
    proxy: Option<OsString>,
}

/// Accepts any path but an empty one.
fn path() -> impl TypedValueParser<Value = OsString> {
    PathBufValueParser::new().map(PathBuf::into_os_string)
}

/// All settings flags, as typed, by the ids of their definitions, which are the settings' names.
pub struct SettingsArgs(pub Flags);

/// The names of the settings that have a flag, for help and manual.
pub fn setting_names() -> Vec<String> {
    let command = SettingsDefinition::augment_args(clap::Command::new("settings"));
    command.get_arguments().map(|arg| arg.get_id().to_string()).collect()
}

impl Args for SettingsArgs {
    fn augment_args(command: clap::Command) -> clap::Command {
        SettingsDefinition::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        SettingsDefinition::augment_args_for_update(command)
    }
}

impl FromArgMatches for SettingsArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Flags::new();
        for name in setting_names() {
            if let Some(value) = matches.get_one::<OsString>(&name) {
                flags.insert(name, value.clone());
            }
        }
        Ok(Self(flags))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
