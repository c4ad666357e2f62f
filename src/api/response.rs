//! A response of the API becomes a token or an error.
//!
//! The documented responses are in the vendor's documentation ("API Reference / Data Extraction API
//! / Authentication", version 4.1).

use std::time::{Duration, SystemTime};

use serde_json::Value;
use ureq::http::{HeaderMap, Uri};

use super::failure::{Failure, NOT_THE_API, unexpected};
use super::retry;
use super::server_text::shown;
use crate::error::{Code, Error};
use crate::secret::{Key, Secret, Token};

/// The size limit of a response's body: more than this API ever sends.
pub const MAX_BYTES: u64 = 1 << 20;

const INVALID_CREDENTIALS: &str = "Invalid credentials provided";
const KEY_DISABLED: &str = "This API key is disabled";

/// A response as it came.
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Response {
    /// The token.
    ///
    /// # Errors
    /// Why there is none, with the server's own words if they are safe to show.
    pub fn token(&self, key: &Key, secret: &Secret) -> Result<Token, Failure> {
        let shown = |text: &str| shown(text, key, secret);
        let read =
            if self.status == 200 { self.read_token(&shown) } else { Err(self.error(&shown)) };
        read.map_err(|error| Failure {
            error: error.status(self.status),
            is_transient: retry::is_transient(self.status),
            retry_after: self.retry_after(),
        })
    }

    /// The least wait before another request.
    pub fn retry_after(&self) -> Option<Duration> {
        retry::retry_after(self.header("retry-after")?, SystemTime::now())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn read_token(&self, shown: &dyn Fn(&str) -> String) -> Result<Token, Error> {
        let Ok(mut json) = serde_json::from_slice::<Value>(&self.body) else {
            if let Some(encoding) = self.header("content-encoding") {
                let encoding = shown(encoding);
                let message =
                    format!("the response is compressed although not requested ({encoding})");
                return Err(unexpected(message));
            }
            let size = self.body.len();
            let declared = self.header("content-type").unwrap_or("none");
            let declared = shown(declared.split(';').next().unwrap_or_default());
            let message =
                format!("the response is not JSON ({size} bytes, content type: {declared})");
            return Err(unexpected(message));
        };
        let Some(Value::String(token)) = json.pointer_mut("/data/token") else {
            return Err(unexpected("the response contains no token (no string at data.token)"));
        };
        // Anything else is unsafe in a line, a shell or a terminal.
        let flaw = if token.is_empty() {
            "is empty"
        } else if token.contains(char::is_whitespace) {
            "contains white space"
        } else if token.contains(char::is_control) {
            "contains a control character"
        } else {
            return Ok(Token::from(std::mem::take(token)));
        };
        Err(unexpected(format!("the response's token {flaw}")))
    }

    fn error(&self, shown: &dyn Fn(&str) -> String) -> Error {
        let reason = self.reason();
        let text = reason.as_deref().unwrap_or_default();
        let says = |known: &str| text.trim().trim_end_matches('.').eq_ignore_ascii_case(known);
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
                (Code::UnexpectedResponse, "the response is a redirect, which is not followed")
            }
            511 => (Code::ServerError, "the network requires a login"),
            500..=599 => (Code::ServerError, "the server failed"),
            _ => (Code::UnexpectedResponse, "the response has an unexpected status"),
        };
        let status = self.status;
        let quoted = match (self.redirect_host(), &reason) {
            (Some(host), _) => format!(" to {}", shown(&host)),
            (None, Some(text)) => format!(": {}", shown(text)),
            (None, None) => String::new(),
        };
        let message = format!("{message} (HTTP {status}{quoted})");
        Error::new(code, message).hint(hint(code, status, reason.is_some()))
    }

    /// The error text, in either of the two documented shapes.
    fn reason(&self) -> Option<String> {
        let json: Value = serde_json::from_slice(&self.body).ok()?;
        let text = json.pointer("/error/message").or(json.pointer("/error"))?;
        text.as_str().map(str::to_owned)
    }

    fn redirect_host(&self) -> Option<String> {
        if !matches!(self.status, 300..=399) {
            return None;
        }
        let target: Uri = self.header("location")?.parse().ok()?;
        Some(target.host()?.to_owned())
    }
}

