//! Results: what can't be written as asked, files that stay unchanged, and the status line.

use crate::support::server::Api;
use crate::support::{Case, Outcome};

/// The names in the home directory, which must not contain anything temporary.
fn names(outcome: &Outcome) -> Vec<String> {
    let entries = std::fs::read_dir(outcome.path("")).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_token_that_a_format_can_not_represent_is_refused() {
    let api = Api::answering(200, r#"{"data":{"token":"a#b"}}"#);
    Case::token(&api.url(), "--format dotenv").run().fails(1).says("another --format");
}

#[test]
fn a_github_mask_and_a_line_have_their_own_escapes() {
    let api = Api::answering(200, r#"{"data":{"token":"t0k%en"}}"#);
    let url = "https://app.clik.ai/smart-extract?token=t0k%25en";
    let outcome = Case::token(&api.url(), "--format github-output")
        .env("GITHUB_OUTPUT", "file")
        .run()
        .prints(&format!("::add-mask::t0k%25en\n::add-mask::{}\n", url.replace('%', "%25")));
    assert_eq!(outcome.read("file"), format!("token=t0k%en\niframe_url={url}\n"));
}

#[test]
fn a_failure_prints_nothing_except_for_eval_and_creates_no_file() {
    let api = Api::answering(401, "");
    for (arguments, stdout) in [
        ("-f env", "(exit 12);\n"),
        ("-f env -o f", "(exit 12);\n"),
        ("-f fish", "sh -c 'exit 12';\n"),
        ("-f json", ""),
        ("-f github-env", ""),
    ] {
        let outcome = Case::token(&api.url(), arguments).env("GITHUB_ENV", "f").run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (12, stdout), "{arguments}");
        assert_eq!(names(&outcome), [""; 0], "{arguments}");
    }
    let outcome = Case::token(&api.url(), "--output x").file("x", "old").run().fails(12);
    assert_eq!((outcome.read("x"), names(&outcome)), ("old".into(), vec!["x".into()]));
}

#[test]
fn a_usage_error_prints_the_statement_of_a_format_mentioned_anywhere() {
    for arguments in [
        "token -fenv stray",
        "-f env",
        "token -f env --formatx",
        "token --format=fish --format env --nonsense",
        "token --format Env",
    ] {
        let outcome = Case::new(arguments).run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, "(exit 2);\n"), "{arguments}");
    }
    for (arguments, stdout) in [
        ("emulator -- ./none/smartextract token --format env", "(exit 127);\n"),
        ("emulator -- ./none/other env", ""),
    ] {
        let outcome = Case::new(arguments).run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (127, stdout), "{arguments}");
    }
}

#[test]
fn a_result_that_can_not_be_written_requests_no_token() {
    let api = Api::giving_tokens();
    for (arguments, github_env, code) in [
        ("--format github-env", "", 3),
        ("--format github-env", "directory", 3),
        ("--format github-env", "/proc/self/exe", 3),
        ("--format dotenv --iframe-template https://h/#{token}", "", 3),
        ("--output no/such/directory/x", "", 1),
        ("--output directory", "", 1),
        ("--output new/", "", 1),
    ] {
        let case = Case::token(&api.url(), arguments).env("GITHUB_ENV", github_env);
        assert_eq!(names(&case.file("directory/x", "").run().fails(code)), ["directory"]);
    }
    assert!(!api.was_asked(), "a token was requested");
}

