//! Every setting's name in each place that may hold it. Flags, help, manual, `config show`
//! and the profile file's known keys are all made from this one table.

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    Config,
    Profile,
    Env,
    Key,
    Secret,
    SecretFile,
    SecretCommand,
    TokenUrl,
    IframeTemplate,
    Timeout,
    Retries,
    CaFile,
    Proxy,
}

/// A flag as it is typed: its long name is also its identity on the command line.
#[derive(Debug)]
pub struct Flag {
    pub long: &'static str,
    pub short: Option<char>,
    pub value: &'static str,
    /// The group it stands in, in the help.
    pub heading: &'static str,
    pub help: &'static str,
    /// What `--help` and the manual say: all of it, with the other places' names.
    pub long_help: &'static str,
    /// Whether it is seldom typed.
    pub rare: bool,
}

/// A row of the table.
#[derive(Debug)]
pub struct Spec {
    pub name: Name,
    pub flag: Option<Flag>,
    pub variable: Option<&'static str>,
    pub profile_key: Option<&'static str>,
}

const WHICH: &str = "Profile and environment";
const CREDENTIALS: &str = "Credentials";
const NETWORK: &str = "Network";

pub static TABLE: [Spec; 13] = [
    Spec {
        name: Name::Config,
        flag: Some(Flag {
            long: "config",
            short: None,
            value: "PATH",
            heading: WHICH,
            help: "The profile file",
            long_help: "The profile file. Default: smartextract/config.toml in the user's \
                        configuration folder (`smartextract config path` prints it). \
                        [variable: SMARTEXTRACT_CONFIG]",
            rare: true,
        }),
        variable: Some("SMARTEXTRACT_CONFIG"),
        profile_key: None,
    },
    Spec {
        name: Name::Profile,
        flag: Some(Flag {
            long: "profile",
            short: Some('p'),
            value: "NAME",
            heading: WHICH,
            help: "The profile to use",
            long_help: "The profile to use. Default: the file's default_profile, or else the \
                        profile named default. [variable: SMARTEXTRACT_PROFILE]",
            rare: false,
        }),
        variable: Some("SMARTEXTRACT_PROFILE"),
        profile_key: None,
    },
    Spec {
        name: Name::Env,
        flag: Some(Flag {
            long: "env",
            short: Some('e'),
            value: "NAME",
            heading: WHICH,
            help: "production, staging, or one of the profile file's",
            long_help: "production, staging, or one of the profile file's. prod and stg are \
                        short for the first two. Default: production. [variable: \
                        SMARTEXTRACT_ENV] [profile: env]",
            rare: false,
        }),
        variable: Some("SMARTEXTRACT_ENV"),
        profile_key: Some("env"),
    },
    Spec {
        name: Name::Key,
        flag: Some(Flag {
            long: "key",
            short: None,
            value: "KEY",
            heading: CREDENTIALS,
            help: "The API key",
            long_help: "The API key. [variable: SMARTEXTRACT_KEY] [profile: key]",
            rare: false,
        }),
        variable: Some("SMARTEXTRACT_KEY"),
        profile_key: Some("key"),
    },
    Spec {
        name: Name::Secret,
        flag: Some(Flag {
            long: "secret",
            short: None,
            value: "SECRET",
            heading: CREDENTIALS,
            help: "The secret; visible in the process list",
            long_help: "The secret; visible in the process list. Other users can see it there. \
                        Better: --secret-file, SMARTEXTRACT_SECRET, or a profile. [variable: \
                        SMARTEXTRACT_SECRET] [profile: secret]",
            rare: false,
        }),
        variable: Some("SMARTEXTRACT_SECRET"),
        profile_key: Some("secret"),
    },
    Spec {
        name: Name::SecretFile,
        flag: Some(Flag {
            long: "secret-file",
            short: None,
            value: "PATH",
            heading: CREDENTIALS,
            help: "A file that holds the secret; - for standard input",
            long_help: "A file that holds the secret; - for standard input. [variable: \
                        SMARTEXTRACT_SECRET_FILE] [profile: secret_file]",
            rare: false,
        }),
        variable: Some("SMARTEXTRACT_SECRET_FILE"),
        profile_key: Some("secret_file"),
    },
    Spec {
        name: Name::SecretCommand,
        flag: None,
        variable: None,
        profile_key: Some("secret_command"),
    },
    Spec {
        name: Name::TokenUrl,
        flag: Some(Flag {
            long: "token-url",
            short: None,
            value: "URL",
            heading: WHICH,
            help: "The token endpoint, instead of the environment's",
            long_help: "The token endpoint, instead of the environment's. https only; http is \
                        taken for localhost, 127.0.0.0/8 and ::1. [variable: \
                        SMARTEXTRACT_TOKEN_URL]",
            rare: true,
        }),
        variable: Some("SMARTEXTRACT_TOKEN_URL"),
        profile_key: None,
    },
    Spec {
        name: Name::IframeTemplate,
        flag: Some(Flag {
            long: "iframe-template",
            short: None,
            value: "TEMPLATE",
            heading: WHICH,
            help: "The iframe URL with {token} where the token goes, instead of the environment's",
            long_help: "The iframe URL with {token} where the token goes, instead of the \
                        environment's. The vendor's documentation does not name the URL \
                        parameter that carries the token. The built-in templates use \
                        ?token={token}, which is unconfirmed: if your component wants another \
                        name, give the whole URL here. [variable: \
                        SMARTEXTRACT_IFRAME_TEMPLATE]",
            rare: true,
        }),
        variable: Some("SMARTEXTRACT_IFRAME_TEMPLATE"),
        profile_key: None,
    },
    Spec {
        name: Name::Timeout,
        flag: Some(Flag {
            long: "timeout",
            short: None,
            value: "SECONDS",
            heading: NETWORK,
            help: "Time for everything on the network [30]",
            long_help: "Time for everything on the network [30]. Retries and the waits between \
                        them are included. Decimals are allowed. [variable: \
                        SMARTEXTRACT_TIMEOUT] [profile: timeout]",
            rare: false,
        }),
        variable: Some("SMARTEXTRACT_TIMEOUT"),
        profile_key: Some("timeout"),
    },
    Spec {
        name: Name::Retries,
        flag: Some(Flag {
            long: "retries",
            short: None,
            value: "N",
            heading: NETWORK,
            help: "How often to try again after a failure that may pass [2]",
            long_help: "How often to try again after a failure that may pass [2]. A lost \
                        connection, 429, 500, 502, 503 and 504 are tried again, with growing \
                        waits or as Retry-After says, as far as the time budget allows. \
                        [variable: SMARTEXTRACT_RETRIES] [profile: retries]",
            rare: true,
        }),
        variable: Some("SMARTEXTRACT_RETRIES"),
        profile_key: Some("retries"),
    },
    Spec {
        name: Name::CaFile,
        flag: Some(Flag {
            long: "ca-file",
            short: None,
            value: "PEM",
            heading: NETWORK,
            help: "Trust these certificate authorities instead of the operating system's",
            long_help: "Trust these certificate authorities instead of the operating system's. \
                        Without it SSL_CERT_FILE and SSL_CERT_DIR count, as in curl. \
                        [variable: SMARTEXTRACT_CA_FILE] [profile: ca_file]",
            rare: true,
        }),
        variable: Some("SMARTEXTRACT_CA_FILE"),
        profile_key: Some("ca_file"),
    },
    Spec {
        name: Name::Proxy,
        flag: Some(Flag {
            long: "proxy",
            short: None,
            value: "URL",
            heading: NETWORK,
            help: "The proxy: http, https, socks4, socks4a, socks5 or socks5h",
            long_help: "The proxy: http, https, socks4, socks4a, socks5 or socks5h. Without it \
                        HTTPS_PROXY and ALL_PROXY count, less the hosts in NO_PROXY. \
                        [variable: SMARTEXTRACT_PROXY] [profile: proxy]",
            rare: true,
        }),
        variable: Some("SMARTEXTRACT_PROXY"),
        profile_key: Some("proxy"),
    },
];

impl Name {
    pub fn spec(self) -> &'static Spec {
        TABLE.iter().find(|spec| spec.name == self).expect("the table has every name")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_help_names_the_variable_and_the_profile_key() {
        for spec in &TABLE {
            let Some(flag) = &spec.flag else { continue };
            assert!(flag.long_help.starts_with(flag.help), "{}", flag.long);
            for (kind, name) in [("variable", spec.variable), ("profile", spec.profile_key)] {
                let place = format!("[{kind}: {}]", name.unwrap_or_default());
                assert_eq!(flag.long_help.contains(&place), name.is_some(), "{}", flag.long);
            }
        }
    }
}
