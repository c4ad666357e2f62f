//! `examples/`: each one runs as its README says.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use assert_cmd::cargo::cargo_bin;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::{Case, has_program, isolated};

fn example(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "examples", name].iter().collect()
}

#[test]
fn the_node_test_passes() {
    if !has_program("node") {
        return;
    }
    let case = Case::new("emulator -v -- node --test").arg(example("node/token.test.mjs"));
    let outcome = case.run().says(" 200\n").says(" 401\n");
    // `node --test` succeeds if it finds no tests.
    let passes = outcome.stdout.contains(" pass 2\n") && outcome.stdout.contains(" fail 0\n");
    assert!(outcome.code == 0 && passes, "{}", outcome.stdout);
}

#[test]
fn the_python_test_passes() {
    if !has_program("python3") {
        return;
    }
    let case = Case::new("emulator -v -- python3").arg(example("python/test_token.py"));
    case.run().says("Ran 2 tests").says(" 200\n").says(" 401\n").prints("");
}

#[test]
fn the_shell_script_distinguishes_failures() {
    for (flags, retries, code, message) in [
        ("", "0", 0, "received a token of 32 characters\n"),
        ("--fail 503", "0", 75, "no token: try again later\n"),
        ("--fail 401", "0", 77, "no token: check the key in the dashboard\n"),
        ("", "x", 78, "no token: fix the settings of this machine or job\n"),
        ("--fail 302", "0", 70, "no token: this needs a person\n"),
    ] {
        let case = Case::new(&format!("emulator {flags} --")).arg(example("token.sh"));
        let outcome = case.env("SMARTEXTRACT_RETRIES", retries).run().says(message);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (code, ""), "{message}");
    }
}

/// `emulator -- python3 host.py`, which ends with the test.
struct Host(Child);

impl Host {
    fn start(home: &TempDir) -> Self {
        let command = isolated(cargo_bin!("smartextract"))
            .args(["emulator", "-q", "--", "python3"])
            .arg(example("host.py"))
            .arg("0")
            .env("HOME", home.path())
            .stdout(Stdio::piped())
            .stderr(File::create(home.path().join("log")).unwrap())
            .spawn();
        Self(command.unwrap())
    }

    fn url(&mut self) -> String {
        let mut url = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        url.trim_end().to_owned()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Unlike a kill, this also ends the command.
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}

#[test]
fn a_browser_shows_the_host_page_and_the_component_in_it() {
    if !has_program("chromium") || !has_program("python3") {
        return;
    }
    let home = TempDir::new().unwrap();
    let mut host = Host::start(&home);
    let output = isolated("chromium")
        .env("HOME", home.path())
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", home.path().join("chromium").display()))
        .arg(host.url())
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&output.stdout);
    let log = fs::read_to_string(home.path().join("log")).unwrap();
    assert!(page.contains("<b id=\"status\">issued</b>"), "{page}\n{log}");
}

#[test]
fn the_compose_file_has_the_emulators_paths_and_credentials() {
    let script = r#"printf '%s\n' "$SMARTEXTRACT_TOKEN_URL" "$SMARTEXTRACT_KEY" \
        "$SMARTEXTRACT_SECRET" "$SMARTEXTRACT_IFRAME_TEMPLATE""#;
    let outcome = Case::new("emulator -- sh -c").arg(script).run();
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let [token_url, key, secret, iframe] = lines[..] else { panic!("{}", outcome.stdout) };
    let path = |url: &str| url::Url::parse(url).unwrap().path().to_owned();

    let compose = fs::read_to_string(example("compose.yaml")).unwrap();
    for (line, count) in [
        (format!("SMARTEXTRACT_TOKEN_URL: http://emulator:8080{}\n", path(token_url)), 1),
        (format!("SMARTEXTRACT_TOKEN_URL: http://localhost:8080{}\n", path(token_url)), 1),
        (format!("SMARTEXTRACT_KEY: {key}\n"), 2),
        (format!("SMARTEXTRACT_SECRET: {secret}\n"), 2),
        (format!("http://127.0.0.1:8080{}\n", path(iframe)), 1),
    ] {
        assert_eq!(compose.matches(&line).count(), count, "{line}");
    }
}
