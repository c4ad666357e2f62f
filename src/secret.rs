//! Key, secret and token: values that are never printed, only exposed where they must be.
//!
//! `Debug` shows `[REDACTED]`, there is no `Display`, and the memory is wiped on drop.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// An API key. Less than a secret, yet never shown in full.
#[derive(Clone, Debug)]
pub struct Key(SecretString);

/// The secret that belongs to a key.
#[derive(Clone, Debug)]
pub struct Secret(SecretString);

/// A session token, or a text that holds one (an iframe URL).
#[derive(Clone, Debug)]
pub struct Token(SecretString);

macro_rules! guarded {
    ($($name:ident),*) => {$(
        impl $name {
            /// The text itself. Wherever this is called, a leak is possible: call it rarely.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl From<Zeroizing<String>> for $name {
            fn from(mut text: Zeroizing<String>) -> Self {
                Self(std::mem::take(&mut *text).into())
            }
        }
    )*};
}
guarded!(Key, Secret, Token);

impl Key {
    /// Enough to tell two keys apart, never the key: the first four characters of a long one.
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
    /// A control character inside, by its place in characters, from 1.
    Control(usize),
}

/// A text without the white space around it, and whether there was any.
pub fn trimmed(text: &str) -> Result<(Zeroizing<String>, bool), Flaw> {
    let inner = text.trim();
    if inner.is_empty() {
        return Err(Flaw::Empty);
    }
    if let Some(place) = inner.chars().position(char::is_control) {
        return Err(Flaw::Control(place + 1));
    }
    Ok((Zeroizing::new(inner.to_owned()), inner.len() != text.len()))
}

/// The content of a file or of a command's output without its one line end and byte order mark.
pub fn without_line_end(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
