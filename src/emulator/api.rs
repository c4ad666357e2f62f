//! The token endpoint: a request gets its documented response.

use std::collections::HashSet;
use std::sync::Mutex;

use serde_json::Value;

use super::http::Response;

/// The paths of production and staging in the vendor's documentation.
pub const TOKEN_PATHS: [&str; 2] = [
    "/smart-extract-api/api/account/v1/auth/token",
    "/smart-extract-stg-api/api/account/v1/auth/token",
];

/// The credentials that are accepted, and the tokens that were issued for them.
pub struct Accounts {
    key: String,
    secret: String,
    disabled_key: String,
    issued: Mutex<HashSet<String>>,
}

impl Accounts {
    pub fn new(key: String, secret: String, disabled_key: String) -> Self {
        Self { key, secret, disabled_key, issued: Mutex::default() }
    }

    pub fn has_issued(&self, token: &str) -> bool {
        self.issued.lock().expect("no holder panics").contains(token)
    }

    /// The response to a POST with this `Content-Type` and body.
    pub fn exchange(&self, content_type: &str, body: &[u8]) -> Response {
        let media_type = content_type.split(';').next().unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/json") {
            return Response::error(415, "The content type must be application/json");
        }
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let (Some(key), Some(secret)) = (request["key"].as_str(), request["secret"].as_str())
        else {
            return Response::error(400, "The body must be JSON with the strings key and secret");
        };
        if key == self.disabled_key {
            return Response::error(401, "This API key is disabled");
        }
        if key != self.key || secret != self.secret {
            return Response::error(401, "Invalid credentials provided");
        }
        // It opens nothing, so that it needs no secure random numbers.
        let token = format!("{:032x}", fastrand::u128(..));
        let body = format!("{{ \"data\": {{ \"token\": \"{token}\" }} }}");
        self.issued.lock().expect("no holder panics").insert(token);
        Response::json(200, body)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const JSON: &str = "application/json";

    fn accounts() -> Accounts {
        Accounts::new("k".to_owned(), "s".to_owned(), "d".to_owned())
    }

    #[test]
    fn each_request_has_its_response() {
        let invalid = r#"{ "status": "error", "error": "Invalid credentials provided" }"#;
        let disabled = r#"{ "status": "error", "error": "This API key is disabled" }"#;
        for (body, status, text) in [
            (r#"{"key":"k","secret":"s"}"#, 200, "{ \"data\": { \"token\": \""),
            (r#"{"key":"k","secret":"x"}"#, 401, invalid),
            (r#"{"key":"x","secret":"s"}"#, 401, invalid),
            (r#"{"key":"d","secret":"s"}"#, 401, disabled),
            (r#"{"key":"k"}"#, 400, "strings key and secret"),
            (r#"{"key":1,"secret":"s"}"#, 400, "strings key and secret"),
            ("[]", 400, "strings key and secret"),
            ("", 400, "strings key and secret"),
        ] {
            let response = accounts().exchange(JSON, body.as_bytes());
            assert_eq!(response.status, status, "{body}");
            assert!(response.body.contains(text), "{body}: {}", response.body);
        }
        for (kind, status) in [
            ("", 415),
            ("text/plain", 415),
            ("application/jsonx", 415),
            ("Application/JSON; charset=utf-8", 400),
        ] {
            assert_eq!(accounts().exchange(kind, b"{}").status, status, "{kind}");
        }
    }

    proptest! {
        #[test]
        fn any_body_gets_a_response_in_json(body in proptest::collection::vec(any::<u8>(), 0..99)) {
            let response = accounts().exchange(JSON, &body);
            prop_assert!(serde_json::from_str::<Value>(&response.body).is_ok());
            prop_assert_ne!(response.status, 200);
        }
    }
}
