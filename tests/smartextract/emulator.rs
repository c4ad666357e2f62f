//! `emulator` on its own: the API and the page it serves, with good, bad and missing requests.
//!
//! The tests with a COMMAND are in `command`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Case, SECRET, available, isolated};

const API: &str = "POST /smart-extract-api/api/account/v1/auth/token HTTP/1.1\r\n\
                   content-type: application/json";
const GOOD: &str = r#"{"key":"emulator-key","secret":"emulator-secret"}"#;

/// An emulator without COMMAND, which ends with the test.
pub struct Alone {
    pub process: Child,
    pub base: String,
}

impl Alone {
    /// Starts it by `sh -c SCRIPT`.
    pub fn start(script: &str) -> Self {
        let mut command = isolated("sh");
        command.args(["-c", script]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut base = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut base).unwrap();
        Self { process, base: base.trim_end().to_owned() }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.base.strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// Sends a request whose head still needs its last lines, and returns the whole response.
    pub fn ask(&self, head: &str, body: &str) -> String {
        let mut stream = self.connect();
        let length = body.len();
        let request = format!("{head}\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}");
        // An error is not a failure: the emulator may respond before it has read everything.
        let _ = stream.write_all(request.as_bytes());
        let mut response = String::new();
        let _ = stream.read_to_string(&mut response);
        response
    }

    /// Ends the emulator; returns what it wrote to standard error.
    fn end(mut self) -> String {
        self.process.kill().unwrap();
        let mut log = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }
}

#[cfg(unix)]
pub fn send(process: &Child, signal: Signal) {
    kill_process(Pid::from_child(process), signal).unwrap();
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn each_request_has_its_response() {
    let emulator = Alone::start("exec smartextract emulator");
    let invalid = r#"{ "status": "error", "error": "Invalid credentials provided" }"#;
    let disabled = r#"{ "status": "error", "error": "This API key is disabled" }"#;
    let chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked";
    for (head, body, status, content) in [
        (API, GOOD, 200, "\r\n\r\n{ \"data\": { \"token\": \""),
        (API, &GOOD.replace("-secret\"", "\""), 401, invalid),
        (API, &GOOD.replace("-key", "-other"), 401, invalid),
        (API, &GOOD.replace("emulator-key", "disabled-key"), 401, disabled),
        (API, r#"{"key":"k"}"#, 400, "strings key and secret"),
        (API, r#"{"key":1,"secret":"s"}"#, 400, "strings key and secret"),
        (&API.replace("-api/", "-stg-api/"), GOOD, 200, "\"token\": \""),
        (&API.replace("json", "JSON; charset=utf-8"), GOOD, 200, "\"token\": \""),
        (&API.replace("json", "jsonx"), GOOD, 415, "\"error\""),
        (&API.replace("POST", "GET"), "", 405, "\"error\""),
        ("POST /elsewhere HTTP/1.1", GOOD, 404, "\"error\""),
        ("POST /smart-extract HTTP/1.1", "", 405, "\"error\""),
        ("GARBAGE", "", 400, "\"error\""),
        (&format!("GET / HTTP/1.1\r\na: {}", "x".repeat(500_000)), "", 400, "\"error\""),
        (chunked, "x\r\n", 400, "\"error\""),
        (chunked, "3\r\nxxxx\r\n0\r\n", 400, "\"error\""),
        (chunked, &format!("11170\r\n{}", "x".repeat(70_000)), 400, "\"error\""),
    ] {
        let response = emulator.ask(head, body);
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{head:.60}: {response}");
        assert!(response.contains(content), "{head:.60}: {response}");
        assert!(response.contains("content-type: application/json\r\n"), "{head:.60}: {response}");
    }
}

#[test]
fn both_pages_recognize_issued_tokens_and_no_token_is_logged() {
    let emulator = Alone::start("exec smartextract emulator -v --delay 0.1");
    let token = emulator.ask(API, GOOD).split('"').rev().nth(1).unwrap().to_owned();
    for page in ["/smart-extract", "/smart-extract-stg"] {
        for (query, status) in [
            (&format!("?token={token}"), "issued"),
            (&format!("?a=1&token=%{:x}{}&b=2", token.as_bytes()[0], &token[1..]), "issued"),
            (&"?token=a+b".to_owned(), "unknown"),
            (&String::new(), "missing"),
        ] {
            let response = emulator.ask(&format!("GET {page}{query} HTTP/1.1"), "");
            assert!(response.contains(&format!("data-status=\"{status}\"")), "{response}");
            assert!(status != "unknown" || response.contains(">a b<"), "{response}");
        }
    }
    let head_only = emulator.ask("HEAD /smart-extract HTTP/1.1", "");
    assert!(
        head_only.starts_with("HTTP/1.1 200 ") && head_only.ends_with("\r\n\r\n"),
        "{head_only}"
    );
    emulator.ask(&format!("GET /{token} HTTP/1.1"), "");
    let log = emulator.end();
    assert!(!log.contains(&token) && !log.contains("emulator-secret"), "{log}");
    assert!(log.contains("GET /smart-extract 200\n"), "{log}");
}

#[test]
fn it_listens_on_any_address_and_warns_unless_that_is_loopback() {
    for (listen, base, warns) in [
        ("127.0.0.1:0", "http://127.0.0.1:", false),
        ("[::1]:0", "http://[::1]:", false),
        ("localhost:0", "http://127.0.0.1:", false),
        ("0", "http://127.0.0.1:", false),
        ("0.0.0.0:0", "http://127.0.0.1:", true),
        ("[::]:0", "http://[::1]:", true),
    ] {
        let exists = !listen.starts_with('[') || std::net::TcpListener::bind(listen).is_ok();
        if !available(exists, listen) {
            continue;
        }
        let command = format!("emulator --listen {listen} -- smartextract check");
        let outcome = Case::new(&command).run();
        assert!(outcome.stdout.contains(base), "{listen}: {}", outcome.stderr);
        let warned = outcome.stderr.contains("other machines may be able to reach");
        assert_eq!(warned, warns, "{listen}");
    }
}

#[test]
fn stalled_clients_block_no_others_and_are_cut_off() {
    let emulator = Alone::start("exec smartextract emulator");
    let stalled: Vec<TcpStream> = (0..100).map(|_| emulator.connect()).collect();
    let mut half = emulator.connect();
    half.write_all(API.as_bytes()).unwrap();
    assert!(emulator.ask(API, GOOD).starts_with("HTTP/1.1 200"));
    // It fails if nothing arrives within the timeout of `connect`.
    half.read_to_end(&mut Vec::new()).unwrap();
    drop(stalled);
}

#[test]
fn on_a_terminal_it_prints_lines_to_paste() {
    let (_home, mut terminal) =
        Case::new("emulator --secret").arg(format!("it's {SECRET}")).on_a_terminal();
    let base = terminal.read_line().unwrap();
    let pasted: Vec<String> = (0..4).map(|_| terminal.read_line().unwrap()).collect();
    let script = format!("{}\nsmartextract token --format url", pasted.join("\n"));
    let url = Case::script("sh", &script).run().stdout;
    assert!(url.starts_with(&format!("{base}/smart-extract?token=")), "{url}");
}
