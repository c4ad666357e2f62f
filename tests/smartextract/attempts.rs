//! Which failures are retried, how often, and within which time.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::support::Case;
use crate::support::server::{
    SUCCESS, closed_port, listen, read_request, reserved, response, scripted,
};

fn seconds(text: &str) -> Duration {
    Duration::from_secs_f64(text.parse().unwrap())
}

#[test]
fn a_temporary_failure_is_retried_until_it_ends() {
    for status in [429, 500, 502, 503, 504] {
        let (url, requests) = scripted(vec![response(status, "", ""), response(200, "", SUCCESS)]);
        Case::token(&url, "--retries 1").run().prints("t0ken\n");
        assert_eq!(requests.try_iter().count(), 2, "{status}");
    }
}

#[test]
fn a_permanent_failure_is_not_retried() {
    for status in [301, 400, 401, 403, 404, 408, 501, 505, 200] {
        let (url, requests) = scripted(vec![response(status, "", "")]);
        Case::token(&url, "--retries 5").run();
        assert_eq!(requests.try_iter().count(), 1, "{status}");
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
        // First no answer, then half of one, then a whole one.
        let end = [0, whole.len() / 2, whole.len()][number.min(2)];
        stream.write_all(&whole.as_bytes()[..end])
    });
    Case::token(&format!("http://{address}/"), "--retries 2").run().prints("t0ken\n");
    let address = listen(|_, _| Ok(()));
    let url = format!("http://{address}/");
    Case::token(&url, "--retries 1").run().fails(20).says("lost").says("attempt 1: ");
}

#[test]
fn a_refused_connection_is_retried() {
    let (address, socket) = reserved();
    let server = thread::spawn(move || {
        thread::sleep(Duration::from_millis(150));
        socket.listen(1).unwrap();
        let mut stream = TcpStream::from(socket.accept().unwrap().0);
        read_request(&mut stream).unwrap();
        stream.write_all(response(200, "", SUCCESS).as_bytes()).unwrap();
    });
    Case::token(&format!("http://{address}/"), "--retries 5").run().prints("t0ken\n");
    server.join().unwrap();
}

#[test]
fn retry_after_in_seconds_or_as_a_date_is_the_minimum_wait() {
    for as_date in [false, true] {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(6));
        let value = if as_date { date.as_str() } else { "1" };
        let busy = response(429, &format!("retry-after: {value}\r\n"), "");
        let (url, _) = scripted(vec![busy, response(200, "", SUCCESS)]);
        let outcome = Case::token(&url, "-v --retries 1").run().prints("t0ken\n");
        let waited = outcome.stderr.split("next attempt in ").nth(1).unwrap();
        assert!(seconds(waited.split(' ').next().unwrap()) >= Duration::from_secs(1), "{value}");
    }
}

#[test]
fn retry_after_past_the_budget_is_reported_at_once() {
    for value in ["60", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let (url, requests) =
            scripted(vec![response(429, &format!("retry-after: {value}\r\n"), "")]);
        let outcome = Case::token(&url, "-v --retries 5 --timeout 20").run().fails(32);
        let reason = " Retry-After asks to wait ";
        // As progress and as a detail of the error.
        assert_eq!(outcome.stderr.matches(reason).count(), 2, "{}", outcome.stderr);
        outcome.says(" s of the budget are left");
        assert_eq!(requests.try_iter().count(), 1);
    }
}

#[test]
fn the_budget_covers_retries_and_waits() {
    let (url, requests) = scripted(vec![response(503, "", "")]);
    Case::token(&url, "--timeout 1.5 --retries 1000").run().fails(30);
    assert!(requests.try_iter().count() > 1);
}

#[test]
fn a_budget_from_profile_or_variable_is_used() {
    let silent = listen(|_, mut stream| stream.read_to_end(&mut Vec::new()).map(drop));
    let url = format!("http://{silent}/");
    Case::token(&url, "")
        .profile("[profiles.default]\ntimeout = 0.3\n")
        .run()
        .fails(21)
        .says("0.3 s (profile default");
    Case::token(&url, "").env("SMARTEXTRACT_TIMEOUT", "0.3").run().fails(21);
}

#[test]
fn exit_20_for_an_unknown_host_or_a_closed_port() {
    Case::token("https://no-such-host.invalid/", "")
        .run()
        .fails(20)
        .says("the host name of the server can't be resolved")
        .says("caused by: ");
    let url = format!("https://127.0.0.1:{}/", closed_port());
    Case::token(&url, "").run().fails(20).says("refused").never_says("credentials");
}

#[test]
fn processes_that_fail_together_do_not_retry_together() {
    let waits: HashSet<String> = (0..5)
        .map(|_| {
            let case = Case::new("emulator --fail 503x1 -- smartextract token -v");
            let stderr = case.run().stderr;
            stderr.lines().find(|line| line.contains("next attempt in ")).unwrap().to_owned()
        })
        .collect();
    assert!(waits.len() > 1, "{waits:?}");
}
