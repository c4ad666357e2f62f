//! `emulator`: the API and the page it serves, with good, bad and missing requests.
//!
//! The tests with a COMMAND are in `emulator_command`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;
#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Case, isolated, skipped};

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

    /// `sh -c SCRIPT`, in which `$0` is the program.
    pub fn of_script(script: &str) -> Self {
        let mut command = isolated("sh");
        command.args(["-c", script]).arg(cargo_bin!("smartextract"));
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
        #[cfg(unix)]
        send(&self.process, Signal::TERM);
        #[cfg(not(unix))]
        {
            // No signal makes it write the last lines of its log here.
            std::thread::sleep(Duration::from_millis(500));
            self.process.kill().unwrap();
        }
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
fn a_bad_request_gets_an_error_in_json_and_a_405_the_allowed_methods() {
    let emulator = Alone::start("");
    for (head, body, status) in [
        (format!("GET {PRODUCTION}"), "", 405),
        (format!("POST {PRODUCTION}"), GOOD, 415),
        ("POST /elsewhere".to_owned(), GOOD, 404),
        ("POST /smart-extract".to_owned(), "", 405),
        ("GET /".to_owned(), "", 404),
    ] {
        let (found, answer) = emulator.ask(&format!("{head} HTTP/1.1"), body);
        assert_eq!(found, status, "{head}: {answer}");
        assert!(answer.contains("application/json") && answer.contains("\"error\""), "{answer}");
        // RFC 9110, section 15.5.6.
        assert_eq!(answer.contains("\r\nallow: "), status == 405, "{answer}");
    }
    for head in [
        "GARBAGE",
        "CONNECT a:443 HTTP/1.1",
        "GET localhost HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked",
    ] {
        let (found, answer) = emulator.ask(head, "");
        assert!([400, 404].contains(&found) && answer.contains("\"error\""), "{head}: {answer}");
    }
}

#[test]
fn a_body_in_chunks_is_accepted_and_a_head_request_gets_no_body() {
    let emulator = Alone::start("");
    let (begin, end) = GOOD.split_at(9);
    let mut stream = emulator.connect();
    let head = "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let body = format!("{:x}\r\n{begin}\r\n{:X};x=y\r\n{end}\r\n0\r\n\r\n", begin.len(), end.len());
    stream.write_all(format!("POST {PRODUCTION} HTTP/1.0\r\n{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let (status, answer) = emulator.ask("HEAD /smart-extract HTTP/1.1", "");
    assert!(status == 200 && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[test]
fn both_pages_recognize_issued_tokens_and_no_token_is_logged() {
    let emulator = Alone::start("");
    let (_, answer) = emulator.post(STAGING, GOOD);
    let token = answer.split('"').rev().nth(1).unwrap().to_owned();
    for page in ["/smart-extract", "/smart-extract-stg"] {
        for (query, status) in [
            (format!("?token={token}"), "issued"),
            (format!("?token=x{token}"), "unknown"),
            (String::new(), "missing"),
        ] {
            let (code, answer) = emulator.get(&format!("{page}{query}"));
            assert_eq!(code, 200);
            assert!(answer.contains(&format!("data-status=\"{status}\"")), "{answer}");
        }
    }
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
        ("[::ffff:127.0.0.1]:0", "http://127.0.0.1:", false),
        ("0.0.0.0:0", "http://127.0.0.1:", true),
        ("[::]:0", "http://[::1]:", true),
    ] {
        if std::net::TcpListener::bind(listen).is_err() {
            skipped(&format!("there is no address {listen}"));
            continue;
        }
        let emulator = Alone::start(&format!("--listen {listen}"));
        assert!(emulator.base.starts_with(base), "{listen}: {}", emulator.base);
        // Containers use this as their health check.
        assert_eq!(emulator.get("/smart-extract").0, 200, "{listen}");
        let log = emulator.end();
        assert_eq!(log.contains("other machines may be able to reach"), warns, "{listen}: {log}");
    }
    for address in ["8080", "localhost", "127.0.0.1"] {
        Case::new(&format!("emulator --listen {address}")).run().fails(2);
    }
    let emulator = Alone::start("");
    let address = emulator.base.strip_prefix("http://").unwrap();
    Case::new(&format!("emulator --listen {address}")).run().fails(3).says("can't listen on");
}

#[test]
fn it_answers_if_nothing_reads_its_log_and_counts_the_dropped_lines() {
    const REQUESTS: usize = 4000;
    let mut emulator = Alone::start("");
    for _ in 0..REQUESTS {
        assert_eq!(emulator.get("/smart-extract").0, 200);
    }
    let log = BufReader::new(emulator.process.stderr.take().unwrap());
    let reader = std::thread::spawn(move || {
        let (mut counted, mut has_dropped) = (0, false);
        for line in log.lines().map(Result::unwrap) {
            match line.strip_suffix(" lines of the log were dropped") {
                Some(dropped) => {
                    counted += dropped.parse::<usize>().unwrap();
                    has_dropped = true;
                }
                None => counted += 1,
            }
            if counted >= REQUESTS {
                break;
            }
        }
        (counted, has_dropped)
    });
    // The waiting lines are written even if it ends now.
    #[cfg(unix)]
    send(&emulator.process, Signal::TERM);
    let (counted, has_dropped) = reader.join().unwrap();
    assert!(counted == REQUESTS && has_dropped, "{counted} of {REQUESTS} lines");
}

/// With no file descriptor left, the next connections wait until others end.
#[cfg(target_os = "linux")]
#[test]
fn it_waits_idle_when_file_descriptors_run_out() {
    let emulator = Alone::of_script("ulimit -n 16; exec \"$0\" emulator");
    let connections: Vec<TcpStream> = (0..40).map(|_| emulator.connect()).collect();
    std::thread::sleep(Duration::from_millis(1500));
    // The fields after the program's name; 14 and 15 are the time used, in 1/100 s (proc(5)).
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", emulator.process.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let used = fields[11].parse::<u32>().unwrap() + fields[12].parse::<u32>().unwrap();
    assert!(used < 50, "{used}/100 s of processor time in 1.5 s");
    drop(connections);
    assert_eq!(emulator.get("/smart-extract").0, 200);
}

/// As Ctrl-Z and `fg` do. A read with a timeout then ends early (signal(7)).
#[cfg(unix)]
#[test]
fn a_request_outlasts_a_stop_of_the_emulator() {
    let emulator = Alone::start("");
    let mut stream = emulator.connect();
    stream.write_all(b"GET /smart-extract HTTP/1.1\r\n").unwrap();
    for signal in [Signal::STOP, Signal::CONT] {
        std::thread::sleep(Duration::from_millis(200));
        send(&emulator.process, signal);
    }
    std::thread::sleep(Duration::from_millis(200));
    stream.write_all(b"\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn a_delay_delays_token_requests_only() {
    assert_eq!(Alone::start("--delay 60").get("/smart-extract").0, 200);
}

#[test]
fn stalled_clients_block_no_others_and_are_cut_off() {
    let emulator = Alone::start("");
    let stalled: Vec<TcpStream> = (0..100).map(|_| emulator.connect()).collect();
    let mut half = emulator.connect();
    half.write_all(format!("POST {PRODUCTION} HTTP/1.1\r\ncontent-le").as_bytes()).unwrap();
    assert_eq!(emulator.post(PRODUCTION, GOOD).0, 200);
    let start = Instant::now();
    half.read_to_end(&mut Vec::new()).unwrap();
    assert!(start.elapsed() < Duration::from_secs(29), "the stalled client was not cut off");
    drop(stalled);
}
