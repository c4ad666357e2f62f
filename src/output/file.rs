//! Files that are replaced as a whole or get text at their end. Errors are the system's.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

pub enum Target {
    /// Replaced as a whole; it may be new.
    Regular(PathBuf),
    /// A pipe, a device or an open file of a process: written to directly.
    Special(File),
}

impl Target {
    pub fn check(path: &Path) -> io::Result<Self> {
        if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        // What the shell opened must not be replaced, even if it is a regular file.
        let is_open = path.starts_with("/dev/stderr") || path.starts_with("/dev/fd");
        let path = match path.metadata() {
            Ok(metadata) if !metadata.is_file() || is_open || path.starts_with("/proc") => {
                return Ok(Self::Special(OpenOptions::new().append(true).open(path)?));
            }
            // A symbolic link stays, and its target is replaced. It must exist.
            _ if path.is_symlink() => fs::canonicalize(path)?,
            _ => path.to_owned(),
        };
        // A temporary file without a name: nothing remains.
        tempfile::tempfile_in(parent(&path))?;
        Ok(Self::Regular(path))
    }

    pub fn write(self, text: &str) -> io::Result<()> {
        match self {
            Self::Special(mut file) => file.write_all(text.as_bytes()),
            Self::Regular(path) => {
                let mut file = tempfile::NamedTempFile::new_in(parent(&path))?;
                file.write_all(text.as_bytes())?;
                file.persist(path)?;
                Ok(())
            }
        }
    }
}

/// Whether the path means standard output, whose position in a redirected file is the shell's.
pub fn is_standard_output(path: &Path) -> bool {
    if path == Path::new("-") {
        return true;
    }
    #[cfg(unix)]
    if let (Ok(file), Ok(output)) = (path.metadata(), Path::new("/dev/stdout").metadata()) {
        use std::os::unix::fs::MetadataExt;
        return (file.dev(), file.ino()) == (output.dev(), output.ino());
    }
    false
}

pub fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Checks that text can be appended. Opening a pipe or a device could already have an effect.
pub fn check_append(path: &Path) -> io::Result<()> {
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => Ok(()),
        Ok(_) => OpenOptions::new().read(true).append(true).open(path).map(drop),
        Err(_) => tempfile::tempfile_in(parent(path)).map(drop),
    }
}

/// Appends lines to a file. A missing one is created with mode 0600.
pub fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let is_special = path.exists() && !path.is_file();
    let mut file = options.read(!is_special).append(true).create(true).open(path)?;
    let metadata = file.metadata()?;
    // Text must not continue a line that has no line break.
    let mut last = *b"\n";
    if metadata.is_file() && metadata.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let separator = if last == *b"\n" { "" } else { "\n" };
    let written = file.write_all([separator, text].concat().as_bytes());
    if written.is_err() && metadata.is_file() {
        file.set_len(metadata.len())?;
    }
    written
}
