//! COMMAND of `exec` and `emulator`: how it is started, the signals that reach it, and its exit
//! code.

use std::fs;
use std::thread;
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use rustix::process::Signal;

use crate::emulator::{Alone, send};
use crate::support::{Case, has_program, isolated, set_mode};

/// Another `smartextract` comes first on PATH, or PATH can't contain this program's directory.
#[test]
fn the_command_finds_this_program_first() {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (other, own) = (home.path().join("other"), home.path().join("own"));
    for directory in [&own, &home.path().join("a:b")] {
        fs::create_dir(directory).unwrap();
        fs::hard_link(cargo_bin!("smartextract"), directory.join("smartextract")).unwrap();
    }
    fs::create_dir(&other).unwrap();
    fs::write(other.join("smartextract"), "#!/bin/sh\necho wrong").unwrap();
    set_mode(&other.join("smartextract"), 0o755);
    let (other, own) = (other.display(), own.display());
    for (program, path, expected) in [
        ("own", format!("{other}:{own}:/bin"), format!("{own}:{other}:{own}:/bin\nvalid")),
        ("own", format!("{own}:{other}:/bin"), format!("{own}:{other}:/bin\nvalid")),
        ("own", "/bin".to_owned(), format!("{own}:/bin\nvalid")),
        ("a:b", format!("{other}:/bin"), format!("{other}:/bin\nwrong")),
    ] {
        let mut command = isolated(home.path().join(program).join("smartextract"));
        command.args(["emulator", "--", "sh", "-c", "echo $PATH; smartextract check"]);
        let output = command.env("PATH", path).output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.starts_with(&expected), "{program}: {stdout}");
        assert_eq!(output.stderr.starts_with(b"warning: can't put"), program == "a:b");
    }
}

#[test]
fn a_signal_ends_an_emulator_on_its_own() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut emulator = Alone::start("exec smartextract emulator");
        send(&emulator.process, signal);
        assert_eq!(emulator.process.wait().unwrap().code(), Some(0), "{signal:?}");
    }
}

/// With `setsid` there is no controlling terminal.
#[test]
fn signals_are_forwarded_without_a_controlling_terminal() {
    if has_program("setsid") {
        let script = "exec setsid smartextract emulator -- sh -c '
            for s in HUP INT QUIT TERM USR1 USR2; do
                trap \"got=$s\" $s; kill -$s $PPID; i=0
                until [ \"$got\" = $s ] || [ $i = 200 ]; do sleep 0.05; i=$((i+1)); done
                echo $got
            done; exit 7'";
        let outcome = Case::script("sh", script).run();
        let printed = (outcome.code, outcome.stdout.as_str());
        assert_eq!(printed, (7, "HUP\nINT\nQUIT\nTERM\nUSR1\nUSR2\n"));
    }
}

#[test]
fn on_a_terminal_sigint_is_left_to_the_command() {
    let script = "for s in INT QUIT TERM; do trap \"echo $s\" $s; kill -$s $PPID; sleep 0.3; done
        exit 7";
    let case = Case::new("emulator -- sh -c").arg(script);
    let (_home, mut terminal) = case.on_a_terminal();
    assert_eq!(terminal.exp_eof().unwrap(), "TERM\r\n");
    let status = terminal.process().wait().unwrap();
    assert!(format!("{status:?}").ends_with(", 7)"), "{status:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_is_ignored_at_the_start_stays_ignored() {
    let mut emulator = Alone::start("trap '' HUP; exec smartextract emulator");
    send(&emulator.process, Signal::HUP);
    thread::sleep(Duration::from_millis(300));
    assert!(emulator.ask("GET /smart-extract HTTP/1.1", "").starts_with("HTTP/1.1 200"));
    send(&emulator.process, Signal::TERM);
    assert_eq!(emulator.process.wait().unwrap().code(), Some(0));
    let script = "trap '' HUP; exec smartextract emulator -- sh -c 'kill -HUP $$; exit 7'";
    assert_eq!(Case::script("sh", script).run().code, 7);
}
