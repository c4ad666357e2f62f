//! `--output`: the result in a file, complete or not written at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::atomic::{check_directory, parent, replace};
use crate::error::Error;

/// The target of `--output`, checked before a token is requested.
pub struct OutputFile {
    path: PathBuf,
    target: Target,
}

enum Target {
    /// A regular file, existing or new: replaced as a whole.
    Regular(PathBuf),
    /// A pipe, a device or an open file of this process: written to directly.
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

/// Whether the path means this process's standard output, which must not be opened again: the
/// position in a redirected file is the shell's.
pub fn is_standard_output(path: &Path) -> bool {
    let names = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    names.iter().any(|name| path == Path::new(name))
}

fn failure(path: &Path) -> String {
    format!("{} can't be written", path.display())
}

impl Target {
    fn of(path: &Path) -> io::Result<Self> {
        let path = final_path(path)?;
        let ends_in_separator = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        match path.metadata() {
            _ if ends_in_separator => Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) if !metadata.is_file() || is_open_file(&path) => {
                Ok(Self::Special(OpenOptions::new().append(true).open(path)?))
            }
            _ => {
                check_directory(parent(&path))?;
                Ok(Self::Regular(path))
            }
        }
    }
}

/// Whether the path names an open file of a process, such as `/dev/stderr` or `/dev/fd/3`. What
/// the shell opened must not be replaced, even if it is a regular file.
fn is_open_file(path: &Path) -> bool {
    let names = ["/dev/stderr", "/dev/fd", "/proc"];
    names.iter().any(|name| path.starts_with(name))
}

/// The file that a symbolic link finally points to, so that the link itself is not replaced.
pub fn final_path(path: &Path) -> io::Result<PathBuf> {
    // The limit of Linux (path_resolution(7)).
    const MAX_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if is_open_file(&path) {
            return Ok(path);
        }
        let Ok(link) = fs::read_link(&path) else { return Ok(path) };
        path = parent(&path).join(link);
    }
    Err(io::Error::other("too many levels of symbolic links"))
}
