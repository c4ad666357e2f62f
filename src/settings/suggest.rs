//! Suggestions for a mistyped name.

use strsim::osa_distance;

use super::origin::{Origin, Setting};
use crate::error::Error;

/// The known name that `typed` is probably a typo of: at most two letters away.
pub fn closest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let closest = known.iter().copied().min_by_key(|name| osa_distance(typed, name))?;
    let typos = if closest.len() < 5 { 1 } else { 2 };
    (osa_distance(typed, closest) <= typos).then_some(closest)
}

/// The error for an unknown name of a `kind`, with the known ones, closest first. No message may
/// repeat a value of the profile file, so such a name is shown only if it resembles a known one.
pub fn unknown(kind: &str, name: &Setting<String>, known: &[&str]) -> Error {
    let Setting { value, origin } = name;
    let closest = closest(value, known);
    let is_shown = closest.is_some() || !matches!(origin, Origin::File { .. });
    let shown = if is_shown { format!(" {value}") } else { String::new() };
    let error = Error::config(format!("unknown {kind}{shown} ({origin})"));
    if known.is_empty() {
        return error.hint("run smartextract config init, or name the profile file with --config");
    }
    let Some(closest) = closest else {
        return error.hint(format!("use one of: {}", known.join(", ")));
    };
    let mut names = vec![closest];
    names.extend(known.iter().filter(|name| **name != closest));
    error.hint(format!("did you mean {closest}? Use one of: {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_may_have_one_typo_and_a_longer_one_two() {
        for (typed, known, found) in [
            ("pord", "prod", true),
            ("poxd", "prod", false),
            ("axxha", "alpha", true),
            ("axxxa", "alpha", false),
        ] {
            assert_eq!(closest(typed, &["something else", known]).is_some(), found, "{typed}");
        }
    }
}
