//! Quoting for values without white space and control characters.

/// POSIX shells, bash and zsh: nothing is special inside single quotes (POSIX.1-2017, 2.2.2).
pub fn posix(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

/// fish: only `\` and `'` are special inside single quotes (fish manual, "Quotes").
pub fn fish(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// PowerShell: typographic quotes end a string, too (language specification, 2.3.5.2).
pub fn powershell(value: &str) -> String {
    let mut text = value.to_owned();
    for quote in ["'", "\u{2018}", "\u{2019}", "\u{201a}", "\u{201b}"] {
        text = text.replace(quote, &quote.repeat(2));
    }
    format!("'{text}'")
}

/// An HTML attribute in double quotes (HTML Standard, 13.1.2.3).
pub fn html_attribute(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Whether every dotenv reader, and a shell that reads the file with `.`, returns the value
/// unchanged. A shell expands `~` at the start and after a colon (POSIX.1-2017, 2.6.1), zsh `=` too.
pub fn is_plain_for_dotenv(value: &str) -> bool {
    let special = ['#', '$', '\\', '\'', '"', '`', ';', '&', '|', '<', '>', '(', ')'];
    !value.contains(special) && !value.split(':').any(|part| part.starts_with(['~', '=']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dotenv_rejects_what_its_readers_interpret() {
        for value in [
            "a#b", "a$b", "a'b", "a\"b", "a\\b", "a`b", "a;b", "a&b", "a|b", "a<b", "a>b", "a(b",
            "a)b", "~a", "a:~b", "=a",
        ] {
            assert!(!is_plain_for_dotenv(value), "{value}");
        }
        assert!(is_plain_for_dotenv("a~b=c:d*e?f[g]{h}!i"));
    }

    proptest! {
        #[test]
        fn powershell_reads_back_any_value(value in "[\\PC'\u{2018}\u{2019}\u{201a}\u{201b}]*") {
            let text = powershell(&value);
            let mut inner = text.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap().to_owned();
            for quote in ["'", "\u{2018}", "\u{2019}", "\u{201a}", "\u{201b}"] {
                prop_assert!(!inner.replace(&quote.repeat(2), "").contains(quote));
                inner = inner.replace(&quote.repeat(2), quote);
            }
            prop_assert_eq!(inner, value);
        }

        #[test]
        fn an_attribute_contains_no_special_character_of_html(value in "[\\PC&<>\"']*") {
            let text = html_attribute(&value);
            prop_assert!(!text.contains(['<', '>', '"', '\'']));
            let back = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
            prop_assert_eq!(back.replace("&#39;", "'").replace("&amp;", "&"), value);
        }
    }
}
