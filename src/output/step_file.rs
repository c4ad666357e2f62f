//! The file through which a GitHub Actions step passes values to later steps.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::{Code, Error};

/// The file, open for appending.
pub struct StepFile {
    path: PathBuf,
    file: File,
    is_new: bool,
}

impl StepFile {
    /// Opens the file that the environment variable names.
    ///
    /// # Errors
    /// `config` if the variable is unset or the file can't be opened.
    pub fn open(variable: &str) -> Result<Self, Error> {
        let path = std::env::var_os(variable).filter(|path| !path.is_empty());
        let path = path.map(PathBuf::from).ok_or_else(|| {
            Error::config(format!("{variable} is not set"))
                .hint("use this format in a step of GitHub Actions: the runner sets the variable")
        })?;
        let is_new = !path.exists();
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        // The runner creates the file. If it has not, only its owner may read the token.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path);
        let file = file.map_err(|error| unwritable(Code::Config, &path, error))?;
        Ok(Self { path, file, is_new })
    }

    /// Appends the text and then runs `rest`, which masks the values. If either fails, the file is
    /// unchanged, because a later step must not get a value that is not masked.
    pub fn append(
        mut self,
        text: &str,
        rest: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        let failed = |error| unwritable(Code::Internal, &self.path, error);
        let length = self.file.metadata().map_err(failed)?.len();
        let separator =
            if ends_inside_a_line(&mut self.file, length).map_err(failed)? { "\n" } else { "" };
        let text = [separator, text].concat();
        let appended = self.file.write_all(text.as_bytes()).map_err(failed);
        appended.and_then(|()| rest()).inspect_err(|_| {
            let _ = self.file.set_len(length);
        })?;
        self.is_new = false;
        Ok(())
    }
}

/// Removes a file that was created here, if nothing was appended.
impl Drop for StepFile {
    fn drop(&mut self) {
        if self.is_new {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Whether the last line has no line break, so that appended text would become part of it.
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
