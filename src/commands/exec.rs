//! `exec`: runs a command that has a token in its environment, and no key and no secret.

use std::ffi::OsStr;
use std::io;
use std::process::Command;

use super::session;
use crate::cli::ExecArgs;
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::{TOKEN_VARIABLE, URL_VARIABLE};
use crate::settings::SettingName;

pub fn run(args: ExecArgs, console: &Console) -> Result<u8, Error> {
    let settings = session::settings(&args.settings.into_flags(), console)?;
    let session = session::open(&settings, console)?;
    let (program, arguments) = args.command.split_first().expect("clap asks for one");
    let mut command = Command::new(program);
    command.args(arguments);
    forget_credentials(&mut command);
    command.env(TOKEN_VARIABLE, session.token.expose());
    command.env(URL_VARIABLE, session.iframe_url.expose());
    become_it(command).map_err(|error| not_started(program, error))
}

/// Takes key and secret out of the command's environment.
pub fn forget_credentials(command: &mut Command) {
    for name in [SettingName::Key, SettingName::Secret, SettingName::SecretFile] {
        command.env_remove(name.spec().variable.expect("each of these has one"));
    }
}

/// Why a command could not be started, with the exit code of `env` (POSIX.1-2017, env, "EXIT
/// STATUS").
pub fn not_started(program: &OsStr, error: io::Error) -> Error {
    let name = program.to_string_lossy();
    match error.kind() {
        io::ErrorKind::NotFound => Error::new(Code::NotFound, format!("{name} is not found")),
        _ => Error::new(Code::NotExecutable, format!("{name} can't be run")),
    }
    .cause(error)
}

/// Replaces this process, so that signals, terminal and exit code are COMMAND's own.
#[cfg(unix)]
fn become_it(mut command: Command) -> io::Result<u8> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

/// Runs COMMAND and ends with its exit code.
#[cfg(not(unix))]
fn become_it(mut command: Command) -> io::Result<u8> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(i32::from(Code::Internal.exit_code())))
}
