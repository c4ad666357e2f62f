//! A response of the API becomes a token, or an error with the server's words if they are safe.

use serde_json::Value;
use ureq::http::response::Parts;
use ureq::http::{self, Uri};

use super::failure::{NOT_THE_API, unexpected};
use super::server_text::shown;
use crate::error::{Code, Error};
use crate::secret::{Key, Secret, Token};

pub const MAX_BYTES: u64 = 1 << 20;

/// A response as it came. Its body may be cut off or too long.
pub type Response = http::Response<Result<Vec<u8>, Error>>;

pub fn token(response: Response, key: &Key, secret: &Secret) -> Result<Token, Error> {
    let (head, body) = response.into_parts();
    let status = head.status.as_u16();
    let shown = |text: &str| shown(text, key, secret);
    let result = match body {
        Err(error) => Err(error),
        Ok(body) if status == 200 => read_token(&head, &body, shown),
        Ok(body) => Err(status_error(&head, &body, shown)),
    };
    result.map_err(|error| error.status(status))
}

fn header<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name)?.to_str().ok()
}

fn read_token(head: &Parts, body: &[u8], shown: impl Fn(&str) -> String) -> Result<Token, Error> {
    let Ok(mut json) = serde_json::from_slice::<Value>(body) else {
        let how = if let Some(encoding) = header(head, "content-encoding") {
            format!("compressed although not requested ({})", shown(encoding))
        } else {
            let declared = header(head, "content-type").unwrap_or("none").split(';').next();
            let declared = shown(declared.unwrap_or_default());
            format!("not JSON ({} bytes, content type: {declared})", body.len())
        };
        return Err(unexpected(format!("the response is {how}")));
    };
    let Some(Value::String(token)) = json.pointer_mut("/data/token") else {
        return Err(unexpected("the response contains no token (no string at data.token)"));
    };
    // Anything else is unsafe in a line, a shell or a terminal.
    if token.is_empty() || token.contains(|c: char| c.is_whitespace() || c.is_control()) {
        let flaw = "is empty, or contains white space or a control character";
        return Err(unexpected(format!("the response's token {flaw}")));
    }
    Ok(Token::from(std::mem::take(token)))
}

fn status_error(head: &Parts, body: &[u8], shown: impl Fn(&str) -> String) -> Error {
    let (status, reason) = (head.status.as_u16(), reason(body));
    let (code, message, hint) = meaning(status, reason.as_deref());
    let target: Uri = header(head, "location").unwrap_or_default().parse().unwrap_or_default();
    let quoted = match (target.host(), reason) {
        (Some(host), _) if head.status.is_redirection() => format!(" to {}", shown(host)),
        (_, Some(text)) => format!(": {}", shown(&text)),
        (_, None) => String::new(),
    };
    Error::new(code, format!("{message} (HTTP {status}{quoted})")).hint(hint)
}

fn reason(body: &[u8]) -> Option<String> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let text = json.pointer("/error/message").or(json.pointer("/error"))?;
    Some(text.as_str()?.to_owned())
}

