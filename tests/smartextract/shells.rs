//! Real shells evaluate the output of the shell formats.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::support::server::Api;
use crate::support::{Case, has_program};

/// A shell, and how it evaluates the output of a command.
const SHELLS: [(&str, &str); 7] = [
    ("sh", "eval \"$(smartextract token -f env)\""),
    ("sh", "eval $(smartextract token -f env)"),
    ("dash", "eval \"$(smartextract token -f env)\""),
    ("bash", "eval \"$(smartextract token -f env)\""),
    ("zsh", "eval \"$(smartextract token -f env)\""),
    ("fish", "eval (smartextract token -f fish)"),
    ("fish", "smartextract token -f fish | source"),
];

/// Those of the shells that are installed.
fn shells() -> impl Iterator<Item = (&'static str, &'static str)> {
    SHELLS.into_iter().filter(|(shell, _)| has_program(shell))
}

/// Few cases, because each starts every shell; long tokens of unusual characters make up for it.
#[test]
fn each_shell_gets_the_token_whatever_characters_it_has() {
    let config = Config { cases: 8, source_file: Some(file!()), ..Config::default() };
    let usual = Just("a'b\"c\\d$HOME`id`!*?[x]{a,b};&|<>()#~%\u{e9}\u{2019}".to_owned());
    let token = prop_oneof![usual, "[!-~\u{a1}-\u{ac}\u{ae}-\u{ff}\u{2018}-\u{201f}]{1,80}"];
    let test = |token: String| {
        let api = Api::answering(200, &json!({"data": {"token": token}}).to_string());
        for (shell, how) in shells() {
            let script = format!(
                "cd /; {how}; printf '%s\\n' \"$SMARTEXTRACT_TOKEN\" \"$SMARTEXTRACT_IFRAME_URL\""
            );
            let outcome = Case::script(shell, &script).against(&api.url()).run();
            let (value, url) = outcome.stdout.trim_end().split_once('\n').unwrap();
            prop_assert_eq!(value, &token, "{}: {}", shell, how);
            let url = url::Url::parse(url).unwrap();
            prop_assert_eq!(&url.query_pairs().next().unwrap().1, &token, "{}: {}", shell, how);
        }
        Ok(())
    };
    TestRunner::new(config).run(&token, test).unwrap();
}

#[test]
fn each_shell_sees_the_exit_code_of_a_failure() {
    let api = Api::answering(401, r#"{"error":"Invalid credentials provided"}"#);
    for (shell, how) in shells() {
        let usage_error = how.replace("token", "token --nonsense");
        let status = if shell == "fish" { "$status" } else { "$?" };
        for (how, code) in [(how, 10), (&usage_error, 2)] {
            let script = format!("{how}; echo {status}");
            Case::script(shell, &script).against(&api.url()).run().prints(&format!("{code}\n"));
            if shell != "fish" {
                let script = format!("set -e; {how}; echo reached");
                Case::script(shell, &script).against(&api.url()).run().fails(code);
            }
        }
    }
}

#[test]
fn an_unquoted_eval_never_prints_the_environment() {
    if has_program("bash") {
        // The word with the URL's `?` matches no file and disappears.
        let api = Api::giving_tokens();
        let script = "shopt -s nullglob; eval $(smartextract token -f env); \
                      echo \"$SMARTEXTRACT_TOKEN\"";
        Case::script("bash", script).against(&api.url()).run().prints("t0ken\n");
    }
}

#[test]
fn a_signal_fails_the_eval() {
    // The FIFO opens once the program reads the profile file.
    let script = "mkfifo f; for signal in TERM ALRM; do
        eval \"$(smartextract token -f env --config f & exec 3>f; kill -$signal $!; wait $!)\"
        echo $?; done";
    Case::script("sh", script).run().prints("143\n142\n");
    // A pipe that is full and never read.
    let script = "mkfifo f p; exec 4<>p; yes >&4 & sleep 0.2; kill $!
        smartextract token -f env --config f >&4 & exec 3>f; kill $!; wait $!; echo $?";
    Case::script("sh", script).run().prints("143\n");
}
