//! `--output`: the result in a file, complete or not written at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::atomic::{parent, replace};
use crate::error::Error;

/// The target of `--output`, checked before a token is requested.
pub struct OutputFile {
    path: PathBuf,
    target: Target,
}

enum Target {
    /// A regular file, existing or new: replaced as a whole.
    Regular(PathBuf),
    /// A pipe or device, open for writing.
    Special(File),
}

impl OutputFile {
    /// Checks that the file can be written, without changing it.
    ///
    /// # Errors
    /// `internal` if it can't.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let target = Target::of(path).with_context(|| failure(path))?;
        Ok(Self { path: path.to_owned(), target })
    }

    /// Writes the text. A regular file then has mode 0600; on failure it is as it was before.
    ///
    /// # Errors
    /// `internal` if the text could not be written.
    pub fn write(self, text: &str) -> Result<(), Error> {
        let written = match self.target {
            Target::Regular(path) => replace(&path, text, None),
            Target::Special(mut file) => file.write_all(text.as_bytes()),
        };
        Ok(written.with_context(|| failure(&self.path))?)
    }
}

fn failure(path: &Path) -> String {
    format!("{} can't be written", path.display())
}

impl Target {
    fn of(path: &Path) -> io::Result<Self> {
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) if !metadata.is_file() => {
                Ok(Self::Special(OpenOptions::new().write(true).open(path)?))
            }
            _ => {
                let path = final_path(path)?;
                // An unnamed file shows that the directory is writable.
                tempfile::tempfile_in(parent(&path))?;
                Ok(Self::Regular(path))
            }
        }
    }
}

/// The file that a symbolic link finally points to, so that the link itself is not replaced.
pub fn final_path(path: &Path) -> io::Result<PathBuf> {
    // The limit of Linux (path_resolution(7)).
    const MAX_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(link) = fs::read_link(&path) else { return Ok(path) };
        path = parent(&path).join(link);
    }
    Err(io::Error::other("too many levels of symbolic links"))
}
