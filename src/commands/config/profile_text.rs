//! A profile as TOML text, and whether it fits at the end of a profile file.

use std::path::Path;

use serde_json::Value;

use crate::error::Error;
use crate::settings::ProfileFile;

/// The header of a profile's table, with a bare name if possible.
pub fn header(profile: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if profile.bytes().all(is_bare) {
        return format!("[profiles.{profile}]");
    }
    format!("[profiles.{}]", Value::from(profile))
}

/// A profile's table. Strings without control characters have the same form in JSON and TOML.
pub fn table(profile: &str, settings: &[(&str, Value)]) -> String {
    let mut table = header(profile) + "\n";
    for (name, value) in settings {
        table.extend([name, " = ", &value.to_string(), "\n"]);
    }
    table
}

pub fn extended(path: &Path, base: &str, table: &str) -> Result<ProfileFile, Error> {
    ProfileFile::parse(path, [base, "\n\n", table].concat()).map_err(|error| {
        Error::config(format!("{} can't be extended; nothing was changed", path.display()))
            .because(error.summary())
            .hint("add the profile by hand")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_settings_read_back_from_the_table(
            profile in "\\PC+",
            secret in "\\PC+",
            words in proptest::collection::vec("\\PC+", 1..4),
        ) {
            let settings = [("secret", secret.into()), ("secret_command", words.into())];
            let file: Value = toml::from_str(&table(&profile, &settings)).unwrap();
            for (name, value) in settings {
                prop_assert_eq!(&file["profiles"][&profile][name], &value);
            }
        }
    }
}
