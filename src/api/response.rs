//! An answer of the API becomes a token or an error.
//!
//! The documented answers are in the vendor's documentation ("API Reference / Data Extraction API /
//! Authentication", version 4.1).

use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroizing;

use super::foreign_text::{is_invisible, shown};
use super::retry;
use crate::error::{Code, Error};
use crate::secret::{Key, Secret, Token};

/// The size limit of an answer's body: more than this API ever sends.
pub const MAX_BYTES: u64 = 1 << 20;

const INVALID_CREDENTIALS: &str = "Invalid credentials provided";
const KEY_DISABLED: &str = "This API key is disabled";
const NOT_THE_API: &str = "check the token URL, and whether a proxy answers instead of the API";

/// The error of an answer that this API would not give.
pub fn unexpected(message: impl Into<String>) -> Error {
    Error::new(Code::UnexpectedResponse, message).hint(NOT_THE_API)
}

/// An answer as it came.
pub struct Response {
    pub status: u16,
    pub content_type: Option<String>,
    /// The least wait before another request.
    pub retry_after: Option<Duration>,
    pub body: Zeroizing<Vec<u8>>,
}

/// An attempt without a token.
pub struct Failure {
    pub error: Error,
    /// Whether another attempt may succeed.
    pub is_transient: bool,
    /// The least wait before it.
    pub retry_after: Option<Duration>,
}

impl Response {
    /// The token.
    ///
    /// # Errors
    /// Why there is none, with the server's own words unless they repeat key or secret.
    pub fn token(&self, key: &Key, secret: &Secret) -> Result<Token, Failure> {
        self.read(key, secret).map_err(|error| Failure {
            error: error.status(self.status),
            is_transient: retry::is_transient(self.status),
            retry_after: self.retry_after,
        })
    }

    fn read(&self, key: &Key, secret: &Secret) -> Result<Token, Error> {
        let shown = |text: &str| shown(text, key, secret);
        if self.status == 200 {
            return self.token_of_success(&shown);
        }
        let reason = self.reason();
        let says = |text| {
            let reason = reason.as_deref().unwrap_or_default().trim().trim_end_matches('.');
            reason.eq_ignore_ascii_case(text)
        };
        let (code, message) = match self.status {
            401 if says(INVALID_CREDENTIALS) => {
                (Code::InvalidCredentials, "the API says that the credentials are not valid")
            }
            401 if says(KEY_DISABLED) => {
                (Code::KeyDisabled, "the API says that the key is disabled")
            }
            401 | 403 => (Code::AccessDenied, "the API denies access"),
            429 => (Code::RateLimited, "the API asks for fewer requests"),
            300..=399 => {
                (Code::UnexpectedResponse, "the answer is a redirect, which is not followed")
            }
            500..=599 => (Code::ServerError, "the server failed"),
            _ => (Code::UnexpectedResponse, "the answer has an unexpected status"),
        };
        let reason = reason.map(|reason| format!(": {}", shown(&reason))).unwrap_or_default();
        let message = format!("{message} (HTTP {}{reason})", self.status);
        Err(Error::new(code, message).hint(hint(code, self.status)))
    }

    fn token_of_success(&self, shown: &dyn Fn(&str) -> String) -> Result<Token, Error> {
        let Ok(mut json) = serde_json::from_slice::<Value>(&self.body) else {
            let content_type = match &self.content_type {
                Some(content_type) => format!("declared as {}", shown(content_type)),
                None => "without a content type".to_owned(),
            };
            let size = self.body.len();
            return Err(unexpected(format!(
                "the answer is not JSON ({size} bytes, {content_type})"
            )));
        };
        let Some(Value::String(text)) = json.pointer_mut("/data/token") else {
            return Err(unexpected("the answer contains no token (no string at data.token)"));
        };
        let token = Zeroizing::new(std::mem::take(text));
        match flaw(&token) {
            Some(flaw) => Err(unexpected(format!("the answer's token {flaw}"))),
            None => Ok(Token::from(token)),
        }
    }

    /// The error text, in either of the two documented shapes.
    fn reason(&self) -> Option<String> {
        let json: Value = serde_json::from_slice(&self.body).ok()?;
        let text = json.pointer("/error/message").or(json.pointer("/error"))?;
        text.as_str().map(str::to_owned)
    }
}

const fn hint(code: Code, status: u16) -> &'static str {
    match (code, status) {
        (Code::InvalidCredentials, _) => {
            "check that key and secret belong together and to this environment; a lost secret \
             can't be recovered, only replaced by a new key in the dashboard"
        }
        (Code::KeyDisabled, _) => "enable the key in the dashboard, or use another one",
        (Code::AccessDenied, _) => {
            "check the key's roles in the dashboard: DATA_EXTRACTION for the data extraction API, \
             ADMIN_ROLE for the admin API; and that no proxy answers instead of the API"
        }
        (Code::RateLimited, _) => "try again later, or request fewer tokens at once",
        (Code::ServerError, _) => "try again later; if it persists, contact the API's operator",
        (_, 300..=399) => "check the token URL: the endpoint itself does not redirect",
        (_, 404 | 405) => "check the token URL: there is no token endpoint at this path",
        _ => NOT_THE_API,
    }
}

