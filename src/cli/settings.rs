//! The flags that hold settings.

#![allow(clippy::doc_markdown, reason = "the doc comments are the help, which shows backticks")]

use std::ffi::OsString;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum, ValueHint};

use crate::output::Format;
use crate::settings::{Flags, SETTINGS, SettingName};

/// The only setting of commands that need just the profile file.
#[derive(Args)]
pub struct FileArgs {
    /// Profile file
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    config: Option<OsString>,
}

/// The flags of all settings. `--help` adds each setting's names in other places (see `help`).
#[derive(Args)]
pub struct SettingsArgs {
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
    #[arg(value_hint = ValueHint::FilePath, hide_short_help = true)]
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
    // A key or a secret may start with a hyphen, and no message may repeat it.
    #[arg(long, value_name = "KEY", help_heading = "Credentials", allow_hyphen_values = true)]
    #[arg(value_parser = credential())]
    key: Option<OsString>,
    /// Secret; other users can see it in the process list
    ///
    /// Use --secret-file, SMARTEXTRACT_SECRET or a profile instead.
    #[arg(long, value_name = "SECRET", help_heading = "Credentials", allow_hyphen_values = true)]
    #[arg(value_parser = credential())]
    secret: Option<OsString>,
    /// File that contains the secret; - for standard input
    #[arg(long, value_name = "PATH", help_heading = "Credentials")]
    #[arg(value_hint = ValueHint::FilePath)]
    secret_file: Option<OsString>,
    /// Time budget for all network work [default: 30]
    ///
    /// Retries and the waits between them are included; decimals are allowed.
    #[arg(long, value_name = "SECONDS", help_heading = "Network", allow_negative_numbers = true)]
    timeout: Option<OsString>,
    /// Number of retries after a temporary failure [default: 2]
    ///
    /// A temporary failure is a failed or lost connection, 429, 500, 502, 503 or 504. The waits grow,
    /// respect Retry-After, and end with the time budget.
    #[arg(
        long,
        value_name = "N",
        help_heading = "Network",
        allow_negative_numbers = true,
        hide_short_help = true
    )]
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

/// Rejects a flag of this program as key or secret: `--key $KEY --format=env` with an empty `$KEY`
/// would otherwise lose the format, and with it the statement that reports a failure to `eval`.
fn credential() -> impl TypedValueParser<Value = OsString> {
    OsStringValueParser::new().try_map(|value| {
        if is_own_flag(&value.to_string_lossy()) {
            return Err("write a value between the two flags");
        }
        Ok(value)
    })
}

fn is_own_flag(text: &str) -> bool {
    const OTHERS: [&str; 6] = ["format", "output", "verbose", "quiet", "color", "help"];
    if let Some(long) = text.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or_default();
        return OTHERS.contains(&name) || SETTINGS.iter().any(|spec| spec.flag == Some(name));
    }
    let format = text.strip_prefix("-f").map(|format| format.trim_start_matches('='));
    let is_format = format.is_some_and(|name| Format::from_str(name, true).is_ok());
    is_format || ["-f", "-o", "-p", "-e", "-v", "-q", "-h"].contains(&text)
}

impl SettingsArgs {
    /// The flags as typed.
    pub fn into_flags(self) -> Flags {
        let flags = [
            (SettingName::Config, self.config),
            (SettingName::Profile, self.profile),
            (SettingName::Env, self.env),
            (SettingName::Key, self.key),
            (SettingName::Secret, self.secret),
            (SettingName::SecretFile, self.secret_file),
            (SettingName::TokenUrl, self.token_url),
            (SettingName::IframeTemplate, self.iframe_template),
            (SettingName::Timeout, self.timeout),
            (SettingName::Retries, self.retries),
            (SettingName::CaFile, self.ca_file),
            (SettingName::Proxy, self.proxy),
        ];
        Flags(flags.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }
}

impl FileArgs {
    pub fn into_flags(self) -> Flags {
        Flags(self.config.map(|path| (SettingName::Config, path)).into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    #[test]
    fn every_flag_of_a_setting_exists_and_is_passed_on() {
        let command = SettingsArgs::augment_args(Command::new("test"));
        for spec in SETTINGS.iter().filter(|spec| spec.flag.is_some()) {
            let flag = format!("--{}", spec.flag.unwrap());
            let matches = command.clone().get_matches_from(["test", &flag, "value"]);
            let args = <SettingsArgs as clap::FromArgMatches>::from_arg_matches(&matches).unwrap();
            assert_eq!(args.into_flags().0, [(spec.name, OsString::from("value"))], "{flag}");
        }
    }
}
