//! Key, secret and token: types that can't be printed by accident. `Debug` shows `[REDACTED]`, only
//! `expose` returns the text, and the memory is wiped on drop.

use secrecy::{ExposeSecret, SecretString};

macro_rules! secret_types {
    ($($name:ident)*) => {$(
        #[derive(Clone, Debug)]
        pub struct $name(SecretString);

        impl $name {
            /// The text itself. Each call is a possible leak: keep them few.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }
    )*};
}
secret_types! { Key Secret Token IframeUrl }

impl Key {
    /// The first four characters of a long key, enough to distinguish two keys.
    pub fn shortened(&self) -> String {
        let key = self.expose();
        if key.chars().count() < 12 {
            return "…".to_owned();
        }
        key.chars().take(4).chain(['…']).collect()
    }
}

/// A key or secret without surrounding white space. The error is the end of a sentence.
pub fn trimmed(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("is empty"),
        inner if inner.contains(char::is_control) => Err("contains a control character"),
        inner => Ok(inner.to_owned()),
    }
}

/// The content of a file, or a command's output, without final newline and byte order mark.
pub fn without_final_newline(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// Keeps secrets out of core dumps and away from debuggers, until `exec`. Only on Linux: elsewhere,
/// COMMAND would inherit the protection.
pub fn disable_core_dumps() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_key_is_hidden_and_a_longer_one_shows_four_characters() {
        for (key, shown) in [
            ("", "…"),
            ("12345678901", "…"),
            ("ééééé678901", "…"),
            ("123456789012", "1234…"),
            ("éàüö567890123", "éàüö…"),
        ] {
            assert_eq!(Key::from(key.to_owned()).shortened(), shown, "{key}");
        }
    }
}
