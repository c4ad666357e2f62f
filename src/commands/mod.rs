//! The commands, one file each. Only they connect settings, API, output and emulator.

mod check;
mod child;
pub mod completions;
mod config;
mod emulator;
mod exec;
mod man;
mod progress;
mod session;
mod token;

use crate::cli::{Cli, Command};
use crate::console::Console;
use crate::error::Error;

pub fn run(cli: Cli, console: &Console) -> Result<u8, Error> {
    // The emulator handles signals itself.
    if !matches!(cli.command, Command::Emulator(_)) {
        console.report_signals();
    }
    match cli.command {
        Command::Token(args) => token::run(&args, console),
        Command::Check(args) => check::run(&args, console),
        Command::Exec(args) => exec::run(&args, console),
        Command::Config(command) => config::run(command, console),
        Command::Emulator(args) => emulator::run(&args, console),
        Command::Completions { shell } => completions::run(shell),
        Command::Man { dir } => man::run(dir.as_deref()),
    }
}
