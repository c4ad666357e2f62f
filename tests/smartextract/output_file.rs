//! `--output`: a file that is complete or unchanged.

use crate::support::Case;
use crate::support::server::Api;

/// The names in the home directory, which must not contain anything temporary.
fn names(outcome: &crate::support::Outcome) -> Vec<String> {
    let entries = std::fs::read_dir(outcome.path("")).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_result_replaces_the_file_with_mode_0600_and_standard_output_stays_empty() {
    let api = Api::giving_tokens();
    for before in [None, Some("old")] {
        let mut case = Case::token(&api.url(), "--format dotenv -o .env");
        if let Some(text) = before {
            case = case.file(".env", text);
            crate::support::set_mode(&case.path(".env"), 0o644);
        }
        let outcome = case.run().prints("");
        assert!(outcome.read(".env").starts_with("SMARTEXTRACT_TOKEN=t0ken\n"));
        assert_eq!(names(&outcome), [".env"]);
        #[cfg(unix)]
        assert_eq!(outcome.mode(".env"), 0o600);
    }
}

#[test]
fn a_failure_leaves_the_file_unchanged() {
    let api = Api::answering(401, "");
    let case = Case::token(&api.url(), "--output x").file("x", "old");
    let outcome = case.run().fails(12);
    assert_eq!(outcome.read("x"), "old");
    assert_eq!(names(&outcome), ["x"]);
    // `eval` still sees the failure.
    let outcome = Case::token(&api.url(), "--format env -o x").run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (12, "(exit 12);\n"));
    assert!(!outcome.exists("x"));
}

#[test]
fn a_path_that_can_not_be_written_is_reported_before_the_request() {
    let api = Api::giving_tokens();
    for path in ["no/such/directory/x", "directory", "new/"] {
        let case = Case::token(&api.url(), "").arg(format!("--output={path}"));
        case.file("directory/x", "").run().fails(1).says("can't be written");
    }
    assert!(!api.mock.matched(), "a token was requested");
}

#[test]
fn a_hyphen_is_standard_output() {
    let api = Api::giving_tokens();
    assert!(!Case::token(&api.url(), "-o -").run().prints("t0ken\n").exists("-"));
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_keeps_pointing_to_its_file() {
    let api = Api::giving_tokens();
    let case = || {
        let case = Case::token(&api.url(), "-o link").file("directory/real", "old");
        std::os::unix::fs::symlink("middle", case.path("link")).unwrap();
        std::os::unix::fs::symlink("directory/real", case.path("middle")).unwrap();
        case
    };
    let outcome = case().run().prints("");
    assert_eq!(outcome.read("directory/real"), "t0ken\n");
    assert!(outcome.path("link").is_symlink() && outcome.path("middle").is_symlink());
    let dangling = case();
    std::fs::remove_file(dangling.path("directory/real")).unwrap();
    dangling.run().fails(1).says("link can't be written");
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_directly() {
    let api = Api::giving_tokens();
    Case::token(&api.url(), "-o /dev/null").run().prints("");
    Case::token(&api.url(), "-o /dev/stdout").run().prints("t0ken\n");
}

#[cfg(target_os = "linux")]
#[test]
fn exit_1_if_the_disk_is_full() {
    let api = Api::giving_tokens();
    Case::token(&api.url(), "-o /dev/full").run().fails(1).says("No space left");
}
