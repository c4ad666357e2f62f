//! `--output`: the result in a file that is complete, or unchanged. And text at a file's end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::Builder;

use crate::error::Error;

/// The file of `--output`.
pub struct OutputFile {
    path: PathBuf,
    target: Target,
}

enum Target {
    /// A regular file, existing or new: replaced as a whole.
    Regular(PathBuf),
    /// A pipe, a device or an open file of a process: written to directly.
    Special(File),
}

impl OutputFile {
    /// Checks that the file can be written, without changing it.
    ///
    /// # Errors
    /// `internal` if it can't.
    pub fn check(path: &Path) -> Result<Self, Error> {
        let target = Target::of(path).with_context(|| failure(path))?;
        Ok(Self { path: path.to_owned(), target })
    }

    /// Writes the text. A regular file then has mode 0600; on failure it is as it was before.
    ///
    /// # Errors
    /// `internal` if the text could not be written.
    pub fn write(self, text: &str) -> Result<(), Error> {
        let written = match self.target {
            Target::Regular(path) => replace(&path, text),
            Target::Special(mut file) => file.write_all(text.as_bytes()),
        };
        Ok(written.with_context(|| failure(&self.path))?)
    }
}

impl Target {
    fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let path = match path.metadata() {
            Ok(metadata) if !metadata.is_file() || is_open_file(path) => {
                return Ok(Self::Special(OpenOptions::new().append(true).open(path)?));
            }
            // A symbolic link stays, and its target is replaced.
            Ok(_) => fs::canonicalize(path)?,
            Err(_) if path.is_symlink() => {
                return Err(io::Error::other("it is a symbolic link to a missing file"));
            }
            Err(_) => path.to_owned(),
        };
        check_directory(parent(&path))?;
        Ok(Self::Regular(path))
    }
}

/// Whether the path means this process's standard output, which must not be opened again: the
/// position in a redirected file is the shell's.
pub fn is_standard_output(path: &Path) -> bool {
    let names = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    names.iter().any(|name| path == Path::new(name))
}

/// Whether the path names an open file of a process, such as `/dev/stderr` or `/dev/fd/3`. What
/// the shell opened must not be replaced, even if it is a regular file.
fn is_open_file(path: &Path) -> bool {
    let names = ["/dev/stderr", "/dev/fd", "/proc"];
    names.iter().any(|name| path.starts_with(name))
}

fn failure(path: &Path) -> String {
    format!("{} can't be written", path.display())
}

/// The directory of a file.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Checks that the directory accepts new files, with one that has no name to remain.
///
/// # Errors
/// The system's, if it does not.
pub fn check_directory(directory: &Path) -> io::Result<()> {
    tempfile::tempfile_in(directory).map(drop)
}

/// Replaces the file in one step: a reader sees either the old or the complete new content.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut file = Builder::new().prefix(".smartextract-").tempfile_in(parent(path))?;
    file.write_all(text.as_bytes())?;
    match file.persist(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::ResourceBusy => Err(io::Error::other(
            "a file that is mounted can't be replaced: mount its directory instead",
        )),
        Err(error) => Err(error.error),
    }
}

/// Appends lines to a file, which is created with mode 0600 if it does not exist. On failure, a
/// regular file has its old length.
///
/// # Errors
/// The system's, if the file can't be opened or the text can't be written completely.
pub fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = appendable().create(true).open(path)?;
    let metadata = file.metadata()?;
    let is_inside_a_line = metadata.is_file() && ends_inside_a_line(&mut file, metadata.len())?;
    let separator = if is_inside_a_line { "\n" } else { "" };
    let written = file.write_all([separator, text].concat().as_bytes());
    if written.is_err() && metadata.is_file() {
        file.set_len(metadata.len())?;
    }
    written
}

/// The options to append to a file and to read its last byte.
pub fn appendable() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
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
