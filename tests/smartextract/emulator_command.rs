//! `emulator -- COMMAND`: what COMMAND gets, the signals that reach it, and its exit code.

#[cfg(unix)]
use std::fs;

use assert_cmd::cargo::cargo_bin;

use crate::support::{Case, SECRET, isolated};

/// `smartextract emulator FLAGS… -- smartextract ARGUMENTS…`
fn around(flags: &str, arguments: &str) -> Case {
    Case::new(&format!("emulator {flags} -- smartextract {arguments}"))
}

fn is_token(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[test]
fn a_command_gets_a_token_and_its_standard_output_is_its_own() {
    let outcome = around("", "token").run();
    assert!(is_token(outcome.stdout.trim_end()), "{}", outcome.stdout);
    assert_eq!(outcome.stderr, "");
    around("-v", "token").run().says("POST /smart-extract-api/api/account/v1/auth/token 200\n");
    let outcome = around("", "token --env staging --format url").run();
    assert!(outcome.stdout.starts_with("http://127.0.0.1:"), "{}", outcome.stdout);
}

#[test]
fn failures_end_in_their_exit_codes() {
    for (flags, arguments, code) in [
        ("", "token --key wrong", 10),
        ("", "token --key disabled-key", 11),
        ("--disabled-key mine", "token --key mine", 11),
        ("--fail 403", "token", 12),
        ("--fail 503", "token --retries 0", 30),
        ("--fail 429x9", "token --retries 1", 32),
        ("--fail 302", "token", 31),
        ("--delay 5", "token --timeout 0.3", 21),
        ("--fail 503x2", "token --retries 2", 0),
        ("--key k --secret s", "token", 0),
        (&format!("--secret {SECRET} --fail 401"), "token", 12),
    ] {
        assert_eq!(around(flags, arguments).run().code, code, "{flags} -- {arguments}");
    }
}

#[test]
fn a_failure_before_the_command_does_not_disappear_in_an_eval() {
    for (arguments, printed) in [
        ("emulator -- ./none/smartextract token --format env", "(exit 127);\n"),
        ("emulator -- ./none/smartextract token -f fish", "sh -c 'exit 127';\n"),
        ("exec -- smartextract token --format env", "(exit 4);\n"),
        ("emulator -- ./none/smartextract token", ""),
        ("emulator -- ./none/other env", ""),
    ] {
        let outcome = Case::new(arguments).run();
        assert_ne!(outcome.code, 0, "{arguments}");
        assert_eq!(outcome.stdout, printed, "{arguments}");
    }
}

#[test]
fn exec_works_around_a_command() {
    let script = "printenv SMARTEXTRACT_TOKEN; env | grep -c '^SMARTEXTRACT_SECRET='";
    let outcome = Case::new("emulator -- smartextract exec -- sh -c").arg(script).run();
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(is_token(lines[0]) && lines[1] == "0", "{}", outcome.stdout);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn it_ends_with_the_commands_exit_code() {
    for (script, code) in [("exit 0", 0), ("exit 42", 42), ("kill -9 $$", 137)] {
        let outcome = Case::new("emulator -- sh -c").arg(script).run();
        assert_eq!(outcome.code, code, "{script}");
    }
    Case::new("emulator -- no-such-command").run().fails(127).says("no-such-command is not found");
    Case::new("emulator -- ./f").file("f", "").run().fails(126);
}

#[test]
fn the_environments_settings_and_proxies_do_not_interfere() {
    // Only on Linux is every address of 127.0.0.0/8 there.
    let other = if cfg!(target_os = "linux") { "127.0.0.2" } else { "127.0.0.1" };
    let case = |listen: &str| {
        around(&format!("--listen {listen}:0"), "token")
            .env("SMARTEXTRACT_SECRET_FILE", "/missing")
            .env("SMARTEXTRACT_PROXY", "http://127.0.0.1:1")
            .env("ALL_PROXY", "http://127.0.0.1:1")
            .env("SMARTEXTRACT_KEY", "other")
    };
    for outcome in [case("127.0.0.1").run(), case(other).env("NO_PROXY", "*").run()] {
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    if cfg!(target_os = "linux") {
        Case::new("emulator --listen 127.0.0.2:0 -- sh -c")
            .arg("echo $no_proxy")
            .env("NO_PROXY", "a")
            .run()
            .prints("a,127.0.0.2\n");
    }
}

/// Another `smartextract` comes first on PATH, or PATH can't contain this program's directory.
#[cfg(unix)]
#[test]
fn the_command_finds_this_program_first() {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (other, own) = (home.path().join("other"), home.path().join("own"));
    for directory in [&other, &own, &home.path().join("a:b")] {
        fs::create_dir(directory).unwrap();
        fs::hard_link(cargo_bin!("smartextract"), directory.join("smartextract")).unwrap();
    }
    let wrong = other.join("smartextract");
    fs::remove_file(&wrong).unwrap();
    fs::write(&wrong, "#!/bin/sh\necho wrong").unwrap();
    crate::support::set_mode(&wrong, 0o755);
    let run = |program: &str, path: Option<String>| {
        let mut command = isolated(home.path().join(program));
        command.args(["emulator", "--", "sh", "-c", "echo $PATH; smartextract token"]);
        match path {
            Some(path) => command.env("PATH", path),
            None => command.env_remove("PATH"),
        };
        let output = command.output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (other, own) = (other.display(), own.display());
    for (path, expected) in [
        (Some(format!("{other}:{own}:/bin")), format!("{own}:{other}:{own}:/bin\n")),
        (Some(format!("{own}:{other}:/bin")), format!("{own}:{other}:/bin\n")),
        (Some("/bin".to_owned()), format!("{own}:/bin\n")),
        (None, format!("{own}:/bin:/usr/bin\n")),
    ] {
        let (stdout, stderr) = run("own/smartextract", path);
        let token = stdout.strip_prefix(&expected).unwrap_or_default();
        assert!(is_token(token.trim_end()), "{stdout}{stderr}");
    }
    let (stdout, stderr) = run("a:b/smartextract", Some(format!("{other}:/bin")));
    assert_eq!(stdout, format!("{other}:/bin\nwrong\n"));
    assert!(stderr.starts_with("warning: can't put smartextract on COMMAND's PATH"), "{stderr}");
}

#[cfg(unix)]
mod signals {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, ChildStdout, Stdio};
    use std::thread;
    use std::time::Duration;

    use assert_cmd::cargo::cargo_bin;
    use rustix::process::Signal;

    use crate::emulator::{Alone, send};
    use crate::support::{has_program, isolated};

    /// Prints the name of each signal, and ends at SIGUSR1, or after 10 seconds.
    const REPORT: &str = "for s in HUP INT QUIT TERM USR2; do trap \"echo $s\" $s; done
        trap 'exit 7' USR1
        echo ready; i=0; while [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done";

    /// `sh -c SCRIPT COMMAND`; `$0` is the program, `$1` COMMAND.
    const EMULATOR: &str = "exec \"$0\" emulator -- sh -c \"$1\"";

    /// What a command prints, line by line.
    type Lines = std::io::Lines<BufReader<ChildStdout>>;

    /// Starts a command, calls `when_ready` once it is ready, and waits for its end. Returns its
    /// exit code and what it printed after that.
    fn run(
        script: &str,
        command: &str,
        when_ready: impl FnOnce(&Child, &mut Lines),
    ) -> (Option<i32>, Vec<String>) {
        let mut process = isolated("sh");
        process.args(["-c", script]).arg(cargo_bin!("smartextract")).arg(command);
        let mut process = process.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "ready");
        when_ready(&process, &mut lines);
        let output = lines.map(Result::unwrap).collect();
        (process.wait().unwrap().code(), output)
    }

    #[test]
    fn a_signal_ends_an_emulator_on_its_own() {
        for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
            let mut emulator = Alone::of_script("exec \"$0\" emulator");
            send(&emulator.process, signal);
            assert_eq!(emulator.process.wait().unwrap().code(), Some(0), "{signal:?}");
        }
    }

    /// With `setsid` there is no controlling terminal.
    #[test]
    fn signals_are_forwarded_without_a_controlling_terminal() {
        if !has_program("setsid") {
            return;
        }
        let script = "exec setsid \"$0\" emulator -- sh -c \"$1\"";
        let (code, rest) = run(script, REPORT, |process, lines| {
            for (signal, name) in [
                (Signal::TERM, "TERM"),
                (Signal::INT, "INT"),
                (Signal::HUP, "HUP"),
                (Signal::QUIT, "QUIT"),
                (Signal::USR2, "USR2"),
            ] {
                send(process, signal);
                assert_eq!(lines.next().unwrap().unwrap(), name);
            }
            send(process, Signal::USR1);
        });
        assert_eq!((code, rest.len()), (Some(7), 0), "{rest:?}");
    }

    #[test]
    fn on_a_terminal_sigint_is_left_to_the_command() {
        let mut command = isolated(cargo_bin!("smartextract"));
        let script =
            "for s in INT QUIT TERM; do trap \"echo $s\" $s; kill -$s $PPID; sleep 0.3; done
            exit 7";
        command.args(["emulator", "--", "sh", "-c", script]);
        let mut terminal = rexpect::session::spawn_command(command, Some(20_000)).unwrap();
        assert_eq!(terminal.exp_eof().unwrap(), "TERM\r\n");
        let status = terminal.process().wait().unwrap();
        assert!(format!("{status:?}").ends_with(", 7)"), "{status:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_signal_that_is_ignored_at_the_start_stays_ignored() {
        let mut emulator = Alone::of_script("trap '' HUP; exec \"$0\" emulator");
        send(&emulator.process, Signal::HUP);
        thread::sleep(Duration::from_millis(300));
        assert_eq!(emulator.get("/smart-extract").0, 200);
        send(&emulator.process, Signal::TERM);
        assert_eq!(emulator.process.wait().unwrap().code(), Some(0));
        let script = format!("trap '' HUP; {EMULATOR}");
        let (code, _) = run(&script, "echo ready; kill -HUP $$; exit 7", |_, _| {});
        assert_eq!(code, Some(7));
    }

    /// Only bash can ignore SIGCHLD: dash can't.
    #[test]
    fn the_exit_code_arrives_if_the_parent_ignores_the_end_of_its_children() {
        if has_program("bash") {
            let script = "trap '' CHLD; exec \"$0\" emulator -- sh -c 'exit 7'";
            let mut bash = isolated("bash");
            let status = bash.args(["-c", script]).arg(cargo_bin!("smartextract")).status();
            assert_eq!(status.unwrap().code(), Some(7));
        }
    }
}
