//! `emulator`: the API and the page it serves, with good, bad and missing requests.
//!
//! The tests with a COMMAND are in `command`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Case, SECRET, available, isolated};

const PRODUCTION: &str = "/smart-extract-api/api/account/v1/auth/token";
const STAGING: &str = "/smart-extract-stg-api/api/account/v1/auth/token";
const GOOD: &str = r#"{"key":"emulator-key","secret":"emulator-secret"}"#;

/// An emulator without COMMAND, which ends with the test.
pub struct Alone {
    pub process: Child,
    pub base: String,
}

impl Alone {
    fn start(flags: &str) -> Self {
        let mut command = isolated(cargo_bin!("smartextract"));
        command.arg("emulator").args(flags.split_whitespace());
        Self::of(command)
    }

    /// `sh -c SCRIPT`.
    #[cfg(unix)]
    pub fn of_script(script: &str) -> Self {
        let mut command = isolated("sh");
        command.args(["-c", script]);
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut base = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut base).unwrap();
        Self { process, base: base.trim_end().to_owned() }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.base.strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// Sends a request whose head still needs its last lines; returns the status and the whole
    /// answer.
    fn ask(&self, head: &str, body: &str) -> (u16, String) {
        let mut stream = self.connect();
        let length = body.len();
        let request = format!(
            "{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        // An error is not a failure: the emulator may answer before it has read everything.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        (answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0), answer)
    }

    pub fn get(&self, target: &str) -> (u16, String) {
        self.ask(&format!("GET {target} HTTP/1.1"), "")
    }

    fn post(&self, path: &str, body: &str) -> (u16, String) {
        self.ask(&format!("POST {path} HTTP/1.1\r\ncontent-type: application/json"), body)
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
fn both_paths_give_the_documented_answer() {
    let emulator = Alone::start("");
    for path in [PRODUCTION, STAGING] {
        let (status, answer) = emulator.post(path, GOOD);
        assert_eq!(status, 200, "{answer}");
        assert!(answer.contains("content-type: application/json\r\n"), "{answer}");
        assert!(answer.contains("\r\n\r\n{ \"data\": { \"token\": \""), "{answer}");
    }
}

#[test]
fn a_bad_request_gets_an_error_in_json() {
    let emulator = Alone::start("");
    for (head, body, status) in [
        (format!("GET {PRODUCTION} HTTP/1.1"), "", 405),
        (format!("POST {PRODUCTION} HTTP/1.1"), GOOD, 415),
        ("POST /elsewhere HTTP/1.1".to_owned(), GOOD, 404),
        ("POST /smart-extract HTTP/1.1".to_owned(), "", 405),
        ("OPTIONS * HTTP/1.1".to_owned(), "", 404),
        ("GARBAGE".to_owned(), "", 400),
        ("POST / HTTP/1.1\r\ntransfer-encoding: chunked".to_owned(), "x\r\n", 400),
        (format!("GET / HTTP/1.1\r\na: {}", "x".repeat(500_000)), "", 400),
    ] {
        let (found, answer) = emulator.ask(&head, body);
        assert_eq!(found, status, "{head:.60}: {answer}");
        assert!(answer.contains("application/json") && answer.contains("\"error\""), "{answer}");
    }
}

#[test]
fn both_pages_recognize_issued_tokens_and_no_token_is_logged() {
    let emulator = Alone::start("-v --delay 0.1");
    let (_, answer) = emulator.post(STAGING, GOOD);
    let token = answer.split('"').rev().nth(1).unwrap().to_owned();
    for page in ["/smart-extract", "/smart-extract-stg"] {
        for (query, status) in [(format!("?token={token}"), "issued"), (String::new(), "missing")] {
            let (code, answer) = emulator.get(&format!("{page}{query}"));
            assert_eq!(code, 200);
            assert!(answer.contains(&format!("data-status=\"{status}\"")), "{answer}");
        }
    }
    let (status, head) = emulator.ask("HEAD /smart-extract HTTP/1.1", "");
    assert!(status == 200 && head.ends_with("\r\n\r\n"), "{head}");
    emulator.get(&format!("/{token}"));
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
        let emulator = Alone::start(&format!("--listen {listen}"));
        assert!(emulator.base.starts_with(base), "{listen}: {}", emulator.base);
        // Containers use this as their health check.
        assert_eq!(emulator.get("/smart-extract").0, 200, "{listen}");
        let log = emulator.end();
        assert_eq!(log.contains("other machines may be able to reach"), warns, "{listen}: {log}");
    }
    let emulator = Alone::start("");
    let address = emulator.base.strip_prefix("http://").unwrap();
    Case::new(&format!("emulator --listen {address}")).run().fails(3).says("can't listen on");
}

#[test]
fn stalled_clients_block_no_others_and_are_cut_off() {
    let emulator = Alone::start("");
    let stalled: Vec<TcpStream> = (0..100).map(|_| emulator.connect()).collect();
    let mut half = emulator.connect();
    half.write_all(format!("POST {PRODUCTION} HTTP/1.1\r\ncontent-le").as_bytes()).unwrap();
    assert_eq!(emulator.post(PRODUCTION, GOOD).0, 200);
    // It fails if nothing arrives within the timeout of `connect`.
    half.read_to_end(&mut Vec::new()).unwrap();
    drop(stalled);
}

#[cfg(unix)]
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
