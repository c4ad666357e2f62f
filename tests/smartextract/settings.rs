//! Where settings come from, by what the server receives: flags before variables before the
//! profile before defaults.

use crate::support::certificates::{Authority, token_server};
use crate::support::server::{Api, SUCCESS, connecting_to, response, scripted};
use crate::support::{Case, KEY, SECRET, has_program, set_mode};

/// Runs against a server that accepts one token request, and returns the request's body.
fn body_sent(case: impl FnOnce(&str) -> Case) -> String {
    let (url, requests) = scripted(vec![response(200, "", SUCCESS)]);
    case(&url).run().prints("t0ken\n").never_says("warning");
    requests.recv().unwrap().split_once("\r\n\r\n").unwrap().1.to_owned()
}

fn body(key: &str, secret: &str) -> String {
    format!(r#"{{"key":"{key}","secret":"{secret}"}}"#)
}

#[test]
fn the_first_place_that_has_a_key_wins() {
    let profiles = "[profiles.default]\nkey = \"of-default\"\n\
                    [profiles.one]\nkey = \"of-one\"\n[profiles.two]\nkey = \"of-two\"\n";
    let named = &format!("default_profile = \"two\"\n{profiles}");
    for (arguments, (variable, value), file, key) in [
        ("--key one --key flag", ("SMARTEXTRACT_KEY", "v"), profiles, "flag"),
        ("", ("SMARTEXTRACT_KEY", "variable"), profiles, "variable"),
        ("", ("SMARTEXTRACT_PROFILE", ""), profiles, "of-default"),
        ("", ("SMARTEXTRACT_PROFILE", ""), named, "of-two"),
        ("", ("SMARTEXTRACT_PROFILE", "one"), named, "of-one"),
        ("--profile default", ("SMARTEXTRACT_PROFILE", "one"), named, "of-default"),
        ("-p one", ("SMARTEXTRACT_ENV", ""), profiles, "of-one"),
        ("--config other.toml", ("SMARTEXTRACT_CONFIG", "missing"), profiles, "other"),
        ("", ("SMARTEXTRACT_CONFIG", "other.toml"), profiles, "other"),
    ] {
        let sent = body_sent(|url| {
            Case::token(url, arguments)
                .profile(file)
                .file("other.toml", "[profiles.default]\nkey = \"other\"\n")
                .env("SMARTEXTRACT_KEY", "")
                .env(variable, value)
        });
        assert_eq!(sent, body(key, SECRET), "{arguments} {variable}={value}");
    }
}

#[test]
fn the_secret_may_come_from_each_of_its_places() {
    for (arguments, (variable, value), profile) in [
        ("--secret-file s", ("", ""), ""),
        ("--secret-file -", ("", ""), ""),
        ("", ("SMARTEXTRACT_SECRET", SECRET), "secret = \"x\""),
        ("", ("SMARTEXTRACT_SECRET_FILE", "s"), "secret = \"x\""),
        ("", ("", ""), "secret = \"s3cr3t-of-the-tests-8f2a\""),
        ("", ("", ""), "secret_file = \"../../s\""),
        ("", ("", ""), "secret_file = \"~/s\""),
        ("", ("", ""), "secret_command = [\"cat\", \"s\"]"),
        ("", ("", ""), "secret_command = [\"~/print\", \"s\"]"),
        ("", ("", ""), "secret_command = [\"../../print\", \"s\"]"),
    ] {
        // On macOS the profile file's directory is deeper. Windows has no `#!`, and HOME does not
        // change the home directory there.
        if cfg!(target_os = "macos") && profile.contains("../..")
            || cfg!(windows) && (profile.contains("~/") || profile.contains("print"))
            || profile.contains("cat") && !has_program("cat")
        {
            continue;
        }
        // A final newline is removed without a warning, and so is a byte order mark.
        for content in [SECRET, &format!("{SECRET}\n"), &format!("\u{feff}{SECRET}\r\n")] {
            let sent = body_sent(|url| {
                let case = Case::token(url, arguments)
                    .without("SMARTEXTRACT_SECRET")
                    .env(if variable.is_empty() { "UNUSED" } else { variable }, value)
                    .file("s", content)
                    .file("print", "#!/bin/sh\ncat \"$@\"\n")
                    .profile(&format!("[profiles.default]\n{profile}\n"))
                    .stdin(content);
                set_mode(&case.path("print"), 0o700);
                case
            });
            assert_eq!(sent, body(KEY, SECRET), "{arguments} {variable} {profile}");
        }
    }
}

#[test]
fn a_secret_is_sent_as_it_is() {
    let profile = "[profiles.default]\nsecret_command = [\"echo\", \"$HOME;`id`\"]\n";
    let command = |url: &str| Case::token(url, "").without("SMARTEXTRACT_SECRET").profile(profile);
    if has_program("echo") {
        assert_eq!(body_sent(command), body(KEY, "$HOME;`id`"));
    }
    let large = "x".repeat(65_536);
    let stdin = |url: &str| Case::token(url, "--secret-file -").stdin(&*large);
    assert_eq!(body_sent(stdin), body(KEY, &large));
    let (url, requests) = scripted(vec![response(200, "", SUCCESS)]);
    Case::token(&url, "").env("SMARTEXTRACT_SECRET", "\u{a0}s\t").run().says("white space");
    assert!(requests.recv().unwrap().ends_with(&body(KEY, "s")));
}

#[test]
fn a_home_that_is_no_directory_is_no_error() {
    let api = Api::giving_tokens();
    Case::token(&api.url(), "").env("HOME", "/dev/null").run().prints("t0ken\n");
}

/// A proxy connects every host to a server with a certificate for the environment's.
#[test]
fn each_environment_has_its_endpoint_and_its_url() {
    const OWN: &str = "[environments.own]\ntoken_url = \"https://own.example/auth\"\n\
        iframe_template = \"https://own.example/view/{token}#top\"\n\
        [profiles.own]\nenv = \"own\"\n";
    for (arguments, variable, api, url) in [
        ("-e prod", "stg", "api.clik.ai", "https://app.clik.ai/smart-extract?token=t0ken"),
        ("", "staging", "api.clik.ai", "https://app.clik.ai/smart-extract-stg?token=t0ken"),
        ("-p own", "", "own.example", "https://own.example/view/t0ken#top"),
        ("--iframe-template https://h/?a={token}", "", "api.clik.ai", "https://h/?a=t0ken"),
    ] {
        let authority = Authority::new("test");
        let (proxy, heads) = connecting_to(token_server(authority.server(api)));
        Case::token("", &format!("--format url --ca-file ca.pem {arguments}"))
            .file("ca.pem", &authority.pem)
            .env("SMARTEXTRACT_PROXY", format!("http://{proxy}"))
            .env("SMARTEXTRACT_ENV", variable)
            .profile(OWN)
            .run()
            .prints(&format!("{url}\n"));
        let connect = format!("CONNECT {api}:443 HTTP/1.1\r\n");
        assert!(heads.recv().unwrap().starts_with(&connect), "{arguments} {variable}");
    }
}
