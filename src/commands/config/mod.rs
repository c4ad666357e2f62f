//! `config`: where the profile file is, what is in force, and a first profile file.

mod init;
mod show;

use crate::cli::{ConfigTask, Deferred, FileArgs, ShowFormat};
use crate::console::Console;
use crate::error::Error;
use crate::settings::{Setting, Sources};

pub fn run(task: &ConfigTask, console: &Console) -> Result<u8, Error> {
    match task {
        ConfigTask::Path(args) => {
            let path = path(args)?.value;
            // As it is, even where it is not text: it is meant to be opened.
            Console::print([path.as_os_str().as_encoded_bytes(), b"\n"].concat())?;
            Ok(0)
        }
        ConfigTask::Show(Deferred(args)) => {
            show::run(&args.settings.0, args.format.unwrap_or(ShowFormat::Table), console)
        }
        ConfigTask::Init(args) => init::run(&path(args)?.value, console),
    }
}

fn path(args: &FileArgs) -> Result<Setting<std::path::PathBuf>, Error> {
    let path = Sources::of_process(&args.0).profile_path();
    if path.as_ref().is_some_and(|path| path.value.as_os_str().is_empty()) {
        return Err(Error::usage("flag --config is empty"));
    }
    path.ok_or_else(|| {
        Error::config("there is no configuration folder, for HOME is not set")
            .hint("set HOME, or name the file: --config or SMARTEXTRACT_CONFIG")
    })
}
