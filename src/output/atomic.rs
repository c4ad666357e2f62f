//! Files that appear or change in one step: a reader sees either the old or the complete new
//! content, and no temporary file remains. Each write is the last step of a run.

use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// Replaces the file's content. The file gets the mode and owner of `like`, else mode 0600.
pub fn replace(path: &Path, text: &str, like: Option<&Metadata>) -> io::Result<()> {
    let _signals = DeferredSignals::new()?;
    let file = staged(path, text)?;
    if let Some(like) = like {
        file.as_file().set_permissions(like.permissions())?;
        keep_owner(file.path(), like)?;
    }
    file.persist(path).map(drop).map_err(|error| error.error)
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
    builder.create(parent(path))?;
    let _signals = DeferredSignals::new()?;
    staged(path, text)?.persist_noclobber(path).map(drop).map_err(|error| error.error)
}

/// The directory of a file.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
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

/// Delays the signals that end a process while a temporary file exists: they take effect on drop.
struct DeferredSignals {
    #[cfg(unix)]
    arrived: Vec<(i32, std::sync::Arc<std::sync::atomic::AtomicBool>)>,
}

#[cfg(unix)]
impl DeferredSignals {
    fn new() -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let register = |signal| {
            let arrived = std::sync::Arc::default();
            signal_hook::flag::register(signal, std::sync::Arc::clone(&arrived))?;
            Ok((signal, arrived))
        };
        let arrived = [SIGHUP, SIGINT, SIGTERM].into_iter().map(register);
        Ok(Self { arrived: arrived.collect::<io::Result<_>>()? })
    }
}

#[cfg(unix)]
impl Drop for DeferredSignals {
    fn drop(&mut self) {
        for (signal, arrived) in &self.arrived {
            if arrived.load(std::sync::atomic::Ordering::SeqCst) {
                let _ = signal_hook::low_level::emulate_default_handler(*signal);
            }
        }
    }
}

#[cfg(not(unix))]
impl DeferredSignals {
    #[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }
}
