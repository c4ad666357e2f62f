//! Reading an answer: status and bytes become a token or an error. Pure.
//!
//! The answers are those of the vendor's documentation ("API Reference / Data Extraction API /
//! Authentication", version 4.1). All text in them is a stranger's: cleaned before it is shown.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::error::{Code, Error};
use crate::secret::{Key, Secret, Token};

/// More than any answer of this API.
pub const MAX_BYTES: usize = 1 << 20;

/// How much of a server's text is shown, in characters.
const SHOWN: usize = 200;

const INVALID_CREDENTIALS: &str = "Invalid credentials provided";
const KEY_DISABLED: &str = "This API key is disabled";

/// An answer as it came.
pub struct Answer {
    pub status: u16,
    pub content_type: Option<String>,
    pub body: Zeroizing<Vec<u8>>,
}

/// The token in an answer, or why there is none. Key and secret are masked in what is told.
pub fn read(answer: &Answer, key: &Key, secret: &Secret) -> Result<Token, Error> {
    let shown = |text: &str| shown(text, key, secret);
    let status = answer.status;
    if status == 200 {
        return token(answer, &shown);
    }
    let stated = stated_error(&answer.body);
    let says = |documented| stated.as_ref().is_some_and(|text| is(text, documented));
    let (code, message) = match status {
        401 if says(INVALID_CREDENTIALS) => {
            (Code::InvalidCredentials, "the API says that the credentials are not valid")
        }
        401 if says(KEY_DISABLED) => (Code::KeyDisabled, "the API says that the key is disabled"),
        401 | 403 => (Code::AccessDenied, "the API denies access"),
        429 => (Code::RateLimited, "the API asks for fewer requests"),
        300..=399 => (Code::UnexpectedResponse, "the answer is a redirect, which is not followed"),
        500..=599 => (Code::ServerError, "the server failed"),
        _ => (Code::UnexpectedResponse, "the answer has an unexpected status"),
    };
    let text = stated.map(|text| format!(": {}", shown(&text))).unwrap_or_default();
    let error = Error::new(code, format!("{message} (HTTP {status}{text})")).status(status);
    Err(error.hint(hint(code, status)))
}

fn is(text: &str, documented: &str) -> bool {
    text.trim().trim_end_matches('.').eq_ignore_ascii_case(documented)
}

const fn hint(code: Code, status: u16) -> &'static str {
    match (code, status) {
        (Code::InvalidCredentials, _) => {
            "check that key and secret belong together and to this environment; a lost secret \
             can't be retrieved, only replaced by a new key in the dashboard"
        }
        (Code::KeyDisabled, _) => "enable the key in the dashboard, or use another",
        (Code::AccessDenied, _) => "check what the key may do, and that no proxy answers instead",
        (Code::RateLimited, _) => "try again later, or ask for fewer tokens at once",
        (Code::ServerError, _) => "try again later; if it lasts, tell the API's operator",
        (_, 300..=399) => "check the token URL: the endpoint itself does not redirect",
        (_, 404 | 405) => "check the token URL: nothing takes token requests there",
        _ => "check the token URL, and whether a proxy answers instead of the API",
    }
}

/// The token of a 200.
fn token(answer: &Answer, shown: &dyn Fn(&str) -> String) -> Result<Token, Error> {
    let unusable = |message: String| {
        Error::new(Code::UnexpectedResponse, message)
            .status(200)
            .hint("check the token URL, and whether a proxy answers instead of the API")
    };
    let Ok(mut json) = serde_json::from_slice::<Value>(&answer.body) else {
        let kind = answer.content_type.as_deref();
        let kind = kind.map_or("of no declared type".to_owned(), |kind| {
            format!("declared as {}", shown(kind))
        });
        let size = answer.body.len();
        return Err(unusable(format!("the answer is not JSON ({size} bytes, {kind})")));
    };
    let Some(Value::String(text)) = json.pointer_mut("/data/token") else {
        return Err(unusable("the answer holds no token (no text at data.token)".to_owned()));
    };
    let token = Zeroizing::new(std::mem::take(text));
    match flaw(&token) {
        Some(flaw) => Err(unusable(format!("the answer's token {flaw}"))),
        None => Ok(Token::from(token)),
    }
}

