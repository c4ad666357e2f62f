//! A value written so that its reader takes it as it is: shells, dotenv files, HTML,
//! GitHub's workflow commands.
//!
//! Values hold no white space and no control characters (`api::answer` and
//! `settings::Template` see to that), so no quoting here has to carry a line break.

use zeroize::Zeroizing;

/// POSIX shells, bash and zsh: nothing is special inside single quotes (POSIX.1-2017, 2.2.2).
pub fn posix(value: &str) -> Zeroizing<String> {
    quoted(value, |c| if c == '\'' { Some("'\\''") } else { None })
}

/// fish: inside single quotes only `\` and `'` are special (fish manual, "Quotes").
pub fn fish(value: &str) -> Zeroizing<String> {
    quoted(value, |c| match c {
        '\'' => Some("\\'"),
        '\\' => Some("\\\\"),
        _ => None,
    })
}

/// PowerShell: a single quote is written twice, and its typographic kin end a string as well
/// (PowerShell language specification, 2.3.5.2).
pub fn powershell(value: &str) -> Zeroizing<String> {
    quoted(value, |c| match c {
        '\'' => Some("''"),
        '\u{2018}' => Some("\u{2018}\u{2018}"),
        '\u{2019}' => Some("\u{2019}\u{2019}"),
        '\u{201a}' => Some("\u{201a}\u{201a}"),
        '\u{201b}' => Some("\u{201b}\u{201b}"),
        _ => None,
    })
}

/// An HTML attribute in double quotes (HTML Standard, 13.1.2.3).
pub fn html_attribute(value: &str) -> Zeroizing<String> {
    replaced(value, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    })
}

/// The data of a GitHub workflow command: the runner reads `%25` as `%`.
pub fn workflow_command(value: &str) -> Zeroizing<String> {
    replaced(value, |c| if c == '%' { Some("%25") } else { None })
}

/// Whether every reader of dotenv files takes the value, unquoted, as it is. Docker knows no
/// quotes; other readers know quotes, comments and variables, each in a way of its own.
pub fn is_plain_for_dotenv(value: &str) -> bool {
    !value.contains(['#', '$', '\\', '\'', '"', '`'])
}

fn quoted(value: &str, replace: impl Fn(char) -> Option<&'static str>) -> Zeroizing<String> {
    let inner = replaced(value, replace);
    let mut text = Zeroizing::new(String::with_capacity(inner.len() + 2));
    text.push('\'');
    text.push_str(&inner);
    text.push('\'');
    text
}

fn replaced(value: &str, replace: impl Fn(char) -> Option<&'static str>) -> Zeroizing<String> {
    // Room for the longest replacement, so that growing leaves no copy behind.
    let mut text = Zeroizing::new(String::with_capacity(6 * value.len()));
    for c in value.chars() {
        match replace(c) {
            Some(other) => text.push_str(other),
            None => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a reader with the given escapes takes from a quoted text, or `None` where the
    /// quotes do not match.
    fn unquoted(text: &str, escapes: &[(&str, &str)]) -> Option<String> {
        let mut rest = text.strip_prefix('\'')?.strip_suffix('\'')?;
        let mut value = String::new();
        'next: while let Some(c) = rest.chars().next() {
            for (written, meant) in escapes {
                if let Some(after) = rest.strip_prefix(written) {
                    value.push_str(meant);
                    rest = after;
                    continue 'next;
                }
            }
            if "'\u{2018}\u{2019}\u{201a}\u{201b}".contains(c)
                && escapes.iter().any(|e| e.0.starts_with(c))
            {
                return None;
            }
            value.push(c);
            rest = &rest[c.len_utf8()..];
        }
        Some(value)
    }

    proptest! {
        #[test]
        fn powershell_reads_back_any_value(value in "[\\PC'\u{2018}\u{2019}\u{201a}\u{201b}]*") {
            let escapes = [
                ("''", "'"),
                ("\u{2018}\u{2018}", "\u{2018}"),
                ("\u{2019}\u{2019}", "\u{2019}"),
                ("\u{201a}\u{201a}", "\u{201a}"),
                ("\u{201b}\u{201b}", "\u{201b}"),
            ];
            prop_assert_eq!(unquoted(&powershell(&value), &escapes), Some(value));
        }

        #[test]
        fn fish_reads_back_any_value(value in "[\\PC'\\\\]*") {
            let escapes = [("\\'", "'"), ("\\\\", "\\")];
            prop_assert_eq!(unquoted(&fish(&value), &escapes), Some(value));
        }

        #[test]
        fn an_attribute_holds_no_character_that_html_reads(value in "[\\PC&<>\"']*") {
            let text = html_attribute(&value);
            prop_assert!(!text.contains(['<', '>', '"', '\'']));
            let back = text
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&");
            prop_assert_eq!(back, value);
        }

        #[test]
        fn a_workflow_command_is_read_back(value in "[\\PC%25AD0]*") {
            let text = workflow_command(&value);
            let back = text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
            prop_assert_eq!(back, value);
        }
    }
}