fn meaning(status: u16, reason: Option<&str>) -> (Code, &'static str, &'static str) {
    let not_the_api = |message| (Code::UnexpectedResponse, message, NOT_THE_API);
    let said = reason.unwrap_or_default().trim().trim_end_matches('.').to_ascii_lowercase();
    match status {
        401 if said == "invalid credentials provided" => (
            Code::InvalidCredentials,
            "the API says that the credentials are not valid",
            "check that key and secret belong together and to this environment; a lost secret \
             can't be recovered, only replaced by a new key in the dashboard",
        ),
        401 if said == "this api key is disabled" => (
            Code::KeyDisabled,
            "the API says that the key is disabled",
            "enable the key in the dashboard, or use another one",
        ),
        401 | 403 if reason.is_some() => (
            Code::AccessDenied,
            "the API denies access",
            "check the key's roles in the dashboard: DATA_EXTRACTION for the data extraction API, \
             ADMIN_ROLE for the Admin API",
        ),
        401 | 403 => (Code::AccessDenied, "the server denies access", NOT_THE_API),
        429 => (
            Code::RateLimited,
            "the API asks for fewer requests",
            "try again later, or request fewer tokens at once",
        ),
        511 => (
            Code::ServerError,
            "the network requires a login",
            "log in to the network in a browser, then try again",
        ),
        500..=599 => (
            Code::ServerError,
            "the server failed",
            "try again later; if it persists, contact the API's operator",
        ),
        300..=399 => not_the_api("the response is a redirect, which is not followed"),
        _ => not_the_api("the response has an unexpected status"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(status: u16, header: (&str, &str), body: &[u8], secret: &str) -> Result<Token, Error> {
        let response = http::Response::builder().status(status).header(header.0, header.1);
        let (key, secret) = (Key::from("the-key".to_owned()), Secret::from(secret.to_owned()));
        token(response.body(Ok(body.to_vec())).unwrap(), &key, &secret)
    }

    fn read_text(status: u16, body: &[u8]) -> Result<Token, Error> {
        read(status, ("content-type", "application/json"), body, "the-secret")
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
            (401, flat("invalid Credentials provided. "), InvalidCredentials, "belong together"),
            (401, flat("This API key is disabled"), KeyDisabled, "enable the key"),
            (401, flat("who are you"), AccessDenied, "the key's roles"),
            (401, String::new(), AccessDenied, "client certificate"),
            (403, flat("This API key is disabled"), AccessDenied, "the key's roles"),
            (403, "<html>".to_owned(), AccessDenied, "client certificate"),
            (403, deep("no privilege"), AccessDenied, "the key's roles"),
            (429, String::new(), RateLimited, "fewer tokens"),
            (500, String::new(), ServerError, "the API's operator"),
            (511, String::new(), ServerError, "log in to the network"),
            (301, String::new(), UnexpectedResponse, NOT_THE_API),
            (400, String::new(), UnexpectedResponse, "client certificate"),
            (201, r#"{"data":{"token":"t"}}"#.to_owned(), UnexpectedResponse, NOT_THE_API),
        ] {
            let error = read_text(status, body.as_bytes()).expect_err(&body);
            assert_eq!(error.code(), code, "{status} {body}");
            let (_, last_line) = error.lines().pop().unwrap();
            assert!(last_line.contains(hint), "{status} {body}: {last_line}");
        }
    }

    #[test]
    fn the_token_is_data_token_and_any_other_response_is_unexpected() {
        let body = br#" {"status":"ok","data":{"expires":1,"token":"t0ken"},"more":[]} "#;
        assert_eq!(read_text(200, body).unwrap().expose(), "t0ken");
        for (body, said) in [
            ("", "not JSON (0 bytes, "),
            ("<html>", "not JSON"),
            (r#"{"data":{"token":"t"}} x"#, "not JSON"),
            ("{}", "contains no token"),
            (r#"{"data":{"token":1}}"#, "contains no token"),
            (r#"[["t"]]"#, "contains no token"),
            (r#"{"data":{"token":""}}"#, "token is empty, or contains"),
            (r#"{"data":{"token":"a b"}}"#, "token is empty, or contains"),
            (r#"{"data":{"token":"a\u001b[2J"}}"#, "token is empty, or contains"),
        ] {
            let error = read_text(200, body.as_bytes()).expect_err(body);
            assert_eq!(error.code(), Code::UnexpectedResponse, "{body}");
            assert!(error.summary().contains(said), "{body}: {}", error.summary());
        }
    }

    #[test]
    fn a_code_does_not_depend_on_what_key_and_secret_are() {
        let body = br#"{"error":"This API key is disabled"}"#;
        let error = read(401, ("x", ""), body, "i").unwrap_err();
        assert_eq!(error.code(), Code::KeyDisabled);
    }

    #[test]
    fn what_the_server_says_is_shown_if_it_is_safe() {
        for (status, header, body, end) in [
            (401, ("location", "http://h"), r#"{"error":"no access"}"#, "(HTTP 401: no access)"),
            (401, ("x", ""), r#"{"error":"no the-SECRET"}"#, "[text of 13 bytes withheld])"),
            (200, ("content-type", "text/html; x=y"), "", "content type: text/html)"),
            (200, ("content-type", "text/THE-KEY"), "", "[text of 12 bytes withheld])"),
            (200, ("x", ""), "", "(0 bytes, content type: none)"),
            (200, ("content-encoding", "gzip"), "x", "compressed although not requested (gzip)"),
            (302, ("location", "https://h.example/?q=1"), "", "(HTTP 302 to h.example)"),
            (302, ("location", "https://the-secret/"), "", "to [text of 10 bytes withheld])"),
            (302, ("location", "/login"), "", "which is not followed (HTTP 302)"),
        ] {
            let summary =
                read(status, header, body.as_bytes(), "the-secret").unwrap_err().summary();
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
