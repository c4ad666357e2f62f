//! `smartextract` exchanges a key and its secret for a session token: `cli` parses the command line,
//! `commands` runs, `settings` resolves, `api` makes the exchange, `output` formats, `console` prints.

mod api;
mod cli;
mod commands;
mod console;
mod emulator;
mod error;
mod output;
mod program;
mod prompt;
mod secret;
mod settings;
mod signals;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use cli::Parsed;
use console::{Console, OutputOptions};

fn main() -> ExitCode {
    secret::disable_core_dumps();
    signals::neutralize();
    let arguments: Vec<OsString> = env::args_os().collect();
    match commands::completions::answer(&arguments) {
        Ok(false) => {}
        answered => return Console::new(OutputOptions::default()).finish(answered.map(|_| 0)),
    }
    match cli::parse(&arguments) {
        Ok(Parsed::Run(cli)) => {
            let console = Console::new(cli.output_options());
            console.report_panics();
            let outcome = commands::run(*cli, &console);
            console.finish(outcome)
        }
        Ok(Parsed::Help(help)) => {
            Console::new(cli::output_options_of_refused(&arguments)).print_help(&help)
        }
        Err(error) => Console::new(cli::output_options_of_refused(&arguments)).finish(Err(error)),
    }
}
