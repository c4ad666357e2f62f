//! Key, secret and token: types that can't be printed by accident.
//!
//! `Debug` shows `[REDACTED]`, there is no `Display`, only `expose` returns the text, and the
//! memory is wiped on drop.

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

/// Why a text can't be a key or a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    Empty,
    /// A control character, by its position in characters, from 1.
    Control(usize),
}

/// The text without surrounding white space.
pub fn trimmed(text: &str) -> Result<String, Flaw> {
    let inner = text.trim();
    if inner.is_empty() {
        return Err(Flaw::Empty);
    }
    if let Some(position) = inner.chars().position(char::is_control) {
        return Err(Flaw::Control(position + 1));
    }
    Ok(inner.to_owned())
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
            ("12345", "…"),
            ("12345678901", "…"),
            ("ééééé678901", "…"),
            ("123456789012", "1234…"),
            ("éàüö567890123", "éàüö…"),
        ] {
            assert_eq!(Key::from(key.to_owned()).shortened(), shown, "{key}");
        }
    }

    #[test]
    fn a_control_character_is_found_by_its_position() {
        assert_eq!(trimmed(" \u{e9}\u{e9}x\tb\n").unwrap_err(), Flaw::Control(4));
    }
}
