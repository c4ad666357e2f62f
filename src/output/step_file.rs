//! The file through which a GitHub Actions step passes values to later steps.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::atomic::{check_directory, parent};
use crate::error::{Code, Error};
use crate::signals::Deferred;

/// The file, checked before a token is requested.
pub struct StepFile {
    path: PathBuf,
}

impl StepFile {
    /// Checks the file that the environment variable names, without changing or creating it.
    ///
    /// # Errors
    /// `config` if the variable is unset or the file can't be written.
    pub fn open(variable: &str) -> Result<Self, Error> {
        let path = std::env::var_os(variable).filter(|path| !path.is_empty());
        let path = path.map(PathBuf::from).ok_or_else(|| {
            Error::config(format!("{variable} is not set"))
                .hint("use this format in a step of GitHub Actions: the runner sets the variable")
        })?;
        let checked = if path.exists() {
            options().open(&path).map(drop)
        } else {
            check_directory(parent(&path))
        };
        checked.map_err(|error| unwritable(Code::Config, &path, error))?;
        Ok(Self { path })
    }

    /// Appends the text and then runs `rest`, which masks the values. If either fails, the file is
    /// unchanged, because a later step must not get a value that is not masked. For the same reason
    /// no signal comes between them.
    pub fn append(self, text: &str, rest: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        let is_new = !self.path.exists();
        let failed = |error| unwritable(Code::Internal, &self.path, error);
        let _signals = Deferred::new().map_err(failed)?;
        let mut file = options().create(true).open(&self.path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let separator =
            if ends_inside_a_line(&mut file, length).map_err(failed)? { "\n" } else { "" };
        let text = [separator, text].concat();
        let appended = file.write_all(text.as_bytes()).map_err(failed);
        appended.and_then(|()| rest()).inspect_err(|_| {
            let _ = file.set_len(length);
            if is_new {
                let _ = std::fs::remove_file(&self.path);
            }
        })
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    // The runner creates the file. If it has not, only its owner may read the token.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Whether the last line has no line break, so that appended text would continue it.
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
