//! `smartextract` exchanges a SmartExtract API key and its secret for a session token.
//!
//! How a command line becomes a token: `cli` reads it, `settings` resolves it with environment
//! variables and the profile file, `api` makes the exchange, `output` formats the token, and
//! `console` prints it.

mod api;
mod authority;
mod cli;
mod commands;
mod console;
mod emulator;
mod error;
mod memory;
mod output;
mod secret;
mod settings;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use console::{Console, Presentation};

fn main() -> ExitCode {
    memory::close();
    let arguments: Vec<OsString> = env::args_os().collect();
    match commands::completions::answer(&arguments) {
        Ok(false) => {}
        answered => return Console::new(Presentation::default()).finish(answered.map(|_| 0)),
    }
    let cli = match cli::parse(&arguments) {
        Ok(cli) => cli,
        Err(refused) => return Console::new(cli::presentation(&arguments)).refuse(&refused),
    };
    let console = Console::new(cli.presentation());
    console.report_panics();
    let outcome = commands::run(cli, &console);
    console.finish(outcome)
}
