//! The names of every setting: flag, environment variable and profile key.

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingName {
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

/// The names of one setting. `flag` is the long flag without its hyphens.
#[derive(Debug)]
pub struct SettingSpec {
    pub name: SettingName,
    pub flag: Option<&'static str>,
    pub variable: Option<&'static str>,
    pub profile_key: Option<&'static str>,
}

#[rustfmt::skip]
pub static SETTINGS: [SettingSpec; 13] = {
    use SettingName as S;
    [
        row(S::Config, Some("config"), Some("SMARTEXTRACT_CONFIG"), None),
        row(S::Profile, Some("profile"), Some("SMARTEXTRACT_PROFILE"), None),
        row(S::Env, Some("env"), Some("SMARTEXTRACT_ENV"), Some("env")),
        row(S::Key, Some("key"), Some("SMARTEXTRACT_KEY"), Some("key")),
        row(S::Secret, Some("secret"), Some("SMARTEXTRACT_SECRET"), Some("secret")),
        row(S::SecretFile, Some("secret-file"), Some("SMARTEXTRACT_SECRET_FILE"), Some("secret_file")),
        row(S::SecretCommand, None, None, Some("secret_command")),
        row(S::TokenUrl, Some("token-url"), Some("SMARTEXTRACT_TOKEN_URL"), None),
        row(S::IframeTemplate, Some("iframe-template"), Some("SMARTEXTRACT_IFRAME_TEMPLATE"), None),
        row(S::Timeout, Some("timeout"), Some("SMARTEXTRACT_TIMEOUT"), Some("timeout")),
        row(S::Retries, Some("retries"), Some("SMARTEXTRACT_RETRIES"), Some("retries")),
        row(S::CaFile, Some("ca-file"), Some("SMARTEXTRACT_CA_FILE"), Some("ca_file")),
        row(S::Proxy, Some("proxy"), Some("SMARTEXTRACT_PROXY"), Some("proxy")),
    ]
};

const fn row(
    name: SettingName,
    flag: Option<&'static str>,
    variable: Option<&'static str>,
    profile_key: Option<&'static str>,
) -> SettingSpec {
    SettingSpec { name, flag, variable, profile_key }
}

impl SettingName {
    /// The environment variable of a setting that has one.
    pub fn variable(self) -> &'static str {
        self.spec().variable.expect("every setting but secret_command has a variable")
    }

    pub fn spec(self) -> &'static SettingSpec {
        SETTINGS.iter().find(|spec| spec.name == self).expect("SETTINGS has every name")
    }
}