/// What makes a token unsafe in a line, a shell or a terminal.
fn flaw(token: &str) -> Option<&'static str> {
    if token.is_empty() {
        Some("is empty")
    } else if token.contains(char::is_whitespace) {
        Some("contains white space")
    } else if token.contains(char::is_control) {
        Some("contains a control character")
    } else if token.contains(is_invisible) {
        Some("contains an invisible character")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn response(status: u16, body: &[u8]) -> Response {
        let content_type = Some("application/json".to_owned());
        Response { status, content_type, retry_after: None, body: Zeroizing::new(body.to_vec()) }
    }

    fn read(response: &Response) -> Result<Token, Error> {
        let text = |text: &str| Zeroizing::new(text.to_owned());
        response.read(&Key::from(text("the-key")), &Secret::from(text("the-secret")))
    }

    fn read_text(status: u16, body: &[u8]) -> Result<Token, Error> {
        read(&response(status, body))
    }

    #[test]
    fn each_answer_has_its_code_and_hint() {
        use Code::{
            AccessDenied, InvalidCredentials, KeyDisabled, RateLimited, ServerError,
            UnexpectedResponse,
        };
        let flat = |text: &str| format!(r#"{{"status":"error","error":"{text}"}}"#);
        let deep = |text: &str| format!(r#"{{"error":{{"message":"{text}"}},"type":"x"}}"#);
        for (status, body, code, hint) in [
            (401, flat("Invalid credentials provided"), InvalidCredentials, "belong together"),
            (401, deep("Invalid credentials provided"), InvalidCredentials, "belong together"),
            (401, flat("invalid Credentials provided. "), InvalidCredentials, "belong together"),
            (401, flat("This API key is disabled"), KeyDisabled, "enable the key"),
            (401, deep("This API key is disabled"), KeyDisabled, "enable the key"),
            (401, flat("who are you"), AccessDenied, "the key's roles"),
            (401, String::new(), AccessDenied, "the key's roles"),
            (403, flat("This API key is disabled"), AccessDenied, "the key's roles"),
            (403, "<html>".to_owned(), AccessDenied, "the key's roles"),
            (403, deep("no privilege"), AccessDenied, "the key's roles"),
            (429, String::new(), RateLimited, "fewer tokens"),
            (500, String::new(), ServerError, "the API's operator"),
            (599, String::new(), ServerError, "the API's operator"),
            (301, String::new(), UnexpectedResponse, "does not redirect"),
            (308, String::new(), UnexpectedResponse, "does not redirect"),
            (400, String::new(), UnexpectedResponse, NOT_THE_API),
            (404, String::new(), UnexpectedResponse, "no token endpoint"),
            (405, String::new(), UnexpectedResponse, "no token endpoint"),
            (201, r#"{"data":{"token":"t"}}"#.to_owned(), UnexpectedResponse, NOT_THE_API),
            (204, String::new(), UnexpectedResponse, NOT_THE_API),
        ] {
            let error = read_text(status, body.as_bytes()).expect_err(&body);
            assert_eq!(error.code(), code, "{status} {body}");
            let (_, last_line) = error.lines().pop().unwrap();
            assert!(last_line.contains(hint), "{status} {body}: {last_line}");
        }
    }

    #[test]
    fn an_answer_without_a_valid_token_is_unexpected() {
        for (body, said) in [
            ("", "not JSON (0 bytes, "),
            ("<html>", "not JSON"),
            (r#"{"data":{"token":"t"}} x"#, "not JSON"),
            ("{}", "contains no token"),
            (r#"{"data":{"token":1}}"#, "contains no token"),
            (r#"{"data":{"token":null}}"#, "contains no token"),
            (r#"{"token":"t"}"#, "contains no token"),
            (r#"{"data":["t"]}"#, "contains no token"),
            (r#"[["t"]]"#, "contains no token"),
            (r#"{"data":{"token":""}}"#, "token is empty"),
            (r#"{"data":{"token":"a b"}}"#, "token contains white space"),
            (r#"{"data":{"token":"a\nb"}}"#, "token contains white space"),
            (r#"{"data":{"token":"a\u0000"}}"#, "token contains a control character"),
            (r#"{"data":{"token":"a\u001b[2J"}}"#, "token contains a control character"),
            (r#"{"data":{"token":"a\u202eb"}}"#, "token contains an invisible character"),
        ] {
            let error = read_text(200, body.as_bytes()).expect_err(body);
            assert_eq!(error.code(), Code::UnexpectedResponse, "{body}");
            assert!(error.summary().contains(said), "{body}: {}", error.summary());
        }
    }

    #[test]
    fn a_code_does_not_depend_on_what_key_and_secret_are() {
        let text = |text: &str| Zeroizing::new(text.to_owned());
        let response = response(401, br#"{"error":"This API key is disabled"}"#);
        let error = response.read(&Key::from(text("key")), &Secret::from(text("i"))).unwrap_err();
        assert_eq!(error.code(), Code::KeyDisabled);
    }

    #[test]
    fn a_token_is_read_regardless_of_other_fields() {
        for body in [
            r#"{"data":{"token":"t0ken"}}"#,
            r#" {"status":"ok","data":{"expires":1,"token":"t0ken"},"more":[]} "#,
        ] {
            assert_eq!(read_text(200, body.as_bytes()).unwrap().expose(), "t0ken");
        }
    }

    #[test]
    fn a_text_that_repeats_the_secret_is_withheld_in_the_body_and_in_the_content_type() {
        for (text, end) in [
            (r"a\u001b[31mred\u0007", "(HTTP 401: a[31mred)"),
            ("no the%2Dsecret", "(HTTP 401: [text withheld: it repeats the key or the secret])"),
        ] {
            let body = format!(r#"{{"error":"{text}"}}"#);
            let summary = read_text(401, body.as_bytes()).unwrap_err().summary();
            assert!(summary.ends_with(end), "{summary}");
        }
        let mut response = response(200, b"");
        response.content_type = Some("text/THE-KEY".to_owned());
        let summary = read(&response).unwrap_err().summary();
        assert!(
            summary.ends_with("declared as [text withheld: it repeats the key or the secret])")
        );
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
