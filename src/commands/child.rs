//! COMMAND of `exec` and `emulator`: how it starts, which signals it gets, its exit code.
//!
//! Errors are `not_found` or `not_executable` if it can't be started, `internal` otherwise.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{self, Child, Command, ExitStatus};

use anyhow::Context;
#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};

use crate::error::{Code, Error};
use crate::program;
use crate::settings::variable_name;
#[cfg(unix)]
use crate::signals;

/// COMMAND with its arguments, looked up in `path`. It gets no variables that lead to the
/// credentials.
pub fn command(words: &[OsString], path: &OsStr) -> Result<Command, Error> {
    let (name, arguments) = words.split_first().expect("clap requires a word");
    program::find(name, path).map_err(|error| start_error(name, error))?;
    let mut command = program::command(name, path);
    command.args(arguments);
    for setting in ["key", "secret", "secret_file"] {
        command.env_remove(variable_name(setting));
    }
    Ok(command)
}

/// Why COMMAND can't be started, with the exit code of `env` (POSIX.1-2017, env, "EXIT STATUS").
fn start_error(name: &OsStr, error: io::Error) -> Error {
    let name = name.to_string_lossy();
    if error.kind() == io::ErrorKind::NotFound {
        return Error::new(Code::NotFound, format!("{name} is not found"))
            .hint("check its name and PATH, or the program after #! of a script");
    }
    Error::new(Code::NotExecutable, format!("{name} can't be run"))
        .cause(error)
        .hint("check that it is a program, or a script that is executable and starts with #!")
}

/// Replaces this process, so that signals, terminal and exit code are COMMAND's own.
#[cfg(unix)]
pub fn replace_process(command: &mut Command) -> Error {
    let error = std::os::unix::process::CommandExt::exec(command);
    start_error(command.get_program(), error)
}

/// Runs COMMAND and ends this process with its exit code.
#[cfg(windows)]
pub fn replace_process(command: &mut Command) -> Error {
    match run(command) {
        Ok(status) => exit(status),
        Err(error) => error,
    }
}

/// Runs COMMAND, forwards signals to it, and waits for its end.
#[cfg(unix)]
pub fn run(command: &mut Command) -> Result<ExitStatus, Error> {
    let mut signals = signals::catch().context("can't wait for signals")?;
    let mut child = start(command)?;
    loop {
        if let Some(status) = child.try_wait().context("can't wait for COMMAND")? {
            return Ok(status);
        }
        for number in signals.wait() {
            // COMMAND was not waited for yet, so that its process id is still its own.
            if let Some(signal) = forwarded(number) {
                let _ = kill_process(Pid::from_child(&child), signal);
            }
        }
    }
}

/// The signal for COMMAND. A terminal sends Ctrl-C and Ctrl-\ to COMMAND as well, and many programs
/// give up their cleanup at a second SIGINT.
#[cfg(unix)]
fn forwarded(number: i32) -> Option<Signal> {
    use signal_hook::consts::{SIGCHLD, SIGINT, SIGQUIT};
    match number {
        SIGCHLD => None,
        SIGINT | SIGQUIT if std::fs::File::open("/dev/tty").is_ok() => None,
        _ => Signal::from_named_raw(number),
    }
}

/// Runs COMMAND and waits for its end. Ctrl-C reaches every process of a console: COMMAND decides
/// what it means.
#[cfg(windows)]
pub fn run(command: &mut Command) -> Result<ExitStatus, Error> {
    ctrlc::set_handler(|| {}).context("can't wait for signals")?;
    Ok(start(command)?.wait().context("can't wait for COMMAND")?)
}

fn start(command: &mut Command) -> Result<Child, Error> {
    command.spawn().map_err(|error| start_error(command.get_program(), error))
}

/// Ends this process with COMMAND's exit code, which has 32 bits on Windows. After a signal it is
/// 128 plus the signal's number, as in a shell.
pub fn exit(status: ExitStatus) -> ! {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or_default();
    #[cfg(windows)]
    let signal = 0;
    process::exit(status.code().unwrap_or(128 + signal))
}
