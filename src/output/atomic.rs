//! Files that appear or change in one step: a reader sees either the old or the complete new
//! content, and no temporary file remains. Each write is the last step of a run.

use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use crate::signals;

/// Replaces the file's content. The file gets the mode and owner of `like`, else mode 0600.
pub fn replace(path: &Path, text: &str, like: Option<&Metadata>) -> io::Result<()> {
    let _signals = signals::Deferred::new()?;
    let file = staged(path, text)?;
    if let Some(like) = like {
        file.as_file().set_permissions(like.permissions())?;
        keep_owner(file.path(), like)?;
    }
    file.persist(path).map(drop).map_err(|error| match error.error.kind() {
        io::ErrorKind::ResourceBusy => io::Error::other(
            "a file that is mounted can't be replaced: mount its directory instead",
        ),
        _ => error.error,
    })
}

/// Creates the file with mode 0600, and a missing directory with mode 0700.
///
/// # Errors
/// `AlreadyExists` if the file exists, which is then unchanged.
pub fn create_new(path: &Path, text: &str) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    // Not `AlreadyExists`, which is about the file itself.
    builder.create(parent(path)).map_err(io::Error::other)?;
    let _signals = signals::Deferred::new()?;
    staged(path, text)?.persist_noclobber(path).map(drop).map_err(|error| error.error)
}

/// The directory of a file.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Checks that the directory accepts new files, with one that has no name to remain.
pub fn check_directory(directory: &Path) -> io::Result<()> {
    tempfile::tempfile_in(directory).map(drop)
}

/// The text in a temporary file in the same directory, with mode 0600.
fn staged(path: &Path, text: &str) -> io::Result<NamedTempFile> {
    let mut file = Builder::new().prefix(".smartextract-").tempfile_in(parent(path))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(unix)]
fn keep_owner(path: &Path, like: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, chown};
    let current = path.metadata()?;
    if (current.uid(), current.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    chown(path, Some(like.uid()), Some(like.gid()))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
fn keep_owner(_: &Path, _: &Metadata) -> io::Result<()> {
    Ok(())
}