const fn hint(code: Code, status: u16, is_api: bool) -> &'static str {
    match (code, status) {
        (Code::InvalidCredentials, _) => {
            "check that key and secret belong together and to this environment; a lost secret \
             can't be recovered, only replaced by a new key in the dashboard"
        }
        (Code::KeyDisabled, _) => "enable the key in the dashboard, or use another one",
        (Code::AccessDenied, _) | (_, 400) if !is_api => {
            "this is not an error of the API: check the token URL, whether a proxy responds \
             instead, and whether the server requires a client certificate, which is not sent"
        }
        (Code::AccessDenied, _) => {
            "check the key's roles in the dashboard: DATA_EXTRACTION for the data extraction API, \
             ADMIN_ROLE for the Admin API"
        }
        (Code::RateLimited, _) => "try again later, or request fewer tokens at once",
        (_, 511) => "log in to the network in a browser, then try again",
        (Code::ServerError, _) => "try again later; if it persists, contact the API's operator",
        (_, 300..=399) => "check the token URL: the endpoint itself does not redirect",
        (_, 404 | 405) => "check the token URL: there is no token endpoint at this path",
        _ => NOT_THE_API,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ureq::http::HeaderName;

    use super::*;

    fn response(status: u16, header: (&'static str, &str), body: &[u8]) -> Response {
        let headers = [(HeaderName::from_static(header.0), header.1.parse().unwrap())];
        Response { status, headers: headers.into_iter().collect(), body: body.to_vec() }
    }

    fn read(response: &Response) -> Result<Token, Error> {
        let (key, secret) = ("the-key".to_owned(), "the-secret".to_owned());
        response.token(&Key::from(key), &Secret::from(secret)).map_err(|failure| failure.error)
    }

    fn read_text(status: u16, body: &[u8]) -> Result<Token, Error> {
        read(&response(status, ("content-type", "application/json"), body))
    }

    #[test]
    fn each_response_has_its_code_and_hint() {
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
            (401, String::new(), AccessDenied, "client certificate"),
            (403, flat("This API key is disabled"), AccessDenied, "the key's roles"),
            (403, "<html>".to_owned(), AccessDenied, "client certificate"),
            (403, deep("no privilege"), AccessDenied, "the key's roles"),
            (429, String::new(), RateLimited, "fewer tokens"),
            (500, String::new(), ServerError, "the API's operator"),
            (599, String::new(), ServerError, "the API's operator"),
            (511, String::new(), ServerError, "log in to the network"),
            (301, String::new(), UnexpectedResponse, "does not redirect"),
            (308, String::new(), UnexpectedResponse, "does not redirect"),
            (400, String::new(), UnexpectedResponse, "client certificate"),
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
    fn a_response_without_a_valid_token_is_unexpected() {
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
        ] {
            let error = read_text(200, body.as_bytes()).expect_err(body);
            assert_eq!(error.code(), Code::UnexpectedResponse, "{body}");
            assert!(error.summary().contains(said), "{body}: {}", error.summary());
        }
    }

    #[test]
    fn a_code_does_not_depend_on_what_key_and_secret_are() {
        let response = response(401, ("x", ""), br#"{"error":"This API key is disabled"}"#);
        let (key, secret) = (Key::from("key".to_owned()), Secret::from("i".to_owned()));
        let error = response.token(&key, &secret).unwrap_err().error;
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
    fn what_the_server_says_is_shown_if_it_is_safe() {
        const JSON: (&str, &str) = ("content-type", "application/json");
        for (status, header, body, end) in [
            (401, JSON, r#"{"error":"no access"}"#, "(HTTP 401: no access)"),
            (401, JSON, r#"{"error":"no the-SECRET"}"#, "(HTTP 401: [text of 13 bytes withheld])"),
            (200, ("content-type", "text/html; x=y"), "", "content type: text/html)"),
            (200, ("content-type", "text/THE-KEY"), "", "[text of 12 bytes withheld])"),
            (200, ("x", ""), "", "(0 bytes, content type: none)"),
            (200, ("content-encoding", "gzip"), "x", "compressed although not requested (gzip)"),
            (302, ("location", "https://h.example/?q=1"), "", "(HTTP 302 to h.example)"),
            (302, ("location", "https://the-secret/"), "", "to [text of 10 bytes withheld])"),
            (302, ("location", "/login"), "", "which is not followed (HTTP 302)"),
        ] {
            let summary = read(&response(status, header, body.as_bytes())).unwrap_err().summary();
            assert!(summary.ends_with(end), "{summary}");
        }
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
