//! `token`: obtains a token and prints it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::obtain;
use crate::cli::TokenArgs;
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::Format;

pub fn run(args: &TokenArgs, console: &Console) -> Result<u8, Error> {
    let format = args.format.unwrap_or(Format::Token);
    let settings = obtain::settings(&args.settings.0, console)?;
    // A token that can't be handed over is not asked for.
    format.check(&settings.environment.iframe_template.value.to_string())?;
    let file = format.file_variable().map(StepFile::open).transpose()?;
    let grant = obtain::grant(settings, console)?;
    let rendered = format.render(&grant)?;
    match file {
        Some(file) => file.append(&rendered.file, || Console::print(&rendered.stdout))?,
        None => Console::print(&rendered.stdout)?,
    }
    Ok(0)
}

/// The file through which a GitHub Actions step hands values on.
struct StepFile {
    path: PathBuf,
    file: File,
}

impl StepFile {
    fn open(variable: &str) -> Result<Self, Error> {
        let path = std::env::var_os(variable).filter(|path| !path.is_empty());
        let path = path.map(PathBuf::from).ok_or_else(|| {
            Error::config(format!("{variable} is not set"))
                .hint("this format is for steps of GitHub Actions, which set it")
        })?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        // The runner makes the file; where it has not, a token in it is its owner's alone.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path);
        let file = file.map_err(|error| unwritable(Code::Config, &path, error))?;
        Ok(Self { path, file })
    }

    /// Appends all of the text and then does the rest; if either fails, the file is as before:
    /// a value is not handed on without its mask.
    fn append(mut self, text: &str, rest: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        let failed = |error| unwritable(Code::Internal, &self.path, error);
        let before = self.file.metadata().map_err(failed)?.len();
        let begin =
            if ends_inside_a_line(&mut self.file, before).map_err(failed)? { "\n" } else { "" };
        let text = Zeroizing::new([begin, text].concat());
        let appended = self.file.write_all(text.as_bytes()).map_err(failed);
        appended.and_then(|()| rest()).inspect_err(|_| {
            let _ = self.file.set_len(before);
        })
    }
}

/// Whether what is appended would be taken for a part of the last line.
fn ends_inside_a_line(file: &mut File, length: u64) -> io::Result<bool> {
    let Some(last) = length.checked_sub(1) else { return Ok(false) };
    let mut byte = [0];
    file.seek(SeekFrom::Start(last))?;
    file.read_exact(&mut byte)?;
    Ok(byte != *b"\n")
}

fn unwritable(code: Code, path: &Path, error: io::Error) -> Error {
    Error::new(code, format!("{} can't be written", path.display())).cause(error)
}
