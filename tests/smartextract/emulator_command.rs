//! `emulator -- COMMAND`: what COMMAND gets, the signals that reach it, and its exit code.

use std::fs;
use std::path::Path;

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
    outcome.says("POST /smart-extract-api/api/account/v1/auth/token 200\n");
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
        ("emulator --key= -- smartextract token --format env", "(exit 2);\n"),
        ("emulator --key= -- ./smartextract token -f fish", "sh -c 'exit 2';\n"),
        ("exec -- smartextract token --format env", "(exit 4);\n"),
        ("emulator --key= -- smartextract token", ""),
        ("emulator --key= -- other env", ""),
    ] {
        let outcome = Case::new(arguments).run();
        assert_ne!(outcome.code, 0, "{arguments}");
        assert_eq!(outcome.stdout, printed, "{arguments}");
    }
}

/// `cat` is a helper of the emulator in its process group.
#[cfg(target_os = "linux")]
#[test]
fn no_helper_has_the_callers_secret_in_its_environment() {
    let script = "for child in $(cat /proc/$PPID/task/*/children); do
        tr '\\0' '\\n' < /proc/$child/environ; done";
    let case = Case::new("emulator -- sh -c").arg(script).env("SMARTEXTRACT_SECRET", SECRET);
    let outcome = case.run();
    assert_eq!(outcome.stdout.matches("\nPATH=").count(), 2, "{}", outcome.stdout);
}

#[test]
fn exec_works_around_a_command_and_quiet_writes_no_log() {
    let script = "printenv SMARTEXTRACT_TOKEN; env | grep -c '^SMARTEXTRACT_SECRET='";
    let outcome = Case::new("emulator -q -- smartextract exec -- sh -c").arg(script).run();
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
            .prints("a,127.0.0.2,127.0.0.1,::1\n");
    }
}

/// The program has another name, or is in a directory that no `PATH` can contain, or both.
#[cfg(unix)]
#[test]
fn the_command_finds_this_program_under_any_path_and_no_link_remains() {
    for path in ["se", "a:b/smartextract", "a:b/se"] {
        // Next to the binary, so that a hard link is possible.
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let program = home.path().join(path);
        let temporary = home.path().join("tmp");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        fs::create_dir(&temporary).unwrap();
        fs::hard_link(cargo_bin!("smartextract"), &program).unwrap();
        let run = |temporary: &Path| {
            isolated(&program)
                .args(["emulator", "--", "sh", "-c", "echo started; smartextract token"])
                .env("TMPDIR", temporary)
                .output()
                .unwrap()
        };
        let output = run(&temporary);
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(is_token(stdout.trim_start_matches("started\n").trim_end()), "{path}: {output:?}");
        assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "{path}");
        let output = run(&home.path().join("missing"));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("can't put smartextract on COMMAND's PATH"), "{path}: {stderr}");
        assert!(output.stdout.is_empty(), "{path}");
    }
}

/// The program is in a directory with others, such as `/usr/bin`.
#[cfg(unix)]
#[test]
fn the_command_finds_all_other_programs_where_they_were() {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (shared, first) = (home.path().join("shared"), home.path().join("first"));
    for (directory, text) in [(&shared, "#!/bin/sh\necho wrong"), (&first, "#!/bin/sh\necho right")]
    {
        fs::create_dir(directory).unwrap();
        fs::write(directory.join("tool"), text).unwrap();
        crate::support::set_mode(&directory.join("tool"), 0o755);
    }
    let program = shared.join("smartextract");
    fs::hard_link(cargo_bin!("smartextract"), &program).unwrap();
    let system = std::env::var("PATH").unwrap();
    for directories in [vec![&first], vec![&first, &shared]] {
        let directories = directories.into_iter().cloned().chain(std::env::split_paths(&system));
        let output = isolated(&program)
            .args(["emulator", "--", "sh", "-c", "tool; smartextract --version"])
            .env("PATH", std::env::join_paths(directories).unwrap())
            .output()
            .unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.starts_with("right\nsmartextract "), "{output:?}");
    }
    let output = isolated(&program)
        .args(["emulator", "--", "sh", "-c", "smartextract --version"])
        .env_remove("PATH")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[cfg(unix)]
mod signals {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::process::{Child, ChildStdout, Stdio};
    use std::thread;
    use std::time::Duration;

    use assert_cmd::cargo::cargo_bin;
    use rustix::process::{Pid, Signal, kill_process_group};

    use crate::emulator::{Alone, send};
    use crate::support::{has_program, isolated};

    /// Prints the name of each signal, and ends at SIGUSR1, or after 10 seconds.
    const REPORT: &str = "for s in HUP INT QUIT TERM; do trap \"echo $s\" $s; done
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
        // In a new process group, as `timeout` and shells do it.
        let mut process = process.stdout(Stdio::piped()).process_group(0).spawn().unwrap();
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

    #[test]
    fn a_signal_to_the_emulator_reaches_the_command() {
        let (code, rest) = run(EMULATOR, REPORT, |process, lines| {
            for (signal, name) in [
                (Signal::TERM, "TERM"),
                (Signal::INT, "INT"),
                (Signal::HUP, "HUP"),
                (Signal::QUIT, "QUIT"),
            ] {
                send(process, signal);
                assert_eq!(lines.next().unwrap().unwrap(), name);
            }
            send(process, Signal::USR1);
        });
        assert_eq!((code, rest.len()), (Some(7), 0), "{rest:?}");
    }

    /// As Ctrl-C on a terminal does.
    #[test]
    fn a_signal_to_the_process_group_reaches_the_command_once() {
        let (code, names) = run(EMULATOR, REPORT, |process, _| {
            for signal in [Signal::INT, Signal::TERM] {
                kill_process_group(Pid::from_child(process), signal).unwrap();
                // Time for a second one to arrive.
                thread::sleep(Duration::from_secs(1));
            }
            send(process, Signal::USR1);
        });
        assert_eq!((code, names.join(" ").as_str()), (Some(7), "INT TERM"));
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

    /// A thread needs 256 MiB here. There is memory for no thread at all, or for two, but then not
    /// for the thread of a connection.
    #[cfg(target_os = "linux")]
    #[test]
    fn if_no_thread_can_be_created_the_command_does_not_start_or_its_request_fails() {
        let command = "ulimit -Sv unlimited; unset RUST_MIN_STACK
            smartextract token --retries 0 2>&- >&-; echo $?; exit 7";
        for (kilobytes, code, output) in [(200_000, 1, ""), (720_000, 7, "20\n")] {
            let script =
                format!("ulimit -Sv {kilobytes}; export RUST_MIN_STACK=268435456; {EMULATOR}");
            let mut sh = isolated("sh");
            sh.args(["-c", &script]).arg(cargo_bin!("smartextract")).arg(command);
            let result = sh.output().unwrap();
            assert_eq!(result.status.code(), Some(code), "{result:?}");
            assert_eq!(String::from_utf8_lossy(&result.stdout), output, "{result:?}");
        }
    }
}
