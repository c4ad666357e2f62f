//! The token endpoint: a request becomes a documented answer.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::http::Answer;

/// The paths of production and staging, as the vendor's documentation has them.
pub const TOKEN_PATHS: [&str; 2] = [
    "/smart-extract-api/api/account/v1/auth/token",
    "/smart-extract-stg-api/api/account/v1/auth/token",
];

/// What is taken, and what was given for it.
pub struct Accepted {
    key: String,
    secret: String,
    disabled_key: String,
    issued: Mutex<HashSet<String>>,
}

impl Accepted {
    pub fn new(key: String, secret: String, disabled_key: String) -> Self {
        Self { key, secret, disabled_key, issued: Mutex::default() }
    }

    pub fn has_issued(&self, token: &str) -> bool {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).contains(token)
    }

    fn issue(&self) -> String {
        let token = random();
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone());
        token
    }
}

/// 128 bits from the operating system, as 32 hexadecimal digits.
pub fn random() -> String {
    let mut bits = [0; 16];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut bits).expect("the operating system has random numbers");
    format!("{:032x}", u128::from_ne_bytes(bits))
}

/// An error in the shape of the two documented ones.
pub fn error(status: u16, text: &str) -> Answer {
    json(status, format!("{{ \"status\": \"error\", \"error\": \"{text}\" }}"))
}

fn json(status: u16, body: String) -> Answer {
    Answer { status, content_type: "application/json", body, header: None }
}

/// Whether a `Content-Type` is JSON's, with or without parameters.
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

pub fn exchange(accepted: &Accepted, content_type: Option<&str>, body: &[u8]) -> Answer {
    if !content_type.is_some_and(is_json) {
        return error(415, "The content type must be application/json");
    }
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return error(400, "The body is not JSON");
    };
    let (Some(key), Some(secret)) = (request["key"].as_str(), request["secret"].as_str()) else {
        return error(400, "The body must have the strings key and secret");
    };
    if key == accepted.disabled_key {
        return error(401, "This API key is disabled");
    }
    if key != accepted.key || secret != accepted.secret {
        return error(401, "Invalid credentials provided");
    }
    json(200, format!("{{ \"data\": {{ \"token\": \"{}\" }} }}", accepted.issue()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const JSON: Option<&str> = Some("application/json");

    fn accepted() -> Accepted {
        Accepted::new("k".to_owned(), "s".to_owned(), "d".to_owned())
    }

    #[test]
    fn each_request_has_its_answer() {
        for (body, status, text) in [
            (r#"{"key":"k","secret":"s"}"#, 200, "{ \"data\": { \"token\": \""),
            (r#"{"key":"k","secret":"x"}"#, 401, "Invalid credentials provided"),
            (r#"{"key":"x","secret":"s"}"#, 401, "Invalid credentials provided"),
            (r#"{"key":"d","secret":"s"}"#, 401, "This API key is disabled"),
            (r#"{"key":"k"}"#, 400, "strings key and secret"),
            (r#"{"key":1,"secret":"s"}"#, 400, "strings key and secret"),
            ("[]", 400, "strings key and secret"),
            ("", 400, "not JSON"),
        ] {
            let answer = exchange(&accepted(), JSON, body.as_bytes());
            assert_eq!(answer.status, status, "{body}");
            assert!(answer.body.contains(text), "{body}: {}", answer.body);
        }
        for (kind, status) in [
            (None, 415),
            (Some("text/plain"), 415),
            (Some("application/jsonx"), 415),
            (Some("Application/JSON; charset=utf-8"), 400),
        ] {
            assert_eq!(exchange(&accepted(), kind, b"{}").status, status, "{kind:?}");
        }
    }

    #[test]
    fn only_what_was_issued_is_known() {
        let accepted = accepted();
        let (one, other) = (accepted.issue(), accepted.issue());
        assert_ne!(one, other);
        assert!(accepted.has_issued(&one) && accepted.has_issued(&other));
        assert!(!accepted.has_issued(&random()) && !accepted.has_issued(""));
    }

    proptest! {
        #[test]
        fn any_body_gets_an_answer_in_json(body in proptest::collection::vec(any::<u8>(), 0..99)) {
            let answer = exchange(&accepted(), JSON, &body);
            prop_assert!(serde_json::from_str::<Value>(&answer.body).is_ok());
            prop_assert_ne!(answer.status, 200);
        }
    }
}
