//! The exit code and the message for each answer of the API.

use crate::support::server::{Api, PATH, SUCCESS, response, scripted};
use crate::support::{Case, KEY, SECRET};

const INVALID: &str = r#"{"status":"error","error":"Invalid credentials provided"}"#;
const DISABLED: &str = r#"{"status":"error","error":"This API key is disabled"}"#;
const DENIED: &str = r#"{"status":"error","type":"unauthorizedApiKeyError","error":{"message":"The API Key used does not have privilege to perform the intended action"}}"#;

#[track_caller]
fn ends_in(status: usize, body: &str, code: i32) -> crate::support::Outcome {
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
        .says("secret:      SMARTEXTRACT_SECRET")
        .says(&format!("{PATH} (SMARTEXTRACT_TOKEN_URL)"))
        .says("environment: production (default)")
        .says("hint: ");
}

#[test]
fn exit_11_for_a_disabled_key() {
    ends_in(401, DISABLED, 11).says("This API key is disabled").says("hint: enable the key");
}

#[test]
fn exit_12_for_any_other_401_or_403() {
    ends_in(401, DENIED, 12)
        .says("does not have privilege")
        .says("hint: check the key's roles in the dashboard: DATA_EXTRACTION")
        .says("ADMIN_ROLE");
    ends_in(403, DENIED, 12);
    ends_in(403, INVALID, 12);
    ends_in(401, "", 12);
    ends_in(401, "<html>", 12);
}

#[test]
fn exit_30_for_a_5xx() {
    for status in [500, 501, 502, 503, 504, 505, 599] {
        ends_in(status, "", 30).says(&format!("HTTP {status}"));
    }
}

#[test]
fn exit_32_for_a_429() {
    ends_in(429, "", 32);
}

#[test]
fn exit_31_for_an_answer_without_a_valid_token() {
    for (status, body, said) in [
        (200, "<html>", "the answer is not JSON"),
        (200, "", "the answer is not JSON (0 bytes"),
        (200, "{}", "the answer contains no token"),
        (200, r#"{"data":{"token":null}}"#, "the answer contains no token"),
        (200, r#"{"data":{"token":""}}"#, "token is empty"),
        (200, r#"{"data":{"token":"a b"}}"#, "token contains white space"),
        (200, r#"{"data":{"token":"a\nb"}}"#, "token contains white space"),
        (200, r#"{"data":{"token":"a\u001b[2J"}}"#, "token contains a control character"),
        (201, SUCCESS, "unexpected status (HTTP 201)"),
        (404, "", "unexpected status (HTTP 404)"),
        (400, INVALID, "HTTP 400: Invalid credentials provided"),
    ] {
        ends_in(status, body, 31).says(said);
    }
}

#[test]
fn exit_31_for_an_answer_over_1_mib() {
    let fits = format!(r#"{{"data":{{"token":"t0ken"}}}}{}"#, " ".repeat((1 << 20) - 26));
    let api = Api::answering(200, &fits);
    Case::token(&api.url(), "").run().prints("t0ken\n");
    ends_in(200, &format!("{fits}  "), 31).says("larger than 1 MiB");
}

#[test]
fn a_content_type_that_repeats_key_or_secret_is_withheld() {
    for value in [KEY, SECRET] {
        let odd = format!("content-type: text/{value}\r\n");
        let answer =
            response(200, "", "no json").replace("content-type: application/json\r\n", &odd);
        Case::token(&scripted(vec![answer]).0, "").run().fails(31).says("as [text withheld: ");
    }
}

#[test]
fn a_text_that_repeats_the_secret_in_any_encoding_is_withheld() {
    for repeated in [
        "pä/ss&w<rd-0123",
        "PÄ/SS&W<RD-0123",
        "p%C3%A4%2Fss%26w%3Crd-0123",
        "p%c3%a4%2fss%26w%3crd%2d0123",
        r"p\u00e4\/ss&w<rd-0123",
        r"p\u00E4/ss\u0026w\u003Crd-0123",
        "p&auml;/ss&amp;w&lt;rd-0123",
        "p&#228;&#x2F;ss&#038;w&LT;rd-0123",
        "p%25C3%25A4/ss&amp;amp;w&lt;rd-0123",
    ] {
        let body = serde_json::json!({"error": format!("bad secret {repeated}")}).to_string();
        let api = Api::answering(401, &body);
        Case::token(&api.url(), "")
            .env("SMARTEXTRACT_SECRET", "pä/ss&w<rd-0123")
            .run()
            .fails(12)
            .says("(HTTP 401: [text withheld: it repeats the key or the secret])")
            .never_says("0123");
    }
}

#[test]
fn exit_31_for_a_redirect_which_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let (other_url, other_requests) = scripted(vec![response(200, "", SUCCESS)]);
        let redirect = response(status, &format!("location: {other_url}\r\n"), "");
        let (url, _) = scripted(vec![redirect]);
        Case::token(&url, "").run().fails(31).says("redirect");
        assert!(other_requests.try_recv().is_err(), "the secret followed a {status}");
    }
}

#[test]
fn no_compression_is_requested_or_accepted() {
    let (url, requests) = scripted(vec![response(200, "content-encoding: gzip\r\n", "\u{1f}")]);
    Case::token(&url, "").run().fails(31);
    assert!(!requests.recv().unwrap().to_lowercase().contains("accept-encoding"));
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
fn a_servers_text_is_cleaned_and_truncated() {
    let text = format!("\\u001b[31mno \\u202e{}", "long, ".repeat(500));
    let outcome = ends_in(401, &format!(r#"{{"error":"{text}"}}"#), 12)
        .says("[31mno long, long")
        .never_says("\u{1b}");
    assert!(outcome.stderr.len() < 1500);
}

#[test]
fn an_answer_that_is_cut_off_still_counts_by_its_status_and_retry_after() {
    for (status, retry_after, attempts) in [(401, "0", 1), (429, "99", 1), (429, "0", 3)] {
        let (url, requests) = scripted(vec![format!(
            "HTTP/1.1 {status} X\r\nretry-after: {retry_after}\r\ncontent-length: 99\r\n\r\n{{"
        )]);
        Case::token(&url, "--retries 2").run().fails(20).says("lost");
        assert_eq!(requests.try_iter().count(), attempts, "{status} {retry_after}");
    }
}