/// Why a token could break a line, a shell or a terminal.
fn flaw(token: &str) -> Option<&'static str> {
    if token.is_empty() {
        Some("is empty")
    } else if token.contains(char::is_whitespace) {
        Some("holds white space")
    } else if token.contains(char::is_control) {
        Some("holds a control character")
    } else if token.contains(is_invisible) {
        Some("holds an invisible character")
    } else {
        None
    }
}

/// Characters that a terminal does not show but may obey: zero width, direction, joiners.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The error text of an answer, in either of the documented shapes.
fn stated_error(body: &[u8]) -> Option<String> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let text = json.pointer("/error/message").or(json.pointer("/error"))?;
    text.as_str().map(str::to_owned)
}

/// A server's text made fit for a terminal: no control characters, no key, no secret, not long.
/// Masked twice, for cleaning may bring a secret together, and may break one that was whole.
fn shown(text: &str, key: &Key, secret: &Secret) -> String {
    let masked = |text: &str| {
        let text = mask(text, secret.expose(), "[secret]");
        mask(&text, key.expose(), "[key]")
    };
    cut(&masked(&without_controls(&masked(text))))
}

/// Replaces a value as it is, as JSON writes it (a quoted request body), and as a URL does.
fn mask(text: &str, value: &str, name: &str) -> String {
    let json = Zeroizing::new(serde_json::to_string(value).expect("a string is always JSON"));
    let in_url = Zeroizing::new(utf8_percent_encode(value, NON_ALPHANUMERIC).to_string());
    text.replace(&json[1..json.len() - 1], name).replace(in_url.as_str(), name).replace(value, name)
}

