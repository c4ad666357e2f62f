//! Where settings come from: flags before variables before the profile before defaults.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::support::server::{Api, SUCCESS, closed_port, response, scripted};
use crate::support::{Case, KEY, PROFILE, SECRET, set_mode};

/// Runs against a server that accepts one token request, and gives the request's body.
fn body_sent(case: impl FnOnce(&str) -> Case) -> String {
    let (url, requests) = scripted(vec![response(200, "", SUCCESS)]);
    case(&url).run().prints("t0ken\n");
    requests.recv().unwrap().split_once("\r\n\r\n").unwrap().1.to_owned()
}

fn body(key: &str, secret: &str) -> String {
    format!(r#"{{"key":"{key}","secret":"{secret}"}}"#)
}

#[test]
fn a_flag_wins_over_a_variable() {
    let sent = body_sent(|url| Case::token(url, "--key flag-key"));
    assert_eq!(sent, body("flag-key", SECRET));
}

#[test]
fn a_variable_wins_over_the_profile() {
    let sent = body_sent(|url| {
        Case::token(url, "").profile("[profiles.default]\nkey = \"from-profile\"\n")
    });
    assert_eq!(sent, body(KEY, SECRET));
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let sent = body_sent(|url| {
        Case::token(url, "")
            .env("SMARTEXTRACT_KEY", "")
            .env("SMARTEXTRACT_CONFIG", "")
            .env("SMARTEXTRACT_PROFILE", "")
            .env("SMARTEXTRACT_ENV", "")
            .env("SMARTEXTRACT_TIMEOUT", "")
            .profile("[profiles.default]\nkey = \"from-profile\"\n")
    });
    assert_eq!(sent, body("from-profile", SECRET));
}

#[test]
fn the_last_of_a_flag_given_twice_is_used() {
    let sent = body_sent(|url| Case::token(url, "--key one --key two"));
    assert_eq!(sent, body("two", SECRET));
}

#[test]
fn the_profile_is_chosen_by_flag_then_variable_then_default_profile_then_by_name() {
    let profiles = "[profiles.default]\nkey = \"of-default\"\n\
                    [profiles.one]\nkey = \"of-one\"\n[profiles.two]\nkey = \"of-two\"\n";
    let named = format!("default_profile = \"two\"\n{profiles}");
    for (file, arguments, variable, key) in [
        (profiles, "", "", "of-default"),
        (&named, "", "", "of-two"),
        (&named, "", "one", "of-one"),
        (&named, "--profile default", "one", "of-default"),
        (profiles, "-p one", "", "of-one"),
    ] {
        let sent = body_sent(|url| {
            Case::token(url, arguments)
                .without("SMARTEXTRACT_KEY")
                .env("SMARTEXTRACT_PROFILE", variable)
                .profile(file)
        });
        assert_eq!(sent, body(key, SECRET), "{arguments} {variable}");
    }
}

#[test]
fn the_profile_file_may_be_named_by_flag_or_variable() {
    let file = "[profiles.default]\nkey = \"other-key\"\n";
    for (arguments, variable) in [("--config other.toml", "missing.toml"), ("", "other.toml")] {
        let sent = body_sent(|url| {
            Case::token(url, arguments)
                .without("SMARTEXTRACT_KEY")
                .env("SMARTEXTRACT_CONFIG", variable)
                .file("other.toml", file)
        });
        assert_eq!(sent, body("other-key", SECRET));
    }
}

#[test]
fn a_missing_profile_file_that_was_named_is_a_config_error() {
    Case::token("", "--config missing.toml").run().fails(3).says("no profile file at missing.toml");
    Case::token("", "").env("SMARTEXTRACT_CONFIG", "missing").run().fails(3).says("missing");
}

#[test]
fn a_home_that_is_no_directory_is_no_error() {
    let api = Api::giving_tokens();
    Case::token(&api.url(), "").env("HOME", "/dev/null").run().prints("t0ken\n");
}

#[test]
fn the_secret_may_come_from_each_of_its_places() {
    for (arguments, variable, profile) in [
        (format!("--secret {SECRET}"), ("", ""), ""),
        ("--secret-file s".to_owned(), ("", ""), ""),
        ("--secret-file -".to_owned(), ("", ""), ""),
        (String::new(), ("SMARTEXTRACT_SECRET", SECRET), ""),
        (String::new(), ("SMARTEXTRACT_SECRET_FILE", "s"), ""),
        (String::new(), ("", ""), "secret = \"s3cr3t-of-the-tests-8f2a\""),
        (String::new(), ("", ""), "secret_file = \"../../s\""),
        (String::new(), ("", ""), "secret_file = \"~/s\""),
        (String::new(), ("", ""), "secret_command = [\"cat\", \"s\"]"),
        (String::new(), ("", ""), "secret_command = [\"~/print\", \"s\"]"),
        (String::new(), ("", ""), "secret_command = [\"../../print\", \"s\"]"),
    ] {
        // On macOS the profile file's directory is deeper. Windows has no `#!`, and HOME does not
        // change the home directory there.
        if cfg!(target_os = "macos") && profile.contains("../..")
            || cfg!(windows) && (profile.contains("~/") || profile.contains("print"))
        {
            continue;
        }
        let sent = body_sent(|url| {
            let case = Case::token(url, &arguments)
                .without("SMARTEXTRACT_SECRET")
                .env(if variable.0.is_empty() { "UNUSED" } else { variable.0 }, variable.1)
                .file("s", SECRET)
                .file("print", "#!/bin/sh\ncat \"$@\"\n")
                .profile(&format!("[profiles.default]\n{profile}\n"))
                .stdin(SECRET);
            set_mode(&case.path("print"), 0o700);
            case
        });
        assert_eq!(sent, body(KEY, SECRET), "{arguments} {variable:?} {profile}");
    }
}

#[test]
fn key_and_secret_may_come_from_different_places() {
    let sent = body_sent(|url| {
        Case::token(url, "--secret-file -")
            .without("SMARTEXTRACT_KEY")
            .profile("[profiles.default]\nkey = \"k1\"\nsecret = \"unused\"\n")
            .stdin("from-stdin")
    });
    assert_eq!(sent, body("k1", "from-stdin"));
}

#[test]
fn two_secrets_in_the_same_place_are_a_config_error() {
    for (arguments, variable, profile, names) in [
        ("--secret a --secret-file b", "", "", ["flag --secret ", "flag --secret-file"]),
        ("", "b", "", ["SMARTEXTRACT_SECRET ", "SMARTEXTRACT_SECRET_FILE"]),
        ("", "", "secret = \"a\"\nsecret_file = \"b\"", ["secret (", "secret_file ("]),
        (
            "",
            "",
            "secret_file = \"a\"\nsecret_command = [\"b\"]",
            ["secret_file (", "secret_command ("],
        ),
        ("", "", "secret = \"a\"\nsecret_command = [\"b\"]", ["secret (", "secret_command ("]),
    ] {
        let case = Case::token("http://127.0.0.1:1/", arguments);
        let case = if profile.is_empty() { case } else { case.without("SMARTEXTRACT_SECRET") };
        case.env("SMARTEXTRACT_SECRET_FILE", variable)
            .profile(&format!("[profiles.default]\n{profile}\n"))
            .run()
            .fails(3)
            .says("two secrets in the same place: ")
            .says(names[0])
            .says(names[1]);
    }
}

#[test]
fn the_final_newline_of_file_input_or_output_is_removed_silently() {
    for content in ["s\n", "s\r\n", "s", "\u{feff}s\r\n"] {
        for arguments in ["--secret-file f", "--secret-file -", "-p command"] {
            let (url, requests) = scripted(vec![response(200, "", SUCCESS)]);
            Case::token(&url, arguments)
                .without("SMARTEXTRACT_SECRET")
                .file("f", content)
                .stdin(content)
                .profile("[profiles.command]\nsecret_command = [\"cat\", \"f\"]\n")
                .run()
                .prints("t0ken\n")
                .never_says("warning");
            assert!(requests.recv().unwrap().ends_with(&body(KEY, "s")), "{content:?}");
        }
    }
}

#[test]
fn other_white_space_around_key_or_secret_is_removed_with_a_warning() {
    for (key, secret, what) in [
        (" k", "s", "white space around the key was removed: SMARTEXTRACT_KEY"),
        ("k", "s\n", "white space around the secret was removed: SMARTEXTRACT_SECRET"),
        ("k", "\u{a0}s\t", "white space around the secret was removed: SMARTEXTRACT_SECRET"),
    ] {
        let (url, requests) = scripted(vec![response(200, "", SUCCESS)]);
        Case::token(&url, "")
            .env("SMARTEXTRACT_KEY", key)
            .env("SMARTEXTRACT_SECRET", secret)
            .run()
            .prints("t0ken\n")
            .says(&format!("warning: {what}"));
        assert!(requests.recv().unwrap().ends_with(&body("k", "s")));
    }
}

#[test]
fn a_control_character_inside_is_a_config_error_that_does_not_show_the_value() {
    let inside = format!("{SECRET}\n{SECRET}");
    Case::token("http://127.0.0.1:1/", "")
        .env("SMARTEXTRACT_SECRET", &inside)
        .run()
        .fails(3)
        .says("control character");
    Case::token("http://127.0.0.1:1/", "").env("SMARTEXTRACT_KEY", "a\u{1b}b").run().fails(3);
    Case::token("http://127.0.0.1:1/", "--secret-file -").stdin(inside).run().fails(3);
}

#[test]
fn an_invalid_secret_file_is_a_config_error_that_names_it() {
    for (content, said) in [
        (None, "the secret can't be read: file s"),
        (Some(&b"\xff\xfea\0"[..]), "not UTF-16"),
        (Some(&vec![b'x'; 65_537]), "larger than 64 KiB"),
    ] {
        let case = Case::token("http://127.0.0.1:1/", "--secret-file s");
        let case = match content {
            Some(content) => case.file("s", content),
            None => case,
        };
        case.without("SMARTEXTRACT_SECRET").run().fails(3).says(said).says("flag --secret-file");
    }
}

#[test]
fn a_secret_may_be_as_large_as_64_kib() {
    let large = "x".repeat(65_536);
    let case = |url: &str| Case::token(url, "--secret-file -").stdin(&*large);
    assert_eq!(body_sent(case), body(KEY, &large));
}

#[test]
fn an_empty_secret_counts_as_none() {
    for content in ["", "\n", " \n"] {
        Case::token("http://127.0.0.1:1/", "--secret-file -").stdin(content).run().fails(4);
    }
    Case::token("http://127.0.0.1:1/", "").arg("--key").arg("").run().fails(4).says("--key");
}

#[test]
fn a_failing_secret_command_is_a_config_error_with_its_exit_code_and_output() {
    for (command, said) in [
        (r#"["sh", "-c", "echo vault is locked >&2; exit 7"]"#, "sh ended with exit code 7"),
        (r#"["sh", "-c", "kill -9 $$"]"#, "sh was ended by a signal: 9"),
        (r#"["no-such-program", "s3cr3t-of-the-tests-8f2a"]"#, "no-such-program can't be run"),
        (r#"["pass show s3cr3t-of-the-tests-8f2a"]"#, "(hidden) can't be run"),
        (r#"["s3cr3t-of-the-tests-8f2a"]"#, "(hidden) can't be run"),
        (r#"["yes"]"#, "yes printed no secret"),
    ] {
        let outcome = Case::token("http://127.0.0.1:1/", "")
            .without("SMARTEXTRACT_SECRET")
            .profile(&format!("[profiles.default]\nsecret_command = {command}\n"))
            .run()
            .fails(3)
            .says(said)
            .says("profile default");
        let is_started = !said.ends_with("can't be run");
        assert_ne!(outcome.stderr.contains("each argument as a separate string"), is_started);
        if command.contains("vault") {
            outcome.says("vault is locked\n");
        }
    }
}

#[test]
fn a_secret_command_runs_without_a_shell() {
    let sent = body_sent(|url| {
        Case::token(url, "")
            .without("SMARTEXTRACT_SECRET")
            .profile("[profiles.default]\nsecret_command = [\"echo\", \"$HOME;`id`\"]\n")
    });
    assert_eq!(sent, body(KEY, "$HOME;`id`"));
}

#[test]
fn the_message_names_what_is_missing_and_the_place_that_lacks_it() {
    for (variable, said) in [
        ("SMARTEXTRACT_KEY", "error: no key found"),
        ("SMARTEXTRACT_SECRET", "error: no secret found"),
    ] {
        Case::token("http://127.0.0.1:1/", "").without(variable).run().fails(4).says(said);
    }
    // On Windows the tester's own file may be there.
    #[cfg(unix)]
    Case::new("token").run().fails(4).says("no key and no secret").says("no profile in");
    let case = Case::new("token").profile("[profiles.other]\n");
    case.run().fails(4).says("no profile is selected in ").says("hint: use --profile other");
}

#[cfg(unix)]
#[test]
fn a_secret_on_the_command_line_or_readable_by_others_causes_a_warning() {
    let api = Api::giving_tokens();
    Case::token(&api.url(), &format!("--secret {SECRET}"))
        .run()
        .prints("t0ken\n")
        .says("warning: other users can see --secret in the process list");
    for (mode, warned) in [(0o600, false), (0o644, true), (0o640, true)] {
        let case = Case::token(&api.url(), "")
            .profile(&format!("[profiles.default]\nsecret = \"{SECRET}\"\n"));
        set_mode(&case.path(PROFILE), mode);
        let outcome = case.run().prints("t0ken\n");
        assert_eq!(outcome.stderr.contains("warning: other users can read"), warned, "{mode:o}");
    }
    let case = Case::token(&api.url(), "").profile("[profiles.default]\nkey = \"k\"\n");
    set_mode(&case.path(PROFILE), 0o644);
    case.run().prints("t0ken\n").never_says("warning");
}

#[test]
fn an_unknown_profile_lists_the_known_ones_closest_first_if_there_are_any() {
    // On Windows the tester's own file may be there.
    if cfg!(unix) {
        let hint = "unknown profile x (flag --profile)\nhint: run smartextract config init";
        Case::token("http://127.0.0.1:1/", "-p x").run().fails(3).says(hint);
    }
    Case::token("http://127.0.0.1:1/", "-p stagin")
        .profile("[profiles.alpha]\n[profiles.staging]\n")
        .run()
        .fails(3)
        .says("unknown profile stagin (flag --profile)")
        .says("did you mean staging? Use one of: staging, alpha");
}

#[test]
fn an_invalid_profile_file_is_a_config_error_with_file_line_and_column() {
    for (text, said) in [
        (
            "[profiles.default]\nsecrt = \"x\"\n",
            "config.toml:2:1: unknown key\nhint: use one of env, key",
        ),
        ("[profiles.default]\ntimeout = \"x\"\n", "config.toml:2:11: timeout must be"),
        (
            "[profiles.default]\nsecret = s3cr3t-of-the-tests-8f2a\n",
            "config.toml:2:10: not valid TOML",
        ),
        ("[profiles.default]\ntoken_url = \"x\"\n", "config.toml:2:1: unknown key"),
        ("[profiles.other]\nenv = 1\n", "config.toml:2:7: env must be a string"),
    ] {
        Case::token("http://127.0.0.1:1/", "").profile(text).run().fails(3).says(said);
    }
    let case = Case::token("http://127.0.0.1:1/", "").file(PROFILE, b"# a\nb \xff\xfe");
    case.run().fails(3).says("save the file as UTF-8");
}

#[test]
fn an_invalid_number_is_a_usage_error_as_a_flag_and_a_config_error_elsewhere() {
    for (name, bad) in [
        ("timeout", "abc"),
        ("timeout", "0"),
        ("timeout", "-1"),
        ("timeout", "inf"),
        ("timeout", "NaN"),
        ("timeout", "1e99"),
        ("timeout", "86400.1"),
        ("retries", "-1"),
        ("retries", "1.5"),
        ("retries", "x"),
    ] {
        let url = format!("http://127.0.0.1:{}/", closed_port());
        Case::token(&url, &format!("--{name}={bad}"))
            .run()
            .fails(2)
            .says(&format!("flag --{name}"));
        let variable = format!("SMARTEXTRACT_{}", name.to_uppercase());
        Case::token(&url, "").env(&variable, bad).run().fails(3).says(&variable);
    }
    for line in ["timeout = 0", "timeout = inf", "retries = -1", "retries = 1.5"] {
        let file = format!("[profiles.default]\n{line}\n");
        let case = Case::token("http://127.0.0.1:1/", "").without("SMARTEXTRACT_RETRIES");
        let name = line.split(' ').next().unwrap();
        case.profile(&file).run().fails(3).says(&format!("error: {name} (profile default, "));
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_a_config_error() {
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"\xff");
    for variable in ["SMARTEXTRACT_KEY", "SMARTEXTRACT_ENV", "SMARTEXTRACT_TOKEN_URL"] {
        let case = Case::token("http://127.0.0.1:1/", "").env(variable, odd);
        case.run().fails(3).says(&format!("{variable} is not UTF-8 text"));
    }
}

#[test]
fn a_profile_file_of_one_mebibyte_is_read_quickly() {
    let mut file = String::new();
    for number in 0..30_000 {
        writeln!(file, "[profiles.p{number}]\nkey = \"{number}\"").unwrap();
    }
    let case = Case::new("config show -p p29999").profile(&file);
    let start = Instant::now();
    let outcome = case.run();
    let took = start.elapsed();
    assert!(outcome.stdout.contains("config.toml:60000"), "{}", outcome.stdout);
    // A second on a quiet machine; work that grows with the square of the size takes minutes.
    assert!(took < Duration::from_secs(20), "it took {took:?}");
}

#[cfg(unix)]
#[test]
fn a_link_to_itself_or_to_nothing_as_profile_file_is_a_config_error() {
    let case = Case::new("token");
    let path = case.path(PROFILE);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&path, &path).unwrap();
    case.run().fails(3).says("can't be read").says("symbolic link");
    for arguments in ["token", "config init", "config init --profile x"] {
        let case = Case::new(arguments).env("SMARTEXTRACT_CONFIG", "link");
        std::os::unix::fs::symlink("missing", case.path("link")).unwrap();
        case.run().fails(3).says("can't be read").says("symbolic link");
    }
}
