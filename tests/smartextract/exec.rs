//! `exec`: how COMMAND is started, its environment, its streams and its exit code.

use crate::support::server::Api;
use crate::support::{Case, KEY, SECRET, has_program, isolated};

/// `smartextract exec ARGUMENTS… -- sh -c SCRIPT` against this API.
fn exec(api: &Api, script: &str) -> Case {
    Case::new("exec -- sh -c")
        .arg(script)
        .env("SMARTEXTRACT_TOKEN_URL", api.url())
        .env("SMARTEXTRACT_KEY", KEY)
        .env("SMARTEXTRACT_SECRET", SECRET)
        .env("SMARTEXTRACT_RETRIES", "0")
}

#[test]
fn the_command_has_token_and_url_and_neither_key_nor_secret() {
    let api = Api::giving_tokens();
    let script = "echo \"$SMARTEXTRACT_TOKEN $SMARTEXTRACT_IFRAME_URL\"; env | grep -c \
                  '^SMARTEXTRACT_\\(KEY\\|SECRET\\|SECRET_FILE\\)='";
    let outcome = exec(&api, script).env("SMARTEXTRACT_SECRET_FILE", "").run();
    assert_eq!(
        outcome.stdout, "t0ken https://app.clik.ai/smart-extract?token=t0ken\n0\n",
        "{}",
        outcome.stderr
    );
}

#[test]
fn the_commands_exit_code_input_and_output_are_its_own() {
    let api = Api::giving_tokens();
    let outcome = exec(&api, "cat; echo message >&2; exit 43").stdin("input").run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (43, "input"));
    assert!(outcome.stderr.ends_with("\nmessage\n"), "{}", outcome.stderr);
}

#[cfg(unix)]
#[test]
fn the_command_replaces_the_program() {
    let api = Api::giving_tokens();
    // The process number is the same before and after.
    let script = "echo $$; exec \"$0\" exec -- sh -c 'echo $$'";
    let program = assert_cmd::cargo::cargo_bin!("smartextract");
    let mut command = isolated("sh");
    command.args(["-c", script]).arg(program).env("SMARTEXTRACT_TOKEN_URL", api.url());
    command.env("SMARTEXTRACT_KEY", KEY).env("SMARTEXTRACT_SECRET", SECRET);
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let numbers: Vec<&str> = output.lines().collect();
    assert_eq!(numbers.len(), 2, "{output}");
    assert_eq!(numbers[0], numbers[1]);
}

/// An ignored SIGCHLD is inherited, and `wait` then finds no child. dash can't ignore it.
#[cfg(unix)]
#[test]
fn a_secret_command_works_if_the_parent_ignores_the_end_of_its_children() {
    if !has_program("bash") {
        return;
    }
    let api = Api::giving_tokens();
    let profile =
        format!("[profiles.default]\nkey = \"{KEY}\"\nsecret_command = [\"echo\", \"s\"]\n");
    let program = assert_cmd::cargo::cargo_bin!("smartextract");
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("p"), profile).unwrap();
    let output = isolated("bash")
        .args([
            "-c",
            "trap '' CHLD; exec \"$0\" exec --config p -- sh -c 'true & wait $!; echo $?'",
        ])
        .arg(program)
        .current_dir(home.path())
        .env("SMARTEXTRACT_TOKEN_URL", api.url())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "0\n", "{output:?}");
}

#[test]
fn exit_127_if_the_command_is_not_found_and_126_if_it_can_not_be_run() {
    let case = |command: &str, url: &str| {
        Case::new(&format!("exec -- {command} --flag"))
            .env("SMARTEXTRACT_TOKEN_URL", url)
            .env("SMARTEXTRACT_KEY", KEY)
            .env("SMARTEXTRACT_SECRET", SECRET)
    };
    // The exchange would fail with another exit code.
    let case_without_exchange = |command| case(command, "http://127.0.0.1:1/");
    for command in ["no-such-command", "./no-such-command"] {
        let outcome = case_without_exchange(command).run().fails(127);
        outcome.says("no-such-command is not found\n").says("no session was opened");
    }
    let outcome = case_without_exchange("./plain").file("plain", "text").run().fails(126);
    outcome.says("./plain can't be run").says("no session was opened");
    let bin = case_without_exchange("plain").file("bin/plain", "text").env("PATH", "bin");
    bin.run().fails(126).says("plain can't be run");
    #[cfg(unix)]
    {
        let api = Api::giving_tokens();
        let case = case("./script", &api.url()).file("script", "#!/missing");
        crate::support::set_mode(&case.path("script"), 0o755);
        case.run().fails(127).says("program after #!").never_says("no session");
    }
}

#[test]
fn without_a_token_nothing_is_started() {
    let api = Api::answering(401, r#"{"error":"This API key is disabled"}"#);
    exec(&api, "echo started").run().fails(11);
    exec(&api, "echo started").env("SMARTEXTRACT_KEY", "").run().fails(4);
}

#[test]
fn everything_after_the_dashes_belongs_to_the_command() {
    let api = Api::giving_tokens();
    Case::new("-q exec --key k --secret-file - -- echo --env -v --")
        .env("SMARTEXTRACT_TOKEN_URL", api.url())
        .stdin("s")
        .run()
        .prints("--env -v --\n");
}
