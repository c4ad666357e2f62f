//! A server's text: only plain text is shown, so that no encoding has to be decoded.

use crate::secret::{Key, Secret};

const SHOWN: usize = 200;

/// The text, truncated, or a note in its place if it is not plain or repeats key or secret.
pub fn shown(text: &str, key: &Key, secret: &Secret) -> String {
    let text = text.trim();
    let folded_text = folded(text);
    let secret: Vec<char> = folded(secret.expose()).chars().collect();
    let mut parts = secret.windows(secret.len().clamp(1, 8));
    if !is_plain(text)
        || folded_text.contains(&folded(key.expose()))
        || parts.any(|part| folded_text.contains(&String::from_iter(part)))
    {
        return format!("[text of {} bytes withheld]", text.len());
    }
    match text.get(..SHOWN) {
        Some(start) if text.len() > SHOWN => format!("{start}…"),
        _ => text.to_owned(),
    }
}

fn is_plain(text: &str) -> bool {
    // A longer run of letters and digits may be a secret in another form.
    let mut runs = text.split(|c: char| !c.is_ascii_alphanumeric());
    text.chars().all(|c| matches!(c, ' '..='~') && !r"%\&#+=<>".contains(c))
        && runs.all(|run| run.len() <= 16 || !run.contains(|c: char| c.is_ascii_digit()))
}

/// Both cases as one. `ß` is `SS` in upper case.
fn folded(text: &str) -> String {
    text.to_lowercase().to_uppercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown_by(text: &str, key: &str, secret: &str) -> String {
        shown(text, &Key::from(key.to_owned()), &Secret::from(secret.to_owned()))
    }

    #[test]
    fn a_plain_text_is_shown_and_truncated() {
        let shown = |text: &str| shown_by(text, "52ee4d982ee6b2e0432f", "8f14e45fceea167a5a36");
        for text in [
            "Quota exceeded: 5 requests per minute (see /docs/limits)",
            "The API Key used does not have privilege to perform the intended action",
            "request 1b4e28ba-2fa1-11d2-883f-0016d3cca427 failed",
            "misunderstandings without digits",
            "",
        ] {
            assert_eq!(shown(text), text);
        }
        assert_eq!(shown(" spaces around\r\n"), "spaces around");
        assert_eq!(shown(&"x".repeat(200)), "x".repeat(200));
        assert_eq!(shown(&"x".repeat(201)), "x".repeat(200) + "…");
    }

    #[test]
    fn any_other_text_is_withheld_with_its_size() {
        let shown = |text: &str| shown_by(text, "the-key-0123", "8f14e45fceea167a5a36");
        for character in r"%\&#+=<>".chars().chain(['é', '\n', '\u{1b}', '\u{202e}', '\u{7f}']) {
            let text = format!("a{character}b");
            assert_eq!(shown(&text), format!("[text of {} bytes withheld]", text.len()));
        }
        for text in [
            "0123456789abcdefg",
            "not 8F14e45f",
            "5fceea16 is wrong",
            "no THE-key-0123",
            &format!("{}8f14e45fceea", "x ".repeat(200)),
        ] {
            assert_eq!(shown(text), format!("[text of {} bytes withheld]", text.len()));
        }
        assert_eq!(shown("the-key-012 is disabled"), "the-key-012 is disabled");
        assert_eq!(shown("no 8f14e45"), "no 8f14e45");
        assert_eq!(shown_by("not a Pin", "the-key", "pin"), "[text of 9 bytes withheld]");
        assert_eq!(shown_by("STRASSE-1", "the-key", "straße-1"), "[text of 9 bytes withheld]");
    }

    proptest! {
        #[test]
        fn no_part_of_a_secret_is_shown(
            secret in "[!-~]{8,40}|[a-f0-9]{32}|\\PC{8,30}|[!-~éß日😀 ]{8,20}",
            before in "[a-zA-Z0-9:=\" ]{0,12}",
            upper in any::<bool>(),
        ) {
            let secret = secret.trim();
            let text = if upper { secret.to_uppercase() } else { secret.to_owned() };
            let shown = shown_by(&format!("{before}{text}, again"), "0123456789-other", secret);
            prop_assert!(shown.ends_with(" bytes withheld]"), "{shown}");
        }

        #[test]
        fn any_text_is_clean_when_shown(text in any::<String>()) {
            let shown = shown_by(&text, "52ee4d982ee6b2e0432f", "8f14e45fceea167a5a36");
            prop_assert!(shown.chars().all(|c| matches!(c, ' '..='~' | '…')), "{shown}");
            prop_assert!(shown.chars().count() <= SHOWN + 1);
        }
    }
}