fn without_controls(text: &str) -> String {
    text.chars().filter(|&c| !c.is_control() && !is_invisible(c)).collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_text(status: u16, body: &[u8]) -> Result<Token, Error> {
        let answer = Answer {
            status,
            content_type: Some("application/json".to_owned()),
            body: Zeroizing::new(body.to_vec()),
        };
        read_as_test(&answer)
    }

    fn read_as_test(answer: &Answer) -> Result<Token, Error> {
        let text = |text: &str| Zeroizing::new(text.to_owned());
        read(answer, &Key::from(text("the-key")), &Secret::from(text("the-secret")))
    }

    #[test]
    fn each_answer_has_its_code() {
        let flat = |text: &str| format!(r#"{{"status":"error","error":"{text}"}}"#);
        let deep = |text: &str| format!(r#"{{"error":{{"message":"{text}"}},"type":"x"}}"#);
        for (status, body, code) in [
            (401, flat("Invalid credentials provided"), Code::InvalidCredentials),
            (401, deep("Invalid credentials provided"), Code::InvalidCredentials),
            (401, flat("invalid Credentials provided. "), Code::InvalidCredentials),
            (401, flat("This API key is disabled"), Code::KeyDisabled),
            (401, deep("This API key is disabled"), Code::KeyDisabled),
            (401, flat("who are you"), Code::AccessDenied),
            (401, String::new(), Code::AccessDenied),
            (403, flat("This API key is disabled"), Code::AccessDenied),
            (403, "<html>".to_owned(), Code::AccessDenied),
            (429, String::new(), Code::RateLimited),
            (500, String::new(), Code::ServerError),
            (599, String::new(), Code::ServerError),
            (301, String::new(), Code::UnexpectedResponse),
            (308, String::new(), Code::UnexpectedResponse),
            (400, String::new(), Code::UnexpectedResponse),
            (404, String::new(), Code::UnexpectedResponse),
            (201, r#"{"data":{"token":"t"}}"#.to_owned(), Code::UnexpectedResponse),
            (204, String::new(), Code::UnexpectedResponse),
            (200, String::new(), Code::UnexpectedResponse),
            (200, "<html>".to_owned(), Code::UnexpectedResponse),
            (200, "{}".to_owned(), Code::UnexpectedResponse),
            (200, r#"{"data":{"token":1}}"#.to_owned(), Code::UnexpectedResponse),
            (200, r#"{"token":"t"}"#.to_owned(), Code::UnexpectedResponse),
            (200, r#"{"data":{"token":""}}"#.to_owned(), Code::UnexpectedResponse),
            (200, r#"{"data":{"token":"a b"}}"#.to_owned(), Code::UnexpectedResponse),
            (200, r#"{"data":{"token":"a\nb"}}"#.to_owned(), Code::UnexpectedResponse),
            (200, r#"{"data":{"token":"a\u0000"}}"#.to_owned(), Code::UnexpectedResponse),
            (200, r#"{"data":{"token":"a\u001b[2J"}}"#.to_owned(), Code::UnexpectedResponse),
            (200, r#"{"data":{"token":"a\u202eb"}}"#.to_owned(), Code::UnexpectedResponse),
            (200, r#"{"data":{"token":"t"}} x"#.to_owned(), Code::UnexpectedResponse),
            (200, r#"{"data":["t"]}"#.to_owned(), Code::UnexpectedResponse),
            (200, r#"[["t"]]"#.to_owned(), Code::UnexpectedResponse),
        ] {
            let error = read_text(status, body.as_bytes()).expect_err(&body);
            assert_eq!(error.code(), code, "{status} {body}");
        }
    }

    #[test]
    fn a_code_does_not_depend_on_what_key_and_secret_are() {
        let body = br#"{"error":"This API key is disabled"}"#.to_vec();
        let answer = Answer { status: 401, content_type: None, body: Zeroizing::new(body) };
        let text = |text: &str| Zeroizing::new(text.to_owned());
        let error = read(&answer, &Key::from(text("key")), &Secret::from(text("i"))).unwrap_err();
        assert_eq!(error.code(), Code::KeyDisabled);
    }

    #[test]
    fn a_secret_is_masked_however_a_server_quotes_it() {
        let text = |text: &str| Zeroizing::new(text.to_owned());
        let (key, secret) = (Key::from(text("k\\ey")), Secret::from(text("pa\"ss/wo\\rd")));
        for quoted in ["pa\"ss/wo\\rd", "{\"secret\":\"pa\\\"ss/wo\\\\rd\"}", "pa%22ss%2Fwo%5Crd"] {
            let said = shown(quoted, &key, &secret);
            assert!(said.contains("[secret]") && !said.contains("wo"), "{quoted}: {said}");
        }
        assert_eq!(shown("k\\\\ey, k%5Cey", &key, &secret), "[key], [key]");
    }

    #[test]
    fn a_token_is_taken_with_whatever_stands_around_it() {
        for body in [
            r#"{"data":{"token":"t0ken"}}"#,
            r#" {"status":"ok","data":{"expires":1,"token":"t0ken"},"more":[]} "#,
        ] {
            assert_eq!(read_text(200, body.as_bytes()).unwrap().expose(), "t0ken");
        }
    }

    #[test]
    fn a_servers_text_is_cleaned_masked_and_cut() {
        let long = "x".repeat(500);
        for (text, told) in [
            (r"a\u001b[31mred\u0007", "(HTTP 401: a[31mred)"),
            (r"no the-secret, no the-key", "(HTTP 401: no [secret], no [key])"),
            (r"the-\u0000secret", "(HTTP 401: [secret])"),
            (long.as_str(), &format!("{}…)", "x".repeat(SHOWN))),
        ] {
            let body = format!(r#"{{"error":"{text}"}}"#);
            let said = read_text(401, body.as_bytes()).unwrap_err().summary();
            assert!(said.ends_with(told), "{said}");
        }
        let echo = Answer {
            status: 200,
            content_type: Some("text/the-secret; key=the-key".to_owned()),
            body: Zeroizing::default(),
        };
        let said = read_as_test(&echo).unwrap_err().summary();
        assert!(said.ends_with("declared as text/[secret]; key=[key])"), "{said}");
        let split = format!(r#"{{"error":"{}the-secret"}}"#, "x".repeat(SHOWN - 4));
        let said = read_text(401, split.as_bytes()).unwrap_err().summary();
        assert!(!said.contains("the-"), "a cut leaves no half of a secret: {said}");
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_clean_token_or_an_error(
            status in prop_oneof![Just(200u16), 100u16..1000],
            body in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..64),
                "\\PC*".prop_map(String::into_bytes),
                any::<String>().prop_map(|token| {
                    serde_json::json!({"data": {"token": token}}).to_string().into_bytes()
                }),
                any::<String>().prop_map(|text| {
                    serde_json::json!({"error": text + "the-secret"}).to_string().into_bytes()
                }),
            ],
        ) {
            match read_text(status, &body) {
                Ok(token) => {
                    let token = token.expose();
                    prop_assert!(!token.is_empty());
                    prop_assert!(!token.contains(|c: char| c.is_whitespace() || c.is_control()));
                }
                Err(error) => {
                    for (_, said) in error.lines() {
                        prop_assert!(!said.contains("the-secret"));
                        prop_assert!(!said.contains(char::is_control));
                    }
                }
            }
        }
    }
}
