//! `token`: obtains a token and prints it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::obtain;
use crate::cli::TokenArgs;
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::Format;

pub fn run(args: &TokenArgs, console: &Console) -> Result<u8, Error> {
    let format = args.format.unwrap_or(Format::Token);
    // Opened first: a token that can't be handed over is not asked for.
    let file = format.file_variable().map(Appended::open).transpose()?;
    let grant = obtain::grant(&args.settings.0, console)?;
    let rendered = format.render(&grant)?;
    if let Some(file) = file {
        file.append(&rendered.file)?;
    }
    Console::print(&rendered.stdout)?;
    Ok(0)
}

/// The file through which a GitHub Actions step hands values on.
struct Appended {
    path: PathBuf,
    file: File,
}

impl Appended {
    fn open(variable: &str) -> Result<Self, Error> {
        let path = std::env::var_os(variable).filter(|path| !path.is_empty());
        let path = path.map(PathBuf::from).ok_or_else(|| {
            Error::config(format!("{variable} is not set"))
                .hint("this format is for steps of GitHub Actions, which set it")
        })?;
        let file = OpenOptions::new().append(true).create(true).open(&path);
        let file = file.map_err(|error| unwritable(Code::Config, &path, error))?;
        Ok(Self { path, file })
    }

    /// Appends all of the text, or nothing.
    fn append(mut self, text: &str) -> Result<(), Error> {
        let failed = |error| unwritable(Code::Internal, &self.path, error);
        let before = self.file.metadata().map_err(failed)?.len();
        self.file.write_all(text.as_bytes()).map_err(|error| {
            let _ = self.file.set_len(before);
            unwritable(Code::Internal, &self.path, error)
        })
    }
}

fn unwritable(code: Code, path: &Path, error: std::io::Error) -> Error {
    Error::new(code, format!("{} can't be written", path.display())).cause(error)
}
