//! COMMAND of `exec` and `emulator`. Errors are `not_found` or `not_executable` if it can't be
//! started, `internal` otherwise.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{self, Command};

use anyhow::Context;

use crate::error::{Code, Error};
use crate::settings::variable_name;
use crate::{program, signals};

/// COMMAND with its arguments, looked up in `path`, without the credentials' variables.
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

#[cfg(unix)]
pub fn replace_process(command: &mut Command) -> Result<u8, Error> {
    let error = std::os::unix::process::CommandExt::exec(command);
    Err(start_error(command.get_program(), error))
}

#[cfg(windows)]
pub use self::run as replace_process;

/// Runs COMMAND and ends this process with its exit code, which has 32 bits on Windows.
pub fn run(command: &mut Command) -> Result<u8, Error> {
    let started = signals::start(command);
    let mut child = started.map_err(|error| start_error(command.get_program(), error))?;
    let status = child.wait().context("can't wait for COMMAND")?;
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or_default();
    #[cfg(windows)]
    let signal = 0;
    process::exit(status.code().unwrap_or(128 + signal))
}
