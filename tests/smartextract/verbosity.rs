//! `-v` prints more, `-q` prints less.

use crate::support::server::{Api, SUCCESS, response, scripted};
use crate::support::{Case, KEY, SECRET};

#[test]
fn verbose_prints_settings_and_each_attempt_and_wait() {
    let (url, _) = scripted(vec![response(503, "", ""), response(200, "", SUCCESS)]);
    let outcome = Case::token(&url, "-v -p ci --env stg --retries 1")
        .profile(&format!("[profiles.ci]\nkey = \"{KEY}\"\nsecret = \"{SECRET}\"\n"))
        .without("SMARTEXTRACT_KEY")
        .run()
        .prints("t0ken\n");
    for line in [
        "config.toml",
        "profile: ci (flag --profile)",
        "env: staging (flag --env)",
        &format!("token_url: {url} (SMARTEXTRACT_TOKEN_URL)"),
        "key: 52ee… (profile ci, ",
        "secret: (hidden) (SMARTEXTRACT_SECRET)",
        "info: connecting to 127.0.0.1:",
        "info: waiting for the response",
        "attempt 1: the server failed (HTTP 503) (0.",
        "next attempt in 0.",
        "attempt 2: success (0.",
    ] {
        assert!(outcome.stderr.contains(line), "no {line:?} in:\n{}", outcome.stderr);
    }
    outcome.never_says("t0ken");
}

#[test]
fn quiet_leaves_only_errors() {
    let api = Api::giving_tokens();
    let outcome = Case::token(&api.url(), &format!("-q --secret {SECRET}")).run().prints("t0ken\n");
    assert_eq!(outcome.stderr, "");
    Case::new("token -q").run().fails(4).says("error: no key");
}

/// On a terminal of its own, with an API that answers after 1.5 seconds.
#[cfg(unix)]
fn on_a_terminal(arguments: &str) -> String {
    use std::io::Write as _;
    let address = crate::support::server::listen(|_, mut stream| {
        crate::support::server::read_request(&mut stream)?;
        std::thread::sleep(std::time::Duration::from_millis(1500));
        stream.write_all(response(200, "", SUCCESS).as_bytes())
    });
    let mut command = crate::support::isolated(assert_cmd::cargo::cargo_bin!("smartextract"));
    command.args(["token", "--token-url"]).arg(format!("http://{address}/"));
    let home = tempfile::TempDir::new().unwrap();
    command.args(arguments.split_whitespace()).env("HOME", home.path()).env("TERM", "xterm");
    command.env("SMARTEXTRACT_KEY", KEY).env("SMARTEXTRACT_SECRET", SECRET);
    let mut session = rexpect::session::spawn_command(command, Some(20_000)).unwrap();
    session.exp_eof().unwrap()
}

#[cfg(unix)]
#[test]
fn a_status_line_on_a_terminal_appears_after_a_second_and_disappears() {
    let shown = on_a_terminal("");
    let line = "waiting for the response (1 s of 30 s)";
    assert!(shown.contains(line), "{shown:?}");
    // Go to the start of the line and clear it, then print the token.
    assert!(shown.ends_with("\r\u{1b}[2Kt0ken\r\n"), "{shown:?}");
    for arguments in ["-q", "-v", "--format json"] {
        let shown = on_a_terminal(arguments);
        assert!(!shown.contains(" of 30 s"), "{arguments}: {shown:?}");
    }
}
