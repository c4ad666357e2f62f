//! The exit code and the message for each response of the API.

use crate::support::server::{Api, PATH, SUCCESS, response, scripted};
use crate::support::{Case, KEY, SECRET};

const INVALID: &str = r#"{"status":"error","error":"Invalid credentials provided"}"#;
const DISABLED: &str = r#"{"status":"error","error":"This API key is disabled"}"#;
const DENIED: &str = r#"{"status":"error","type":"unauthorizedApiKeyError","error":{"message":"The API Key used does not have privilege to perform the intended action"}}"#;

#[track_caller]
fn ends_in(status: u16, body: &str, code: i32) -> crate::support::Outcome {
    let api = Api::answering(status, body);
    Case::token(&api.url(), "").run().fails(code)
}

#[test]
fn exit_0_and_the_token_for_a_200() {
    let api = Api::giving_tokens();
    Case::token(&api.url(), "").run().prints("t0ken\n");
}

#[test]
fn exit_10_for_invalid_credentials_with_their_origins_and_the_endpoint() {
    ends_in(401, INVALID, 10)
        .says("HTTP 401: Invalid credentials provided")
        .says("key:         52ee… (SMARTEXTRACT_KEY)")
        .says("secret:      (hidden) (SMARTEXTRACT_SECRET)")
        .says(&format!("{PATH} (SMARTEXTRACT_TOKEN_URL)"))
        .says("environment: production (default)");
}

#[test]
fn exit_11_for_a_disabled_key() {
    ends_in(401, DISABLED, 11).says("This API key is disabled");
}

#[test]
fn exit_12_for_a_key_without_the_privilege() {
    ends_in(401, DENIED, 12).says("does not have privilege");
}

#[test]
fn exit_12_with_a_hint_if_another_server_denies_access() {
    ends_in(403, "<h1>Forbidden</h1>", 12).says("client certificate").never_says("roles");
}

#[test]
fn exit_30_for_a_5xx() {
    ends_in(500, "", 30).says("HTTP 500");
    ends_in(511, "", 30).says("hint: log in to the network");
}

#[test]
fn exit_32_for_a_429() {
    ends_in(429, "", 32);
}

#[test]
fn exit_31_for_a_response_that_is_not_json() {
    ends_in(200, "<html>", 31).says("not JSON (6 bytes, content type: application/json)");
}

#[test]
fn a_text_that_repeats_the_secret_is_withheld() {
    let body = format!(r#"{{"error":"bad secret {}"}}"#, SECRET.to_uppercase());
    ends_in(401, &body, 12)
        .says("(HTTP 401: [text of 35 bytes withheld])")
        .never_says(&SECRET.to_uppercase());
}

#[test]
fn exit_31_for_a_response_over_1_mib() {
    let fits = format!(r#"{{"data":{{"token":"t0ken"}}}}{}"#, " ".repeat((1 << 20) - 26));
    let api = Api::answering(200, &fits);
    Case::token(&api.url(), "").run().prints("t0ken\n");
    ends_in(200, &format!("{fits}  "), 31).says("larger than 1 MiB");
}

#[test]
fn exit_31_for_a_redirect_which_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let (other_url, other_requests) = scripted(vec![response(200, "", SUCCESS)]);
        let redirect = response(status, &format!("location: {other_url}\r\n"), "");
        let (url, _) = scripted(vec![redirect]);
        Case::token(&url, "")
            .run()
            .fails(31)
            .says(&format!("which is not followed (HTTP {status} to 127.0.0.1)"));
        assert!(other_requests.try_recv().is_err(), "the secret followed a {status}");
    }
}

#[test]
fn the_request_is_one_compact_json_post_with_the_contracts_headers() {
    let (url, requests) = scripted(vec![response(200, "", SUCCESS)]);
    Case::token(&url, "").run().prints("t0ken\n");
    let request = requests.recv().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some(format!("POST {PATH} HTTP/1.1").as_str()));
    let mut headers: Vec<String> = lines.map(str::to_lowercase).collect();
    headers.retain(|line| !line.starts_with("host: "));
    headers.sort();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        headers,
        [
            "accept: application/json",
            &format!("content-length: {}", body.len()),
            "content-type: application/json",
            &format!("user-agent: smartextract/{version}"),
        ]
    );
    assert_eq!(body, format!(r#"{{"key":"{KEY}","secret":"{SECRET}"}}"#));
}

#[test]
fn a_response_that_is_cut_off_still_counts_by_its_status_and_retry_after() {
    for (status, retry_after, attempts) in [(401, "0", 1), (429, "99", 1), (429, "0", 3)] {
        let (url, requests) = scripted(vec![format!(
            "HTTP/1.1 {status} X\r\nretry-after: {retry_after}\r\ncontent-length: 99\r\n\r\n{{"
        )]);
        Case::token(&url, "--retries 2").run().fails(20).says("lost");
        assert_eq!(requests.try_iter().count(), attempts, "{status} {retry_after}");
    }
}
