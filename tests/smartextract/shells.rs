//! Real shells evaluate the output of the shell formats.

use assert_cmd::cargo::cargo_bin;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;

use crate::support::server::Api;
use crate::support::{KEY, SECRET, has_program, isolated};

/// A shell, its format, and how it evaluates the output of a command.
const SHELLS: [(&str, &str, &str); 7] = [
    ("sh", "env", "eval \"$(RUN)\""),
    ("sh", "env", "eval $(RUN)"),
    ("dash", "env", "eval \"$(RUN)\""),
    ("bash", "env", "eval \"$(RUN)\""),
    ("zsh", "env", "eval \"$(RUN)\""),
    ("fish", "fish", "eval (RUN)"),
    ("fish", "fish", "RUN | source"),
];

fn run(shell: &str, script: &str, format: &str, url: &str) -> (i32, String) {
    let program = cargo_bin!("smartextract").display().to_string();
    let script = script.replace("RUN", &format!("'{program}' token --format {format} --retries 0"));
    let home = TempDir::new().unwrap();
    let output = isolated(shell)
        .args(["-c", &script])
        .env("HOME", home.path())
        .env("SMARTEXTRACT_TOKEN_URL", url)
        .env("SMARTEXTRACT_KEY", KEY)
        .env("SMARTEXTRACT_SECRET", SECRET)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(![&text, &*stderr].iter().any(|text| text.contains(SECRET)), "{stderr}");
    assert!(!stderr.contains(KEY), "{stderr}");
    (output.status.code().unwrap(), text)
}

#[test]
fn each_shell_gets_the_token_whatever_characters_it_has() {
    let token = "a'b\"c\\d$HOME`id`!*?[x]{a,b};&|<>()#~%\u{e9}\u{2019}";
    let body = serde_json::json!({"data": {"token": token}}).to_string();
    let api = Api::answering(200, &body);
    for (shell, format, how) in SHELLS {
        if !has_program(shell) {
            continue;
        }
        let script = format!(
            "cd /; {how}; printf %s \"$SMARTEXTRACT_TOKEN\"; printf '|%s' \"$SMARTEXTRACT_IFRAME_URL\""
        );
        let (code, text) = run(shell, &script, format, &api.url());
        let (value, url) = text.rsplit_once('|').unwrap();
        assert_eq!((code, value), (0, token), "{shell}: {how}");
        let url = url::Url::parse(url).unwrap();
        assert_eq!(url.query_pairs().next().unwrap().1, token, "{shell}: {how}");
    }
}

