//! `config`.

mod init;
mod profile_text;
mod questions;
mod show;

use std::path::PathBuf;

use crate::cli::ConfigCommand;
use crate::console::Console;
use crate::error::Error;
use crate::settings::{Flags, Setting, Sources};

pub fn run(command: ConfigCommand, console: &Console) -> Result<u8, Error> {
    match command {
        ConfigCommand::Path(args) => {
            let path = profile_path(&args.flags())?;
            // Unescaped, even if it is not text, because it is used to open the file.
            Console::print([path.as_os_str().as_encoded_bytes(), b"\n"].concat())?;
            Ok(0)
        }
        ConfigCommand::Show(args) => show::run(&args, console),
        ConfigCommand::Init(args) => {
            let mut flags = args.file.flags();
            flags.extend(args.profile.map(|name| ("profile".to_owned(), name)));
            let given = Sources::from_env(&flags).given("profile");
            let profile = given.unwrap_or(Setting::default("default")).text()?.value;
            init::run(&profile_path(&flags)?, &profile, console)
        }
    }
}

fn profile_path(flags: &Flags) -> Result<PathBuf, Error> {
    match Sources::from_env(flags).profile_path() {
        Some(path) => Ok(path.value),
        None => Err(Error::config("there is no configuration directory, because HOME is not set")
            .hint("set HOME, or name the profile file with --config or SMARTEXTRACT_CONFIG")),
    }
}
