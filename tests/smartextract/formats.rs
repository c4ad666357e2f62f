//! What each format prints, and what it prints if the command fails.

use serde_json::Value;

use crate::support::Case;
use crate::support::server::Api;

const URL: &str = "https://app.clik.ai/smart-extract-stg?token=t0ken";

fn printed(format: &str) -> String {
    let api = Api::giving_tokens();
    let outcome = Case::token(&api.url(), &format!("--env staging --format {format}")).run();
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout
}

#[test]
fn token_is_the_raw_token() {
    assert_eq!(printed("token"), "t0ken\n");
}

#[test]
fn json_is_one_line_with_token_url_and_environment() {
    assert_eq!(
        printed("json"),
        format!("{{\"token\":\"t0ken\",\"iframe_url\":\"{URL}\",\"environment\":\"staging\"}}\n")
    );
}

#[test]
fn url_is_the_iframe_url_with_the_token_percent_encoded() {
    assert_eq!(printed("url"), format!("{URL}\n"));
    let api = Api::answering(200, r#"{"data":{"token":"a/b+c=&é'"}}"#);
    Case::token(&api.url(), "--format url")
        .run()
        .prints("https://app.clik.ai/smart-extract?token=a%2Fb%2Bc%3D%26%C3%A9%27\n");
}

#[test]
fn iframe_is_an_element_with_an_escaped_attribute() {
    assert_eq!(printed("iframe"), format!("<iframe src=\"{URL}\"></iframe>\n"));
    let api = Api::giving_tokens();
    Case::token(&api.url(), "--format iframe --iframe-template https://h/?a='&t={token}")
        .run()
        .prints("<iframe src=\"https://h/?a=&#39;&amp;t=t0ken\"></iframe>\n");
}

#[test]
fn env_fish_and_powershell_are_statements() {
    assert_eq!(
        printed("env"),
        format!(
            "SMARTEXTRACT_TOKEN='t0ken'; export SMARTEXTRACT_TOKEN;\n\
             SMARTEXTRACT_IFRAME_URL='{URL}'; export SMARTEXTRACT_IFRAME_URL;\n"
        )
    );
    assert_eq!(
        printed("fish"),
        format!("set -gx SMARTEXTRACT_TOKEN 't0ken';\nset -gx SMARTEXTRACT_IFRAME_URL '{URL}';\n")
    );
    assert_eq!(
        printed("powershell"),
        format!("$Env:SMARTEXTRACT_TOKEN = 't0ken';\n$Env:SMARTEXTRACT_IFRAME_URL = '{URL}';\n")
    );
}

#[test]
fn dotenv_is_two_plain_lines() {
    assert_eq!(
        printed("dotenv"),
        format!("SMARTEXTRACT_TOKEN=t0ken\nSMARTEXTRACT_IFRAME_URL={URL}\n")
    );
}

#[test]
fn dotenv_rejects_what_its_readers_interpret() {
    for token in [
        "a#b", "a$b", "a'b", "a\\\"b", "a\\\\b", "a`b", "a;b", "a&b", "a|b", "a<b", "a>b", "a(b",
        "a)b", "~a", "a:~b", "=a",
    ] {
        let api = Api::answering(200, &format!(r#"{{"data":{{"token":"{token}"}}}}"#));
        Case::token(&api.url(), "--format dotenv").run().fails(1).says("another --format");
    }
    let api = Api::giving_tokens();
    for template in ["https://h/#{token}", "https://h/?a&t={token}"] {
        let case = Case::token(&api.url(), "--format dotenv --iframe-template").arg(template);
        case.run().fails(3).says("another --format");
    }
    assert!(!api.mock.matched(), "a token was requested");
    let api = Api::answering(200, r#"{"data":{"token":"a~b=c:d*e?f[g]{h}!i"}}"#);
    let plain = Case::token(&api.url(), "--format dotenv").run();
    assert!(
        plain.stdout.starts_with("SMARTEXTRACT_TOKEN=a~b=c:d*e?f[g]{h}!i\n"),
        "{}",
        plain.stdout
    );
}

#[test]
fn a_url_of_two_hosts_is_a_warning() {
    const WARNING: &str = "the iframe template is still that of the environment production";
    let api = Api::giving_tokens();
    for format in ["url", "json", "env"] {
        Case::token(&api.url(), &format!("--format {format}")).run().says(WARNING);
    }
    Case::token(&api.url(), "").run().never_says(WARNING);
    let given = Case::token(&api.url(), "--format url --iframe-template https://h/{token}");
    given.run().never_says(WARNING);
}

#[test]
fn github_formats_mask_both_values_and_append_them_to_the_named_file() {
    for (format, variable, lines) in [
        ("github-env", "GITHUB_ENV", "SMARTEXTRACT_TOKEN=t0k%en\nSMARTEXTRACT_IFRAME_URL="),
        ("github-output", "GITHUB_OUTPUT", "token=t0k%en\niframe_url="),
    ] {
        let api = Api::answering(200, r#"{"data":{"token":"t0k%en"}}"#);
        let url = "https://app.clik.ai/smart-extract?token=t0k%25en";
        let outcome = Case::token(&api.url(), &format!("--format {format}"))
            .env(variable, "file")
            .file("file", "EARLIER=1\n")
            .run()
            .prints(&format!("::add-mask::t0k%25en\n::add-mask::{}\n", url.replace('%', "%25")));
        assert_eq!(outcome.read("file"), format!("EARLIER=1\n{lines}{url}\n"));
    }
}

#[test]
fn a_github_format_without_its_file_requests_no_token() {
    for (format, variable) in [("github-env", "GITHUB_ENV"), ("github-output", "GITHUB_OUTPUT")] {
        let api = Api::giving_tokens();
        let case = || Case::token(&api.url(), &format!("--format {format}"));
        case().run().fails(3).says(&format!("{variable} is not set"));
        case()
            .env(variable, "/no/such/directory/file")
            .run()
            .fails(3)
            .says("/no/such/directory/file");
        assert!(!api.mock.matched());
    }
}

#[test]
fn a_failed_github_format_creates_no_file() {
    let api = Api::answering(401, "");
    let case = Case::token(&api.url(), "--format github-env").env("GITHUB_ENV", "file");
    assert!(!case.run().fails(12).exists("file"));
}

#[test]
fn github_env_starts_a_new_line() {
    let api = Api::giving_tokens();
    let case = Case::token(&api.url(), "--format github-env").env("GITHUB_ENV", "file");
    let text = case.file("file", "FOO=bar").run().read("file");
    assert!(text.starts_with("FOO=bar\nSMARTEXTRACT_TOKEN=t0ken\n"), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn exit_1_if_the_output_can_not_be_written() {
    let api = Api::giving_tokens();
    let full = Case::token(&api.url(), "--format github-env").env("GITHUB_ENV", "/dev/full");
    let outcome = full.run().says("/dev/full can't be written").says("No space left");
    // The values were masked before that.
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (1, 2), "{}", outcome.stdout);
}

#[test]
fn a_failure_prints_a_statement_with_the_exit_code_for_eval_and_nothing_in_other_formats() {
    let api = Api::answering(401, r#"{"error":"Invalid credentials provided"}"#);
    let failed = |format: &str, stdout: &str| {
        let case = Case::token(&api.url(), &format!("--format {format}"));
        let outcome = case.env("GITHUB_ENV", "file").env("GITHUB_OUTPUT", "file").run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (10, stdout), "{format}");
    };
    failed("env", "(exit 10);\n");
    failed("fish", "sh -c 'exit 10';\n");
    for format in ["token", "json", "url", "iframe", "dotenv", "github-env", "github-output"] {
        failed(format, "");
    }
    let outcome = Case::token(&api.url(), "--format powershell").run();
    assert_eq!(outcome.code, 10);
    assert!(outcome.stdout.contains("$global:LASTEXITCODE = 10; throw"), "{}", outcome.stdout);
    assert_eq!(outcome.stdout.lines().count(), 1);
}

#[test]
fn a_usage_error_prints_the_statement_of_a_format_mentioned_anywhere() {
    for arguments in [
        "token --format env --nonsense",
        "token --nonsense -f env",
        "token -fenv stray",
        "token --format=env --timeout",
        "-f env token --nonsense=1",
        "-f env",
        "token -qf env --timeout x",
        "token --nonsense x --format env",
        "token -f env --formatx",
        "token --format=fish --format env --nonsense",
        "token --key --format env",
        "--format env config show",
        "token --format Env",
        "token --key --format=env",
        "token --secret -fenv",
    ] {
        let outcome = Case::new(arguments).run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, "(exit 2);\n"), "{arguments}");
    }
    let outcome = Case::new("token --format fish --secret").run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, "sh -c 'exit 2';\n"));
}

#[test]
fn a_completion_variable_set_by_accident_changes_nothing() {
    let api = Api::giving_tokens();
    let case = Case::token(&api.url(), "").env("SMARTEXTRACT_COMPLETE", "bash");
    case.run().prints("t0ken\n");
}

#[test]
fn a_json_error_stays_valid_whatever_it_quotes() {
    let name = "\u{7f}\u{9b}31m\u{1b}\"\\";
    let outcome = Case::token("http://127.0.0.1:1/", "-f json --env").arg(name).run().fails(3);
    let error = &serde_json::from_str::<Value>(&outcome.stderr).unwrap()["error"];
    assert!(error["message"].as_str().unwrap().contains(name), "{error}");
    assert!(!outcome.stderr.trim_end().contains(char::is_control), "{:?}", outcome.stderr);
}

#[test]
fn an_error_with_format_json_is_one_json_line() {
    for (status, body, code, exit_code, retryable) in [
        (401, r#"{"error":"Invalid credentials provided"}"#, "invalid_credentials", 10, false),
        (429, "", "rate_limited", 32, true),
        (503, "", "server_error", 30, true),
        (418, "", "unexpected_response", 31, false),
    ] {
        let api = Api::answering(status, body);
        let outcome = Case::token(&api.url(), "--format json --secret x").run().fails(exit_code);
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
        let error = &serde_json::from_str::<Value>(&outcome.stderr).unwrap()["error"];
        assert_eq!(error["code"], code);
        assert_eq!(error["exit_code"], exit_code);
        assert_eq!(error["http_status"], status);
        assert_eq!(error["retryable"], retryable);
        assert!(error["message"].as_str().unwrap().contains(&format!("HTTP {status}")));
        assert!(error["warnings"][0].as_str().unwrap().contains("--secret"));
    }
    for (arguments, exit_code) in [("token -f json", 4), ("token -f json --nonsense", 2)] {
        let outcome = Case::new(arguments).run().fails(exit_code);
        let error = &serde_json::from_str::<Value>(&outcome.stderr).unwrap()["error"];
        assert_eq!(error["http_status"], Value::Null);
        assert_eq!(error["exit_code"], exit_code);
        assert_eq!(error["retryable"], false);
    }
}
