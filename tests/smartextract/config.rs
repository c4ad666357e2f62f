//! `config`: where the file is, what is in force and why, and a first file.

#[cfg(unix)]
use std::process::Command;

#[cfg(unix)]
use assert_cmd::cargo::cargo_bin;
#[cfg(unix)]
use rexpect::session::spawn_command;
use serde_json::Value;

use crate::support::{Case, KEY, PROFILE, PROXY_PASSWORD, SECRET};

#[test]
fn path_is_where_the_profile_file_is_looked_for() {
    let case = Case::new("config path");
    let path = case.path(PROFILE);
    case.run().prints(&format!("{}\n", path.display()));
    Case::new("config path --config a/b").run().prints("a/b\n");
    Case::new("--config a/b config path").run().prints("a/b\n");
    Case::new("config path").env("SMARTEXTRACT_CONFIG", "c").run().prints("c\n");
    Case::new("config path").without("HOME").run().fails(3).says("hint: set HOME");
}

/// The value and the origin of a setting, as `config show --format json` tells them.
fn shown(json: &str, name: &str) -> (Value, Value) {
    let setting = &serde_json::from_str::<Value>(json).unwrap()[name];
    (setting["value"].clone(), setting["origin"].clone())
}

#[test]
fn show_tells_each_setting_and_where_it_comes_from() {
    let case = Case::new("config show --format json --retries 7 -p ci")
        .env("SMARTEXTRACT_ENV", "stg")
        .env("SMARTEXTRACT_SECRET", SECRET)
        .env("HTTPS_PROXY", format!("http://someone:{PROXY_PASSWORD}@proxy:3128"))
        .profile(&format!("[profiles.ci]\nkey = \"{KEY}\"\ntimeout = 2.5\nca_file = \"a.pem\"\n"));
    let file = case.path(PROFILE).display().to_string();
    let folder = case.path(PROFILE).parent().unwrap().display().to_string();
    let outcome = case.run();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    for (name, value, origin) in [
        ("config", file.as_str().into(), "default".to_owned()),
        ("profile", "ci".into(), "flag --profile".to_owned()),
        ("env", "staging".into(), "SMARTEXTRACT_ENV".to_owned()),
        ("key", "52ee…".into(), format!("profile ci, {file}:2")),
        ("secret", "(hidden)".into(), "SMARTEXTRACT_SECRET".to_owned()),
        ("timeout", Value::from(2.5), format!("profile ci, {file}:3")),
        ("retries", Value::from(7), "flag --retries".to_owned()),
        ("ca_file", format!("{folder}/a.pem").into(), format!("profile ci, {file}:4")),
        ("proxy", "http://so…@proxy:3128".into(), "HTTPS_PROXY".to_owned()),
    ] {
        assert_eq!(shown(&outcome.stdout, name), (value, origin.into()), "{name}");
    }
}

#[test]
fn show_prints_an_aligned_table_by_default() {
    let outcome = Case::new("config show")
        .env("SMARTEXTRACT_KEY", KEY)
        .env("SMARTEXTRACT_SECRET", SECRET)
        .run();
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let column = lines[0].find("default").unwrap();
    let place = |text: &str, line: &&str| line.chars().count() >= column && line.ends_with(text);
    assert!(lines.iter().any(|line| line.starts_with("env ") && place("default", line)));
    assert!(lines.iter().any(|line| line.starts_with("key ") && place("SMARTEXTRACT_KEY", line)));
    assert!(lines.iter().any(|line| line.starts_with("timeout          30 ")));
}

#[test]
fn show_tells_what_kind_of_place_holds_the_secret_and_never_looks_into_it() {
    for (profile, value) in [
        (format!("secret = \"{SECRET}\""), "(hidden)"),
        ("secret_file = \"/gone/s\"".to_owned(), "file /gone/s"),
        (format!("secret_command = [\"touch\", \"ran\", \"{SECRET}\"]"), "command touch"),
    ] {
        let case = Case::new("config show --format json")
            .profile(&format!("[profiles.default]\n{profile}\n"));
        let outcome = case.run();
        assert_eq!(shown(&outcome.stdout, "secret").0, value);
        assert!(!outcome.exists("ran"), "the command was run");
    }
}

#[test]
fn show_works_where_settings_are_missing_and_says_so() {
    let outcome = Case::new("config show").run().says("no key and no secret given anywhere");
    assert_eq!(outcome.code, 0);
    assert!(outcome.stdout.contains("(not there)"), "{}", outcome.stdout);
}

#[test]
fn show_prints_the_rest_where_a_setting_is_wrong() {
    for arguments in ["config show", "config show -f json"] {
        let outcome = Case::new(arguments).env("SMARTEXTRACT_TIMEOUT", "soon").run();
        assert_eq!(outcome.code, 3);
        assert!(outcome.stdout.contains("https://api.clik.ai"), "{}", outcome.stdout);
        outcome.says("SMARTEXTRACT_TIMEOUT is not a number");
    }
    let outcome = Case::new("config show -f json --iframe-template nope")
        .env("SMARTEXTRACT_ENV", "stg")
        .env("SMARTEXTRACT_RETRIES", "x")
        .run()
        .says("iframe template is")
        .says("SMARTEXTRACT_RETRIES is not");
    assert_eq!(shown(&outcome.stdout, "env"), ("staging".into(), "SMARTEXTRACT_ENV".into()));
    assert_eq!(shown(&outcome.stdout, "token_url").1, "default");
    Case::new("config show").profile("x = 1\n").run().fails(3).says("config.toml:1:1");
}

