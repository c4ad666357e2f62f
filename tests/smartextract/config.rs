//! `config path` and `config show`.

use serde_json::Value;

use crate::support::{Case, KEY, PROFILE, PROXY_PASSWORD, SECRET};

#[test]
fn path_prints_the_path_of_the_profile_file() {
    Case::new("config path --config a/b").run().prints("a/b\n");
    Case::new("config path").env("SMARTEXTRACT_CONFIG", "c").run().prints("c\n");
    // No variable moves the default path there.
    if cfg!(windows) {
        return;
    }
    let case = Case::new("config path");
    let path = case.path(PROFILE);
    case.run().prints(&format!("{}\n", path.display()));
}

/// The value and the origin of a setting, as `config show --format json` prints them.
fn shown(json: &str, name: &str) -> (Value, Value) {
    let setting = &serde_json::from_str::<Value>(json).unwrap()[name];
    (setting["value"].clone(), setting["origin"].clone())
}

#[test]
fn show_prints_each_setting_with_its_origin() {
    let case = Case::new("config show --format json --retries 7")
        .env("SMARTEXTRACT_ENV", "stg")
        .env("SMARTEXTRACT_SECRET", SECRET)
        .env("HTTPS_PROXY", format!("http://someone:{PROXY_PASSWORD}@proxy:3128"))
        .profile(&format!(
            "default_profile = \"ci\"\n\
             [profiles.ci]\nkey = \"{KEY}\"\ntimeout = 2.5\nca_file = \"a.pem\"\n"
        ));
    let file = case.path(PROFILE).display().to_string();
    let ca_file = case.path(PROFILE).with_file_name("a.pem").display().to_string();
    // `Case::profile` names the file there.
    let config = if cfg!(windows) { "SMARTEXTRACT_CONFIG" } else { "default" };
    let outcome = case.run();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    for (name, value, origin) in [
        ("config", file.as_str().into(), config.to_owned()),
        ("profile", "ci".into(), format!("{file}:1")),
        ("env", "staging".into(), "SMARTEXTRACT_ENV".to_owned()),
        ("key", "52ee…".into(), format!("profile ci, {file}:3")),
        ("secret", "(hidden)".into(), "SMARTEXTRACT_SECRET".to_owned()),
        ("timeout", Value::from(2.5), format!("profile ci, {file}:4")),
        ("retries", Value::from(7), "flag --retries".to_owned()),
        ("ca_file", ca_file.as_str().into(), format!("profile ci, {file}:5")),
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
fn show_prints_the_place_of_the_secret_without_reading_it() {
    let missing = if cfg!(windows) { "C:/missing/s" } else { "/missing/s" };
    let file = format!("file {missing}");
    for (profile, value) in [
        (format!("secret = \"{SECRET}\""), "(hidden)"),
        (format!("secret_file = \"{missing}\""), file.as_str()),
        (format!("secret_command = [\"touch\", \"ran\", \"{SECRET}\"]"), "command touch"),
        (format!("secret_command = [\"{SECRET}\"]"), "command (hidden)"),
    ] {
        let case = Case::new("config show --format json")
            .profile(&format!("[profiles.default]\n{profile}\n"));
        let outcome = case.run();
        assert_eq!(shown(&outcome.stdout, "secret").0, value);
        assert!(!outcome.exists("ran"), "the command was run");
    }
}

#[test]
fn show_succeeds_with_a_warning_if_settings_are_missing() {
    let outcome = Case::new("config show").run().says("no key and no secret found");
    assert_eq!(outcome.code, 0);
    assert!(outcome.stdout.contains("(does not exist)"), "{}", outcome.stdout);
}

#[test]
fn show_reports_an_invalid_setting_as_token_does() {
    let case = Case::new("config show").env("SMARTEXTRACT_TIMEOUT", "soon");
    case.run().fails(3).says("SMARTEXTRACT_TIMEOUT is not a number");
    Case::new("config show").profile("x = 1\n").run().fails(3).says("config.toml:1:1");
}

#[test]
fn control_characters_in_names_are_escaped() {
    let outcome = Case::new("config show").arg("--ca-file").arg("a\n\u{1b}[31mb").run();
    assert!(outcome.stdout.contains("a\\u{a}\\u{1b}[31mb"), "{}", outcome.stdout);
    Case::new("config init").arg("--config").arg("x\u{1b}[31m").run().never_says("\u{1b}");
}
