//! The known names, the nearest to a mistyped one first.

use strsim::osa_distance;

/// The known name that `typed` is most likely a slip of: a letter or two away.
pub fn close<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let nearest = known.iter().copied().min_by_key(|name| osa_distance(typed, name))?;
    let slips = if nearest.len() < 5 { 1 } else { 2 };
    (osa_distance(typed, nearest) <= slips).then_some(nearest)
}

/// All known names in one line, the nearest first.
pub fn list(typed: &str, known: &[&str]) -> String {
    let mut names = known.to_vec();
    names.sort_by_key(|name| osa_distance(typed, name));
    names.join(", ")
}