#[test]
fn init_without_a_terminal_writes_the_example_at_rest_for_its_owner_alone() {
    let outcome = Case::new("config init").run().prints("");
    let text = outcome.read(PROFILE);
    assert!(text.contains("\n#secret_command = [\"pass\""), "{text}");
    assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#')), "{text}");
    #[cfg(unix)]
    for (path, mode) in [(PROFILE, 0o600), (PROFILE.rsplit_once('/').unwrap().0, 0o700)] {
        assert_eq!(outcome.mode(path), mode, "{path}");
    }
    let again = Case::new("token").profile(&text).run();
    assert_eq!(again.code, 4, "the example is in force: {}", again.stderr);
}

#[test]
fn names_that_a_terminal_could_obey_are_shown_escaped() {
    let outcome = Case::new("config show").arg("--ca-file").arg("a\n\u{1b}[31mb").run();
    assert!(outcome.stdout.contains("a\\u{a}\\u{1b}[31mb"), "{}", outcome.stdout);
    Case::new("config init").arg("--config").arg("x\u{1b}[31m").run().never_says("\u{1b}");
}

#[test]
fn init_is_quiet_where_that_was_asked() {
    let outcome = Case::new("-q config init").run().prints("");
    assert_eq!(outcome.stderr, "");
}

#[test]
fn init_never_overwrites_a_file() {
    let outcome = Case::new("config init").profile("mine").run().fails(3).says("is there already");
    assert_eq!(outcome.read(PROFILE), "mine");
}

#[test]
fn init_where_nothing_can_be_written_leaves_nothing() {
    Case::new("config init --config /dev/null/x/config.toml")
        .run()
        .fails(1)
        .says("can't be written");
}

/// `config init` on a terminal, answered line by line; gives the file and all that was shown.
#[cfg(unix)]
fn answered(lines: &[&str]) -> (String, String) {
    let home = tempfile::TempDir::new().unwrap();
    let mut command = Command::new(cargo_bin!("smartextract"));
    command.args(["config", "init", "--config", "c.toml"]).env_clear().env("HOME", home.path());
    command.env("TERM", "dumb").current_dir(home.path());
    let mut terminal = spawn_command(command, Some(20_000)).unwrap();
    let mut shown = String::new();
    for line in lines {
        let (before, prompt) = terminal.exp_regex(": $").unwrap();
        shown = [shown, before, prompt].concat();
        terminal.send_line(line).unwrap();
    }
    shown += &terminal.exp_eof().unwrap();
    (std::fs::read_to_string(home.path().join("c.toml")).unwrap(), shown)
}

#[cfg(unix)]
#[test]
fn init_on_a_terminal_asks_and_hides_the_secret() {
    let (file, shown) = answered(&["stg", KEY, "", SECRET]);
    assert_eq!(
        file,
        format!("[profiles.default]\nenv = \"stg\"\nkey = \"{KEY}\"\nsecret = \"{SECRET}\"\n")
    );
    assert!(shown.contains("config show"), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
}

#[cfg(unix)]
#[test]
fn init_on_a_terminal_takes_a_command_and_asks_again_after_a_slip() {
    let (file, shown) =
        answered(&["stagin", "", " ", "k", "pass show 'x y' | head", "pass show x"]);
    assert!(shown.contains("no shell runs it"), "{shown}");
    assert!(shown.contains("once more"), "{shown}");
    assert_eq!(
        file,
        "[profiles.default]\nenv = \"production\"\nkey = \"k\"\n\
         secret_command = [\"pass\",\"show\",\"x\"]\n"
    );
}

#[cfg(unix)]
#[test]
fn a_signal_at_the_hidden_prompt_leaves_the_terminal_with_its_echo() {
    let home = tempfile::TempDir::new().unwrap();
    let program = cargo_bin!("smartextract");
    // The shell goes on after Ctrl-C, as an interactive one would.
    let script = format!(
        "stty echo; trap : INT; {} config init --config c; echo code $?; stty -a",
        program.display()
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(home.path()).env("HOME", home.path());
    let mut terminal = spawn_command(command, Some(20_000)).unwrap();
    for answer in ["", KEY, ""] {
        terminal.exp_regex(": $").unwrap();
        terminal.send_line(answer).unwrap();
    }
    terminal.exp_string("Secret (not shown): ").unwrap();
    terminal.send_control('c').unwrap();
    let shown = terminal.exp_eof().unwrap();
    // As a signal, or as a character where the terminal has been told to send none by then.
    assert!(shown.contains("code 130") || shown.contains("code 2"), "{shown}");
    assert!(shown.contains(" echo ") && !shown.contains("-echo "), "{shown}");
    assert!(!home.path().join("c").exists());
}
