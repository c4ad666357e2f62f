//! The commands, one file each. Only here do settings, API and output meet.

mod obtain;
mod token;

use crate::cli::{Cli, Task};
use crate::console::Console;
use crate::error::Error;

/// Does what the command line asks for; gives the exit code of what worked.
pub fn run(cli: Cli, console: &Console) -> Result<u8, Error> {
    match cli.task {
        Task::Token(args) => token::run(&args, console),
    }
}