#[test]
fn the_result_replaces_the_file_with_mode_0600_and_standard_output_stays_empty() {
    let api = Api::giving_tokens();
    let existing = Case::token(&api.url(), "-o file").file("file", "old");
    crate::support::set_mode(&existing.path("file"), 0o644);
    for case in [Case::token(&api.url(), "-o file"), existing] {
        let outcome = case.run().prints("");
        assert_eq!(outcome.read("file"), "t0ken\n");
        assert_eq!(names(&outcome), ["file"]);
        #[cfg(unix)]
        assert_eq!(outcome.mode("file"), 0o600);
    }
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_keeps_pointing_to_its_file() {
    let api = Api::giving_tokens();
    let case = || {
        let case = Case::token(&api.url(), "-o link").file("directory/real", "old");
        std::os::unix::fs::symlink("directory/real", case.path("link")).unwrap();
        case
    };
    let outcome = case().run().prints("");
    assert_eq!(outcome.read("directory/real"), "t0ken\n");
    assert!(outcome.path("link").is_symlink());
    let dangling = case();
    std::fs::remove_file(dangling.path("directory/real")).unwrap();
    dangling.run().fails(1).says("link can't be written");
}

#[cfg(unix)]
#[test]
fn an_open_file_or_device_is_written_to_directly() {
    let api = Api::giving_tokens();
    assert!(!Case::token(&api.url(), "-o -").run().prints("t0ken\n").path("-").exists());
    Case::token(&api.url(), "-o /dev/null").run().prints("");
    for path in ["/dev/stdout", "/dev/fd/1", "-"] {
        let script = format!("{{ echo 1; smartextract token -o {path}; echo 2; }} >f; cat f");
        Case::script("sh", &script).against(&api.url()).run().prints("1\nt0ken\n2\n");
    }
    for (path, open) in [("/dev/stderr", "2>>f"), ("/dev/fd/3", "3>>f")] {
        let script = format!("echo 1 >f; smartextract token -o {path} {open}; cat f");
        Case::script("sh", &script).against(&api.url()).run().prints("1\nt0ken\n");
    }
}

/// A file is complete or missing, and a mask is printed before its value is written.
#[cfg(target_os = "linux")]
#[test]
fn exit_1_if_the_output_is_full_or_closed_or_too_large() {
    let api = Api::giving_tokens();
    // The limits are in units of 512 bytes. The last reader ends before the program starts.
    for (script, left) in [
        ("smartextract token -o /dev/full; echo $?", "1\n"),
        ("smartextract token > /dev/full; echo $?", "1\n"),
        ("smartextract --help > /dev/full; echo $?", "1\n"),
        ("{ sleep 0.3; smartextract token; echo $? > f; } | true; cat f", "1\n"),
        ("(ulimit -f 0; smartextract token -o f); echo $?; ls", "1\n"),
        ("(ulimit -f 0; smartextract token > f); echo $?; wc -c f", "1\n0 f\n"),
        ("echo A=1 > f; GITHUB_ENV=f MASKED > /dev/full; echo $?; cat f", "1\nA=1\n"),
        ("GITHUB_ENV=new MASKED > /dev/full; echo $?; ls", "1\n"),
        ("GITHUB_ENV=/dev/full MASKED | wc -l", "2\n"),
        ("printf %501s >g; (ulimit -f 1; GITHUB_ENV=g MASKED >x); echo $?; wc -c g", "1\n501 g\n"),
    ] {
        let script = script.replace(" MASKED", " smartextract token -f github-env");
        Case::script("sh", &script).against(&api.url()).run().prints(left);
    }
}

/// The API answers after 2 seconds.
#[cfg(unix)]
#[test]
fn a_status_line_on_a_terminal_appears_after_a_second_and_disappears() {
    let shown = |arguments: &str| {
        let case = Case::new(&format!("emulator --delay 2 -- smartextract token {arguments}"));
        let (_home, mut session) = case.env("TERM", "xterm").on_a_terminal();
        session.exp_eof().unwrap()
    };
    let text = shown("");
    assert!(text.contains("waiting for the response (1 s of 30 s)"), "{text:?}");
    // Go to the start of the line and clear it, then print the token.
    let (_, token) = text.trim_end().rsplit_once("\r\u{1b}[2K").unwrap();
    assert_eq!(token.len(), 32, "the token is not last: {text:?}");
    for arguments in ["-q", "-v", "--format json"] {
        let text = shown(arguments);
        assert!(!text.contains(" s of 30 s"), "{arguments}: {text:?}");
    }
}
