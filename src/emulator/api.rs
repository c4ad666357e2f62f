//! The token endpoint.

use serde_json::Value;

use super::Emulator;
use super::http::{Request, Response};

impl Emulator {
    pub(super) fn exchange(&self, request: &Request) -> Response {
        let media_type = request.content_type.split(';').next().unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/json") {
            return Response::error(415, "The content type must be application/json");
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let (Some(key), Some(secret)) = (body["key"].as_str(), body["secret"].as_str()) else {
            return Response::error(400, "The body must be JSON with the strings key and secret");
        };
        if key == self.disabled_key {
            return Response::error(401, "This API key is disabled");
        }
        if key != self.key || secret != self.secret {
            return Response::error(401, "Invalid credentials provided");
        }
        // The token gives access to nothing, so it needs no secure random number.
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

    fn exchange(content_type: &str, body: &[u8]) -> Response {
        let [key, secret, disabled_key] = ["k", "s", "d"].map(str::to_owned);
        let emulator = Emulator { key, secret, disabled_key, ..Emulator::default() };
        let request = Request {
            content_type: content_type.to_owned(),
            body: body.to_owned(),
            ..Request::default()
        };
        emulator.exchange(&request)
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
            ("", 400, "strings key and secret"),
        ] {
            let response = exchange(JSON, body.as_bytes());
            assert_eq!(response.status, status, "{body}");
            assert!(response.body.contains(text), "{body}: {}", response.body);
        }
        for (kind, status) in [
            ("", 415),
            ("text/plain", 415),
            ("application/jsonx", 415),
            ("Application/JSON; charset=utf-8", 400),
        ] {
            assert_eq!(exchange(kind, b"{}").status, status, "{kind}");
        }
    }

    proptest! {
        #[test]
        fn any_body_gets_a_response_in_json(body in proptest::collection::vec(any::<u8>(), 0..99)) {
            let response = exchange(JSON, &body);
            prop_assert!(serde_json::from_str::<Value>(&response.body).is_ok());
            prop_assert_ne!(response.status, 200);
        }
    }
}
