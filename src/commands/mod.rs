//! The commands, one file each. Only here do settings, API and output meet.

pub mod completions;
mod config;
mod emulator;
mod exec;
mod man;
mod obtain;
mod token;

use crate::cli::{Cli, Deferred, Task};
use crate::console::Console;
use crate::error::Error;

/// Does what the command line asks for; gives the exit code of what worked.
pub fn run(cli: Cli, console: &Console) -> Result<u8, Error> {
    match cli.task {
        Task::Token(Deferred(args)) => token::run(&args, console),
        Task::Exec(Deferred(args)) => exec::run(&args, console),
        Task::Config(task) => config::run(&task, console),
        Task::Emulator(Deferred(args)) => emulator::run(args, console),
        Task::Completions { shell } => completions::run(shell),
        Task::Man { folder } => man::run(folder.as_deref()),
    }
}
