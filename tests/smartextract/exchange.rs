//! What is sent, and which responses and failures are retried, how often and for how long.

use std::collections::HashSet;
use std::io::{Read, Write};

use crate::support::server::{Api, PATH, SUCCESS, listen, read_request, response, scripted};
use crate::support::{Case, KEY, SECRET};

#[test]
fn the_request_is_one_compact_json_post_with_the_contracts_headers() {
    let (url, requests) = scripted(vec![response(200, "", SUCCESS)]);
    Case::token(&url, "").run().prints("t0ken\n");
    let request = requests.recv().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, format!(r#"{{"key":"{KEY}","secret":"{SECRET}"}}"#));
    let mut lines: Vec<String> = head.lines().map(str::to_lowercase).collect();
    lines.retain(|line| !line.starts_with("host: "));
    lines[1..].sort();
    let head = format!(
        "post {PATH} http/1.1\naccept: application/json\ncontent-length: {}\n\
         content-type: application/json\nuser-agent: smartextract/{}",
        body.len(),
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(lines.join("\n"), head);
}

#[test]
fn a_response_has_at_most_1_mib() {
    let fits = format!("{SUCCESS}{}", " ".repeat((1 << 20) - SUCCESS.len()));
    Case::token(&Api::answering(200, &fits).url(), "").run().prints("t0ken\n");
    let api = Api::answering(200, &(fits + " "));
    Case::token(&api.url(), "").run().fails(31).says("larger than 1 MiB");
}

#[test]
fn a_redirect_is_not_followed() {
    let other = Api::giving_tokens();
    for status in [301, 302, 303, 307, 308] {
        let redirect = response(status, &format!("location: {}\r\n", other.url()), "");
        let said = format!("which is not followed (HTTP {status} to 127.0.0.1)");
        Case::token(&scripted(vec![redirect]).0, "").run().fails(31).says(&said);
    }
    assert!(!other.was_asked(), "the secret followed a redirect");
}

#[test]
fn a_temporary_failure_is_retried_and_a_permanent_one_is_not() {
    let temporary = [429, 500, 502, 503, 504];
    for status in [301, 400, 401, 403, 404, 408, 501, 505].into_iter().chain(temporary) {
        let (url, requests) = scripted(vec![response(status, "", ""), response(200, "", SUCCESS)]);
        let outcome = Case::token(&url, "--retries 1").run();
        assert_eq!(outcome.code == 0, temporary.contains(&status), "{status}");
        let attempts = if temporary.contains(&status) { 2 } else { 1 };
        assert_eq!(requests.try_iter().count(), attempts, "{status}");
    }
}

#[test]
fn retries_limit_the_attempts_and_default_to_two() {
    for (arguments, attempts) in [("--retries 0", 1), ("--retries 1", 2), ("", 3)] {
        let (url, requests) = scripted(vec![response(503, "retry-after: 0\r\n", "")]);
        Case::token(&url, arguments).without("SMARTEXTRACT_RETRIES").run().fails(30);
        assert_eq!(requests.try_iter().count(), attempts, "{arguments}");
    }
}

#[test]
fn a_lost_connection_is_retried() {
    let address = listen(|number, mut stream| {
        read_request(&mut stream)?;
        let whole = response(200, "", SUCCESS);
        // First no response, then half of one, then a whole one.
        let end = [0, whole.len() / 2, whole.len()][number.min(2)];
        stream.write_all(&whole.as_bytes()[..end])
    });
    Case::token(&format!("http://{address}/"), "--retries 2").run().prints("t0ken\n");
    for (status, retry_after, attempts) in [(401, "0", 1), (429, "99", 1), (429, "0", 3)] {
        let (url, requests) = scripted(vec![format!(
            "HTTP/1.1 {status} X\r\nretry-after: {retry_after}\r\ncontent-length: 99\r\n\r\n{{"
        )]);
        Case::token(&url, "--retries 2").run().fails(20).says("lost");
        assert_eq!(requests.try_iter().count(), attempts, "{status} {retry_after}");
    }
}

/// The wait before the next attempt, as `-v` reports it.
fn wait(stderr: &str) -> f64 {
    let (_, wait) = stderr.split_once("next attempt in ").unwrap();
    wait.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn retry_after_is_the_minimum_wait() {
    let busy = response(429, "retry-after: 1\r\n", "");
    let (url, _) = scripted(vec![busy, response(200, "", SUCCESS)]);
    let outcome = Case::token(&url, "-v --retries 1").run().prints("t0ken\n");
    assert!(wait(&outcome.stderr) >= 1.0);
}

#[test]
fn processes_that_fail_together_do_not_retry_together() {
    let wait_of = |_| {
        let case = Case::new("emulator --fail 503x1 -- smartextract token -v");
        wait(&case.run().stderr).to_string()
    };
    let waits: HashSet<String> = (0..5).map(wait_of).collect();
    assert!(waits.len() > 1, "{waits:?}");
}

#[test]
fn retry_after_past_the_budget_is_reported_at_once() {
    let (url, requests) = scripted(vec![response(429, "retry-after: 60\r\n", "")]);
    let outcome = Case::token(&url, "--retries 5 --timeout 20").run().fails(32);
    outcome.says(" Retry-After asks to wait ").says(" s of the budget are left");
    assert_eq!(requests.try_iter().count(), 1);
}

#[test]
fn the_budget_covers_retries_and_waits_and_may_come_from_profile_or_variable() {
    let (url, requests) = scripted(vec![response(503, "", "")]);
    // The budget ends during a wait or, rarely, during an attempt.
    let outcome = Case::token(&url, "--timeout 1.5 --retries 1000").run();
    assert!([21, 30].contains(&outcome.code), "{}", outcome.stderr);
    assert!(requests.try_iter().count() > 1);
    let silent = listen(|_, mut stream| stream.read_to_end(&mut Vec::new()).map(drop));
    let case = || Case::token(&format!("http://{silent}/"), "");
    let profile = case().profile("[profiles.default]\ntimeout = 0.3\n");
    profile.run().fails(21).says("0.3 s (profile default");
    case().env("SMARTEXTRACT_TIMEOUT", "0.3").run().fails(21);
}
