//! What a user without privileges can read.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

use crate::support::server::Api;
use crate::support::{KEY, SECRET, isolated, set_mode};

/// Whether a process can be dumped is visible from outside: if it can't, `/proc/PID` belongs to
/// root (proc(5)) and not to the process's user.
#[test]
fn the_process_can_be_neither_dumped_nor_read_by_its_user() {
    let api = Api::giving_tokens();
    let directory = TempDir::new().unwrap();
    let (mut command, user) = unprivileged(&directory);
    command.env("SMARTEXTRACT_TOKEN_URL", api.url()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let owner = || fs::metadata(format!("/proc/{}/environ", process.id())).unwrap().uid();
    let mut patience = 500;
    while owner() == user {
        patience -= 1;
        assert!(patience > 0, "its user may read the process's memory");
        thread::sleep(Duration::from_millis(20));
    }
    process.stdin.take().unwrap().write_all(SECRET.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"t0ken\n");
}

#[test]
fn a_profile_file_at_its_default_path_that_may_not_be_read_counts_as_missing() {
    let directory = TempDir::new().unwrap();
    let home = directory.path().join("home");
    fs::create_dir(&home).unwrap();
    set_mode(&home, 0);
    let (mut command, _) = unprivileged(&directory);
    let output = command.env("HOME", home).stdin(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    // Only standard input has no secret.
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(stderr.starts_with("warning: no permission to read the profile file "), "{stderr}");
}

/// `smartextract token` of a user without privileges, who is returned, with the secret from standard
/// input. The program is copied into the directory, which the user may read.
fn unprivileged(directory: &TempDir) -> (Command, u32) {
    let program = directory.path().join("smartextract");
    // With `fs::copy`, a process that another test starts meanwhile may keep the copy open for
    // writing, so that it can't be executed (ETXTBSY).
    let copied = isolated("cp").arg(cargo_bin!("smartextract")).arg(&program).status();
    assert!(copied.unwrap().success());
    let mut command = isolated(&program);
    command.args(["token", "--key", KEY, "--secret-file", "-"]);
    let mut user = fs::metadata("/proc/self").unwrap().uid();
    if user == 0 {
        user = 65534; // nobody
        set_mode(directory.path(), 0o755);
        command.uid(user);
    }
    (command, user)
}
