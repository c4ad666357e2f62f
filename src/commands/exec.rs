//! `exec`: runs COMMAND with a session in its environment, and without key and secret.

use super::{child, session};
use crate::cli::ExecArgs;
use crate::console::Console;
use crate::error::Error;
use crate::output::{TOKEN_VARIABLE, URL_VARIABLE};

pub fn run(args: &ExecArgs, console: &Console) -> Result<u8, Error> {
    let settings = session::settings(&args.settings.0, console)?;
    session::warn_of_mixed_hosts(&settings, console);
    let session = session::open(&settings, console)?;
    let mut command = child::command(&args.command, None);
    command.env(TOKEN_VARIABLE, session.token.expose());
    command.env(URL_VARIABLE, session.iframe_url.expose());
    child::replace_process(command)
}
