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
