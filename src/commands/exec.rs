//! `exec`: runs COMMAND with a session in its environment, and without key and secret.

use super::{child, session};
use crate::cli::ExecArgs;
use crate::console::Console;
use crate::error::Error;
use crate::output::{TOKEN_VARIABLE, URL_VARIABLE};
use crate::program;

pub fn run(args: &ExecArgs, console: &Console) -> Result<u8, Error> {
    let settings = session::settings(&args.settings.0, console)?;
    session::warn_of_mixed_hosts(&settings, console);
    let mut command = child::command(&args.command, &program::search_path()).map_err(|error| {
        error.hint("no session was opened; check the name, PATH and the permission to execute it")
    })?;
    let session = session::open(&settings, console)?;
    command.env(TOKEN_VARIABLE, session.token.expose());
    command.env(URL_VARIABLE, session.iframe_url.expose());
    child::replace_process(&mut command)
}
