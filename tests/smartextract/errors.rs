//! Usage errors, help, version and colors.

use crate::support::{Case, SECRET};

#[test]
fn exit_2_for_invalid_arguments() {
    for (arguments, said) in [
        ("", "Usage: smartextract"),
        ("tokn", "did you mean token?"),
        ("token --formt json", "did you mean --format?"),
        ("token --format jsn", "did you mean json?"),
        ("token --format x", "use one of: token, json"),
        ("token --key", "a value is missing for --key <KEY>"),
        ("token --color sometimes", "use one of: auto"),
        ("--env staging token", "unexpected flag --env\nhint: write flags after the command"),
        ("-p x config init", "unexpected flag -p"),
        ("completions bash --env staging", "unexpected flag --env"),
        ("token --timeout -1", "flag --timeout is not a number"),
        ("config show --output x", "unexpected flag --output"),
        ("token -o x -f github-env", "--output can't be combined with the GitHub formats"),
        ("config path --config=", "a value is missing for --config"),
        ("token --config=", "a value is missing for --config"),
        ("login", "unknown command login\nhint: use one of: token, check"),
        ("config list", "unknown command list\nhint: use one of: path, show, init"),
        ("-e stg token", "write flags after the command: smartextract COMMAND -e"),
        ("-f url token", "write flags after the command: smartextract COMMAND -f"),
        ("exec npm test", "-- is missing before COMMAND"),
        ("exec", "COMMAND"),
    ] {
        Case::new(arguments).run().fails(2).says(said);
    }
}

#[test]
fn an_unexpected_argument_is_not_shown() {
    Case::new("token").arg(format!("--secret {SECRET}")).run().fails(2);
    for arguments in [
        format!("token {SECRET}"),
        format!("token --key k {SECRET}"),
        format!("token --secrt={SECRET}"),
        format!("token --secret{SECRET}"),
        format!("token --{SECRET}"),
        SECRET.to_owned(),
        format!("--key k {SECRET} token"),
        format!("token --quiet={SECRET}"),
        format!("token --format {SECRET}"),
        format!("token --color {SECRET}"),
        format!("token --timeout {SECRET}"),
    ] {
        Case::new(&arguments).run().fails(2);
    }
}

#[test]
fn a_secret_may_begin_with_a_hyphen() {
    Case::new("token --key=-k --secret=-s3cr3t --token-url http://127.0.0.1:1/ --retries 0")
        .run()
        .fails(20)
        .never_says("s3cr3t");
}

#[test]
fn control_characters_in_a_name_are_escaped() {
    Case::token("http://127.0.0.1:1/", "--env \u{1b}[31mred").run().fails(3).says("\\u{1b}[31mred");
}

#[test]
fn help_has_examples_and_every_exit_code() {
    for arguments in ["--help", "token --help"] {
        let outcome = Case::new(arguments).run();
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        for code in ["10  invalid_credentials", "11  key_disabled", "32  rate_limited"] {
            assert!(outcome.stdout.contains(code), "{code}: {}", outcome.stdout);
        }
    }
    assert!(Case::new("token --help").run().stdout.contains("eval \"$(smartextract token"));
}

#[test]
fn version_is_printed() {
    let version = concat!("smartextract ", env!("CARGO_PKG_VERSION"), "\n");
    Case::new("--version").run().prints(version);
}

#[test]
fn colors_are_only_for_terminals_unless_a_flag_demands_them() {
    Case::new("token").run().fails(4).never_says("\u{1b}");
    Case::new("token --color always").run().fails(4).says("\u{1b}[31merror:\u{1b}[0m");
    Case::new("token --color always --nonsense").run().fails(2).says("\u{1b}[31merror:");
    Case::new("token --color never").env("CLICOLOR_FORCE", "1").run().fails(4).never_says("\u{1b}");
}
