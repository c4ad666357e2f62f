//! A profile as TOML text, and whether it fits at the end of a profile file.

use std::path::Path;

use serde::Serialize;

use crate::error::Error;
use crate::settings::ProfileFile;

/// The header of a profile's table, with a bare name if possible.
pub fn header(profile: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if profile.bytes().all(is_bare) {
        format!("[profiles.{profile}]")
    } else {
        format!("[profiles.{}]", quoted(profile))
    }
}

/// Strings without control characters have the same form in JSON and TOML.
pub fn quoted(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("strings are always JSON")
}

/// The profile file as it would be with the table at its end.
///
/// # Errors
/// `config` if the two don't fit together.
pub fn extended(path: &Path, base: &str, table: &str) -> Result<ProfileFile, Error> {
    ProfileFile::parse(path, [base, "\n\n", table].concat()).map_err(|error| {
        Error::config(format!("{} can't be extended; nothing was changed", path.display()))
            .because(error.summary())
            .hint("add the profile by hand")
    })
}
