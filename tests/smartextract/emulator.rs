//! `emulator`: the whole program on a machine with no account, and a server that keeps its head.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;

use crate::support::{Case, SECRET, has_program};

const PRODUCTION: &str = "/smart-extract-api/api/account/v1/auth/token";
const STAGING: &str = "/smart-extract-stg-api/api/account/v1/auth/token";
const GOOD: &str = r#"{"key":"emulator-key","secret":"emulator-secret"}"#;

/// `smartextract emulator FLAGS… -- smartextract ARGUMENTS…`
fn around(flags: &str, arguments: &str) -> Case {
    Case::new(&format!("emulator {flags} -- smartextract {arguments}"))
}

/// An emulator on its own, ended with the test.
struct Alone {
    process: Child,
    base: String,
}

impl Alone {
    fn start(flags: &str) -> Self {
        let mut process = Command::new(cargo_bin!("smartextract"))
            .arg("emulator")
            .args(flags.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut base = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut base).unwrap();
        Self { process, base: base.trim_end().to_owned() }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.base.strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// The status and all else that a request is answered with; the head without its last lines.
    fn ask(&self, head: &str, body: &str) -> (u16, String) {
        let mut stream = self.connect();
        let length = body.len();
        let request = format!(
            "{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        // Where it is refused early the rest can't be written.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        (answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0), answer)
    }

    fn get(&self, target: &str) -> (u16, String) {
        self.ask(&format!("GET {target} HTTP/1.1"), "")
    }

    fn post(&self, path: &str, body: &str) -> (u16, String) {
        self.ask(&format!("POST {path} HTTP/1.1\r\ncontent-type: application/json"), body)
    }

    /// Ends it; gives what it wrote to standard error.
    fn end(mut self) -> String {
        self.process.kill().unwrap();
        let mut told = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        told
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_token(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[test]
fn each_format_works_around_a_command() {
    for (format, begin) in [
        ("json", "{\"token\":\""),
        ("url", "http://127.0.0.1:"),
        ("iframe", "<iframe src=\"http://127.0.0.1:"),
        ("env", "export SMARTEXTRACT_TOKEN='"),
        ("fish", "set -gx SMARTEXTRACT_TOKEN '"),
        ("powershell", "$Env:SMARTEXTRACT_TOKEN = '"),
        ("dotenv", "SMARTEXTRACT_TOKEN="),
    ] {
        let outcome = around("", &format!("token --env staging --format {format}")).run();
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert!(outcome.stdout.starts_with(begin), "{format}: {}", outcome.stdout);
    }
    let outcome = around("", "token").run();
    assert!(is_token(outcome.stdout.trim_end()), "{}", outcome.stdout);
    assert_eq!(outcome.stderr, format!("POST {PRODUCTION} 200\n"));
}

#[test]
fn each_shell_evaluates_what_it_gets_around_a_command() {
    for (shell, evaluate, status) in [
        ("sh", "eval \"$(smartextract token FLAGS --format env)\"", "$?"),
        ("bash", "eval \"$(smartextract token FLAGS --format env)\"", "$?"),
        ("zsh", "eval \"$(smartextract token FLAGS --format env)\"", "$?"),
        ("fish", "smartextract token FLAGS --format fish | source", "$status"),
    ] {
        if !has_program(shell) {
            continue;
        }
        let run = |flags: &str, then: &str| {
            let script = format!("{}; echo {then}", evaluate.replace("FLAGS", flags));
            Case::new(&format!("emulator -- {shell} -c")).arg(script).run().stdout
        };
        let token = run("", "$SMARTEXTRACT_TOKEN");
        assert!(is_token(token.trim_end()), "{shell}: {token}");
        assert_eq!(run("--key wrong", status), "10\n", "{shell}");
        assert_eq!(run("--key disabled-key", status), "11\n", "{shell}");
    }
}

#[test]
fn failures_end_in_their_exit_codes() {
    for (flags, arguments, code) in [
        ("", "token --key wrong", 10),
        ("", "token --key disabled-key", 11),
        ("--disabled-key mine", "token --key mine", 11),
        ("--fail 403", "token", 12),
        ("--fail 503", "token --retries 0", 30),
        ("--fail 429x9", "token --retries 1", 32),
        ("--fail 302", "token", 31),
        ("--delay 5", "token --timeout 0.3", 21),
        ("--fail 503x2", "token --retries 2", 0),
        ("--key k --secret s", "token", 0),
    ] {
        assert_eq!(around(flags, arguments).run().code, code, "{flags} -- {arguments}");
    }
}

#[test]
fn exec_and_the_page_work_around_a_command() {
    let script = "printenv SMARTEXTRACT_TOKEN; env | grep -c '^SMARTEXTRACT_SECRET='";
    let outcome = Case::new("emulator -q -- smartextract exec -- sh -c").arg(script).run();
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(is_token(lines[0]) && lines[1] == "0", "{}", outcome.stdout);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn the_commands_exit_code_is_its_own() {
    for (script, code) in [("exit 0", 0), ("exit 42", 42), ("kill -9 $$", 137)] {
        let outcome = Case::new("emulator -- sh -c").arg(script).run();
        assert_eq!(outcome.code, code, "{script}");
    }
    Case::new("emulator -- no-such-command").run().fails(127).says("no-such-command is not found");
    Case::new("emulator -- ./f").file("f", "").run().fails(126);
}

#[test]
fn the_surroundings_settings_do_not_get_in_the_way() {
    let outcome = around("", "token")
        .env("SMARTEXTRACT_SECRET_FILE", "/gone")
        .env("SMARTEXTRACT_PROXY", "http://127.0.0.1:1")
        .env("ALL_PROXY", "http://127.0.0.1:1")
        .env("SMARTEXTRACT_KEY", "other")
        .run();
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn the_documented_answers_are_given_at_both_paths() {
    let emulator = Alone::start("");
    for path in [PRODUCTION, STAGING] {
        let (status, answer) = emulator.post(path, GOOD);
        assert_eq!(status, 200, "{answer}");
        assert!(answer.contains("content-type: application/json\r\n"), "{answer}");
        assert!(answer.contains("\r\n\r\n{ \"data\": { \"token\": \""), "{answer}");
        let (status, answer) = emulator.post(path, &GOOD.replace("secret\"}", "x\"}"));
        let body = r#"{ "status": "error", "error": "Invalid credentials provided" }"#;
        assert!(status == 401 && answer.ends_with(body), "{answer}");
        let (status, answer) = emulator.post(path, &GOOD.replace("emulator-key", "disabled-key"));
        let body = r#"{ "status": "error", "error": "This API key is disabled" }"#;
        assert!(status == 401 && answer.ends_with(body), "{answer}");
    }
}

#[test]
fn a_bad_request_gets_an_error_in_json() {
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
    assert_eq!(emulator.post(PRODUCTION, "{").0, 400);
    assert_eq!(emulator.post(PRODUCTION, &" ".repeat(70_000)).0, 413);
}

#[test]
fn a_body_in_chunks_is_taken_and_a_head_request_gets_no_body() {
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
fn a_client_that_never_ends_is_cut_off() {
    let emulator = Alone::start("");
    for head in [
        format!("POST {PRODUCTION} HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"),
        format!("GET {PRODUCTION} HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n"),
    ] {
        let mut stream = emulator.connect();
        stream.write_all(head.as_bytes()).unwrap();
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096));
        // 40 MB, if nobody stops it.
        let ended = (0..10_000).any(|_| stream.write_all(chunk.as_bytes()).is_err());
        assert!(ended, "{head}");
    }
    assert_eq!(emulator.post(PRODUCTION, GOOD).0, 200);
}

#[test]
fn the_page_tells_issued_tokens_from_others_and_shows_them_escaped() {
    let emulator = Alone::start("");
    let (_, answer) = emulator.post(STAGING, GOOD);
    let token = answer.split('"').rev().nth(1).unwrap().to_owned();
    for page in ["/smart-extract", "/smart-extract-stg"] {
        for (query, status) in [
            (format!("?token={token}"), "issued"),
            (format!("?token=x{token}"), "unknown"),
            ("?token=%3Cscript%3E".to_owned(), "unknown"),
            (String::new(), "missing"),
        ] {
            let (code, answer) = emulator.get(&format!("{page}{query}"));
            assert_eq!(code, 200);
            assert!(answer.contains(&format!("data-status=\"{status}\"")), "{answer}");
            assert!(!answer.contains("<script>"), "{answer}");
        }
    }
    let told = emulator.end();
    assert!(!told.contains(&token) && !told.contains("emulator-secret"), "{told}");
    assert!(told.contains("GET /smart-extract 200\n"), "{told}");
}

#[test]
fn only_loopback_is_listened_to() {
    for address in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0", "8080", "localhost"] {
        Case::new(&format!("emulator --listen {address}")).run().fails(2);
    }
    let emulator = Alone::start("--listen [::1]:0");
    assert!(emulator.base.starts_with("http://[::1]:"), "{}", emulator.base);
}

#[test]
fn an_address_in_use_is_told() {
    let emulator = Alone::start("");
    let address = emulator.base.strip_prefix("http://").unwrap();
    Case::new(&format!("emulator --listen {address}")).run().fails(3).says("can't listen on");
}

#[test]
fn stalled_clients_hold_nobody_up_and_are_cut_off() {
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

#[test]
fn an_endless_head_is_refused() {
    let emulator = Alone::start("");
    let (status, answer) = emulator.get(&format!("/{}", "x".repeat(100_000)));
    assert!([0, 400, 431].contains(&status), "{answer}");
    assert_eq!(emulator.post(PRODUCTION, GOOD).0, 200);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_and_reaches_its_command() {
    use rustix::process::{Pid, Signal, kill_process};
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut emulator = Alone::start("");
        kill_process(Pid::from_child(&emulator.process), signal).unwrap();
        assert_eq!(emulator.process.wait().unwrap().code(), Some(0), "{signal:?}");
    }
    let script = "trap 'echo ended; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
    let mut process = Command::new(cargo_bin!("smartextract"))
        .args(["emulator", "--", "sh", "-c", script])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    kill_process(Pid::from_child(&process), Signal::TERM).unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "ended");
    assert_eq!(process.wait().unwrap().code(), Some(7));
}

#[test]
fn it_does_not_show_what_it_is_told_to_take() {
    around(&format!("--secret {SECRET} --fail 401"), "token").run().says("401");
}

#[test]
fn a_browser_shows_the_page_in_the_iframe_that_token_prints() {
    if !has_program("chromium") {
        return;
    }
    let emulator = Alone::start("");
    let case = Case::new("token --format iframe")
        .env("SMARTEXTRACT_TOKEN_URL", format!("{}{PRODUCTION}", emulator.base))
        .env(
            "SMARTEXTRACT_IFRAME_TEMPLATE",
            format!("{}/smart-extract?token={{token}}", emulator.base),
        )
        .env("SMARTEXTRACT_KEY", "emulator-key")
        .env("SMARTEXTRACT_SECRET", "emulator-secret");
    let outcome = case.run();
    let host = format!(
        "<!DOCTYPE html><script>addEventListener('message', (event) => \
         document.documentElement.dataset.told = event.data.source + ' ' + event.data.status)\
         </script>{}",
        outcome.stdout
    );
    let page = outcome.path("host.html");
    std::fs::write(&page, host).unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", outcome.path("chromium").display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("data-told=\"smartextract-emulator issued\""), "{shown}");
}
