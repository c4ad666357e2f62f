//! A server's text, made safe to show: it may contain anything, even the secret.

use percent_encoding::percent_decode_str;

use crate::secret::{Key, Secret};

/// How many characters of a text are shown.
const SHOWN: usize = 200;

/// How many are searched: a longer secret that begins in the shown part is still found.
const SEARCHED: usize = 4096;

/// So many consecutive characters of a secret count as the secret.
const WINDOW: usize = 8;

/// How many times a text may be encoded.
const ROUNDS: usize = 5;

const WITHHELD: &str = "[text withheld: it repeats the key or the secret]";

/// The text without control and invisible characters, truncated.
pub fn cleaned(text: &str) -> String {
    let mut visible = visible(text);
    let mut cleaned: String = visible.by_ref().take(SHOWN).collect();
    cleaned.extend(visible.next().map(|_| '…'));
    cleaned
}

/// The cleaned text, or a note in its place if it repeats key or secret, however encoded.
///
/// A part of the secret counts as the secret. A short secret counts as a whole, however short: a
/// leak is worse than a text that is withheld without need. The key is less secret and often made
/// of words, so only the whole key counts.
pub fn shown(text: &str, key: &Key, secret: &Secret) -> String {
    let text: String = visible(text).take(SEARCHED).collect();
    let readings = readings(&text);
    if repeats(&readings, key.expose(), usize::MAX) || repeats(&readings, secret.expose(), WINDOW) {
        return WITHHELD.to_owned();
    }
    cleaned(&text)
}

fn visible(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|&c| !c.is_control() && !is_invisible(c))
}

/// Characters that a terminal obeys but does not show (Unicode, `Default_Ignorable_Code_Point`), and
/// those that separate lines or annotations.
pub const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a text contains so many consecutive characters of the value, or all of it.
fn repeats(text: &[String], value: &str, window: usize) -> bool {
    readings(value).iter().any(|value| {
        let length = value.len().min(window);
        let mut parts = (0..=value.len() - length).map(|start| &value[start..start + length]);
        length > 0 && parts.any(|part| text.iter().any(|text| text.contains(part)))
    })
}

/// The text as it is and after each decoding, reduced to what no encoding changes: the letters and
/// digits of ASCII in lower case, and a mark for each other character.
fn readings(text: &str) -> Vec<String> {
    let reduced = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "?");
    let mut text = case_folded(text);
    let mut readings = vec![reduced(&text)];
    let decoders = [percent_decoded, backslash_decoded, entity_decoded];
    for decode in decoders.iter().cycle().take(ROUNDS * decoders.len()) {
        text = case_folded(&decode(&text));
        readings.push(reduced(&text));
    }
    readings.dedup();
    readings
}

fn case_folded(text: &str) -> String {
    let lower = visible(text).flat_map(char::to_lowercase);
    // "ß" is "SS" in upper case.
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Decodes `%c3%a9`, and JavaScript's `%u00e9` into what is decoded next.
fn percent_decoded(text: &str) -> String {
    percent_decode_str(&text.replace("%u", "\\u")).decode_utf8_lossy().into_owned()
}

/// Decodes `\u00e9`, `\u{e9}`, `\xe9` and `\351`, and `\/`, `\"` and `\\` alike, as JSON and PHP
/// write them.
fn backslash_decoded(text: &str) -> String {
    unescaped(text, '\\', |after| {
        let escape = if let Some(digits) = after.strip_prefix("u{") {
            number(digits.trim_start_matches('0'), 16, 6)
                .and_then(|(code, rest)| Some((code, rest.strip_prefix('}')?)))
        } else if let Some(digits) = after.strip_prefix('u') {
            number(digits, 16, 4)
        } else if let Some(digits) = after.strip_prefix('x') {
            number(digits, 16, 2)
        } else {
            number(after, 8, 3)
        };
        // Before any other character the backslash means that character.
        escape.or_else(|| {
            let mut after = after.chars();
            Some((after.next()?.into(), after.as_str()))
        })
    })
}

/// Decodes HTML's `&amp;`, `&#38;` and `&#x26;`, the numbers also without a semicolon.
fn entity_decoded(text: &str) -> String {
    unescaped(text, '&', |after| {
        let Some(digits) = after.strip_prefix('#') else {
            let (name, rest) = after.split_once(';')?;
            return Some((named_entity(name)?.into(), rest));
        };
        let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |hex| (hex, 16));
        let (code, rest) = number(digits.trim_start_matches('0'), radix, 7)?;
        Some((code, rest.strip_prefix(';').unwrap_or(rest)))
    })
}