#[test]
fn each_shell_sees_the_exit_code_of_a_failure() {
    let api = Api::answering(401, r#"{"error":"Invalid credentials provided"}"#);
    for (shell, format, how) in SHELLS {
        if !has_program(shell) {
            continue;
        }
        let status = if shell == "fish" { "$status" } else { "$?" };
        let script = format!("{how}; echo {status}");
        let (_, text) = run(shell, &script, format, &api.url());
        assert_eq!(text, "10\n", "{shell}: {how}");
        if shell != "fish" {
            let (code, text) =
                run(shell, &format!("set -e; {how}; echo reached"), format, &api.url());
            assert_eq!((code, text.as_str()), (10, ""), "{shell}: set -e; {how}");
        }
    }
}

#[test]
fn each_shell_sees_the_exit_code_of_a_usage_error() {
    for (shell, format, how) in SHELLS {
        if !has_program(shell) {
            continue;
        }
        let script = how.replace("RUN", "RUN --nonsense");
        let status = if shell == "fish" { "$status" } else { "$?" };
        let (_, text) = run(shell, &format!("{script}; echo {status}"), format, "");
        assert_eq!(text, "2\n", "{shell}: {how}");
    }
}

#[test]
fn a_token_assigned_in_a_shell_keeps_the_exit_code() {
    let api = Api::answering(401, r#"{"error":"This API key is disabled"}"#);
    for shell in ["sh", "bash", "zsh"] {
        if has_program(shell) {
            let (code, _) = run(shell, "token=$(RUN) || exit; echo reached", "token", &api.url());
            assert_eq!(code, 11, "{shell}");
        }
    }
}

/// Few cases, because each starts every shell; long tokens of unusual characters make up for it.
#[test]
fn any_value_survives_any_shell() {
    let mut runner = TestRunner::new(Config { cases: 12, ..Config::default() });
    let token = "[!-~\u{a1}-\u{ff}\u{2018}-\u{201f}]{1,80}";
    runner
        .run(&token, |token| {
            prop_assume!(!token.contains(|c: char| c.is_whitespace() || c == '\u{ad}'));
            let body = serde_json::json!({"data": {"token": token}}).to_string();
            let api = Api::answering(200, &body);
            for (shell, format, how) in SHELLS {
                if has_program(shell) {
                    let script = format!("cd /; {how}; printf %s \"$SMARTEXTRACT_TOKEN\"");
                    let (_, text) = run(shell, &script, format, &api.url());
                    prop_assert_eq!(&text, &token, "{}: {}", shell, how);
                }
            }
            Ok(())
        })
        .unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn exit_1_and_no_panic_if_standard_output_is_full_or_closed_by_its_reader() {
    let api = Api::giving_tokens();
    for script in ["RUN > /dev/full; echo $?", "RUN --help > /dev/full; echo $?"] {
        let (_, text) = run("sh", script, "token", &api.url());
        assert_eq!(text, "1\n", "{script}");
    }
    // The reader ends before the program starts.
    let script = "{ sleep 0.3; RUN; echo $? > \"$HOME/code\"; } | true; cat \"$HOME/code\"";
    let (_, text) = run("sh", script, "token", &api.url());
    assert_eq!(text, "1\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_github_value_is_not_written_if_its_mask_is_not() {
    let api = Api::giving_tokens();
    let home = tempfile::TempDir::new().unwrap();
    let (file, new) = (home.path().join("file"), home.path().join("new"));
    std::fs::write(&file, "A=1\n").unwrap();
    for path in [&file, &new] {
        let script = format!("export GITHUB_ENV='{}'; RUN > /dev/full; echo $?", path.display());
        let (_, text) = run("sh", &script, "github-env", &api.url());
        assert_eq!(text, "1\n");
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), "A=1\n");
    assert!(!new.exists());
}

#[test]
fn an_unquoted_eval_never_prints_the_environment() {
    if !has_program("bash") {
        return;
    }
    // The word with the URL's `?` matches no file and disappears.
    let api = Api::giving_tokens();
    let script = "shopt -s nullglob; eval $(RUN); echo \"$SMARTEXTRACT_TOKEN\"";
    let (_, text) = run("bash", script, "env", &api.url());
    assert_eq!(text, "t0ken\n");
}

#[cfg(target_os = "linux")]
#[test]
fn the_shells_own_output_file_is_not_replaced() {
    let api = Api::giving_tokens();
    for path in ["/dev/stdout", "/dev/fd/1", "-"] {
        let script = format!(
            "cd \"$HOME\"; {{ echo 1; RUN -o {path}; echo 2; }} >f; cat f; \
             echo 1 >f; RUN -o /dev/fd/4 4>>f; cat f"
        );
        let (_, text) = run("sh", &script, "token", &api.url());
        assert_eq!(text, "1\nt0ken\n2\n1\nt0ken\n", "{path}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_size_limit_is_exit_1_and_leaves_nothing_behind() {
    let api = Api::giving_tokens();
    // The limit is 512 bytes.
    for (format, command, left) in [
        ("token", "ulimit -f 0; RUN -o file", ""),
        ("token", "ulimit -f 0; RUN > file", "0 file"),
        (
            "github-env",
            "printf %501s'\n' > file; ulimit -f 1; GITHUB_ENV=file RUN >/dev/null",
            "502 file",
        ),
    ] {
        let script = format!("cd \"$HOME\"; ({command}); echo $?; wc -c *");
        let (_, text) = run("sh", &script, format, &api.url());
        assert_eq!(text.trim_end(), format!("1\n{left}").trim_end(), "{command}");
    }
}