/// The number at the start of the text, of at most so many digits, and what follows it.
fn number(text: &str, radix: u32, digits: usize) -> Option<(u32, &str)> {
    let end = text.bytes().take(digits).take_while(|byte| char::from(*byte).is_digit(radix));
    let (number, rest) = text.split_at(end.count());
    Some((u32::from_str_radix(number, radix).ok()?, rest))
}

/// Except for parts of escapes and what folds to ASCII, each name is that of a character which is
/// reduced to a mark.
fn named_entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "bsol" => Some('\\'),
        "num" => Some('#'),
        "percnt" => Some('%'),
        "semi" => Some(';'),
        "szlig" => Some('ß'),
        "imath" | "inodot" => Some('ı'),
        "idot" => Some('İ'),
        _ if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Some('?'),
        _ => None,
    }
}

/// Replaces each escape that begins with this mark. `escape` gets what follows, and returns the
/// character's number and the rest. A mark without an escape stays.
fn unescaped(text: &str, mark: char, escape: fn(&str) -> Option<(u32, &str)>) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(mark) {
        decoded.push_str(before);
        // No secret contains a control character, so that none is decoded.
        let found = escape(after).filter(|(code, _)| *code >= 0x20);
        let (code, after) = found.unwrap_or((mark.into(), after));
        // Two surrogates are one character: the first of them adds nothing.
        if !(0xd800..0xdc00).contains(&code) {
            decoded.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        rest = after;
    }
    decoded + rest
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fmt::Write;

    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;
    use zeroize::Zeroizing;

    use super::*;

    fn shown_by(text: &str, key: &str, secret: &str) -> String {
        let [key, secret] = [key, secret].map(|text| Zeroizing::new(text.to_owned()));
        shown(text, &Key::from(key), &Secret::from(secret))
    }

    /// What JavaScript's `encodeURIComponent` encodes.
    const URI_COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'!')
        .remove(b'~')
        .remove(b'*')
        .remove(b'\'')
        .remove(b'(')
        .remove(b')');

    fn uri_component(text: &str) -> String {
        utf8_percent_encode(text, URI_COMPONENT).to_string()
    }

    fn each_byte(text: &str) -> String {
        text.bytes().fold(String::new(), |mut out, byte| {
            write!(out, "%{byte:02x}").unwrap();
            out
        })
    }

    fn form(text: &str) -> String {
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().replace("%20", "+")
    }

    fn json(text: &str) -> String {
        let quoted = serde_json::to_string(text).unwrap();
        quoted[1..quoted.len() - 1].to_owned()
    }

    /// As PHP's `json_encode` does without flags.
    fn php(text: &str) -> String {
        json(text).replace('/', "\\/").encode_utf16().fold(String::new(), |mut out, unit| {
            match u8::try_from(unit) {
                Ok(ascii @ ..=0x7f) => out.push(char::from(ascii)),
                _ => write!(out, "\\u{unit:04x}").unwrap(),
            }
            out
        })
    }

    fn html(text: &str) -> String {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#039;")
            .replace('/', "&sol;")
            .replace('é', "&eacute;")
            .replace('ß', "&szlig;")
    }

    fn html_numbers(text: &str) -> String {
        text.chars()
            .flat_map(|c| format!("&#{};", u32::from(c)).into_bytes())
            .map(char::from)
            .collect()
    }

    fn html_hex(text: &str) -> String {
        text.chars()
            .flat_map(|c| format!("&#X{:X};", u32::from(c)).into_bytes())
            .map(char::from)
            .collect()
    }

    /// PHP's escapes for bytes and characters.
    fn escapes(text: &str) -> String {
        text.chars().enumerate().fold(String::new(), |mut out, (index, c)| {
            let code = u32::from(c);
            match index % 3 {
                0 if c.is_ascii() => write!(out, "\\x{code:02X}"),
                1 if c.is_ascii() => write!(out, "\\{code:03o}"),
                _ => write!(out, "\\u{{{code:x}}}"),
            }
            .unwrap();
            out
        })
    }

    /// As JavaScript's `escape` does for most characters.
    fn percent_u(text: &str) -> String {
        text.encode_utf16().fold(String::new(), |mut out, unit| {
            write!(out, "%u{unit:04X}").unwrap();
            out
        })
    }

    fn html_without_semicolons(text: &str) -> String {
        text.chars().fold(String::new(), |mut out, c| {
            write!(out, "&#{}", u32::from(c)).unwrap();
            out
        })
    }

    const ENCODERS: [fn(&str) -> String; 15] = [
        str::to_owned,
        str::to_uppercase,
        str::to_lowercase,
        uri_component,
        each_byte,
        form,
        json,
        php,
        html,
        html_numbers,
        html_hex,
        escapes,
        percent_u,
        html_without_semicolons,
        |text| uri_component(text).to_lowercase(),
    ];

    fn share_a_part(one: &str, other: &str) -> bool {
        let [one, other] = [one, other].map(|text| text.chars().collect::<Vec<char>>());
        let parts: HashSet<&[char]> = one.windows(8).collect();
        other.windows(8).any(|part| parts.contains(part))
    }

    #[test]
    fn an_innocent_text_is_shown_cleaned_and_truncated() {
        let shown = |text: &str| shown_by(text, "52ee4d982ee6b2e0432f", "8f14e45fceea167a5a36");
        for text in ["Quota exceeded: 100 % of 5 requests", "a\\b &amp; &#x; %zz é + \\u12", ""] {
            assert_eq!(shown(text), text);
        }
        assert_eq!(shown("a\u{1b}[31m\u{202e}b\0"), "a[31mb");
        assert_eq!(shown(&"x".repeat(500)), "x".repeat(SHOWN) + "…");
    }

    #[test]
    fn a_part_of_a_secret_and_a_short_secret_are_withheld() {
        let shown = |text: &str| shown_by(text, "the-key-0123", "8f14e45fceea167a5a36");
        assert_eq!(shown("not 8F14e45f…"), WITHHELD);
        assert_eq!(shown("no the-\0key-0123"), WITHHELD);
        assert_eq!(shown("the-key-012 is disabled"), "the-key-012 is disabled");
        assert_eq!(shown("no 8f14e45"), "no 8f14e45");
        assert_eq!(shown(&format!("{}8f14e45fceea", "x".repeat(SHOWN - 4))), WITHHELD);
        assert_eq!(shown_by("no a+b+c+d+e", "the-key-0123", "a b c d e"), WITHHELD);
        assert_eq!(shown_by("not pin", "the-key-0123", "pin"), WITHHELD);
        for text in [r"p\u00E4/ss\u0026w\u003Crd-0123", "p%25C3%25A4/ss&amp;amp;w&LT;rd%2d0123"] {
            assert_eq!(shown_by(text, "the-key", "pä/ss&w<rd-0123"), WITHHELD, "{text}");
        }
    }

    #[test]
    fn unusual_escapes_and_invisible_characters_do_not_hide_a_secret() {
        for (text, secret) in [
            ("%2525252561-secret", "a-secret"),
            ("&percnt;61-secret", "a-secret"),
            ("&bsol;x61-secret", "a-secret"),
            ("&amp;&num;97;-secret", "a-secret"),
            ("&amp;#97&semi;-secret", "a-secret"),
            ("& &#97;-secret;", "a-secret"),
            ("&imath;-secret", "ı-secret"),
            ("&idot;-23456", "İ-23456"),
            ("&#00000000097;-secret", "a-secret"),
            ("&#x00000000061;-secret", "a-secret"),
            (r"\u{00000061}-secret", "a-secret"),
            ("a\u{e0020}-\u{fff9}se\u{34f}cret", "a-secret"),
        ] {
            assert_eq!(shown_by(text, "the-key", secret), WITHHELD, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_part_of_a_secret_is_shown_however_it_is_encoded(
            secret in "[!-~]{8,40}|[a-f0-9]{32}|\\PC{8,30}|[!-~éß日😀 ]{8,20}",
            first in 0..ENCODERS.len(),
            second in 0..ENCODERS.len(),
            before in "[a-zA-Z0-9:=\" ]{0,12}",
            is_key in any::<bool>(),
        ) {
            let encoded = ENCODERS[second](&ENCODERS[first](&secret));
            let text = format!("{before}{encoded}, again");
            let other = "0123456789-other";
            let (key, value) = if is_key { (&*secret, other) } else { (other, &*secret) };
            let shown = shown_by(&text, key, value);
            if is_key {
                prop_assert!(!shown.contains(&secret) && !shown.contains(&encoded), "{shown}");
            } else {
                prop_assert!(!share_a_part(&shown, &encoded), "{shown}");
                prop_assert!(!share_a_part(&shown, &secret), "{shown}");
            }
        }

        #[test]
        fn any_text_is_clean_when_shown(text in any::<String>()) {
            let shown = shown_by(&text, "52ee4d982ee6b2e0432f", "8f14e45fceea167a5a36");
            prop_assert!(visible(&shown).eq(shown.chars()));
            prop_assert!(shown.chars().count() <= SHOWN + 1);
        }
    }
}
