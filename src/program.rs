//! Starting other programs: what `exec`, `emulator` and `secret_command` have in common.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io, iter};

/// A command for a program that is looked up in `path`, or in this process's own `PATH`.
///
/// On Windows `Command` itself finds only `.exe` files, but npm, az and gcloud are `.cmd` files:
/// there the look-up follows `PATHEXT`, as in cmd.exe and PowerShell.
pub fn command(program: &OsStr, path: Option<&OsStr>) -> Command {
    if cfg!(windows) {
        if let Ok(found) = find(program, path) {
            return Command::new(found);
        }
    }
    Command::new(program)
}

/// Looks a program up in `path`, or in this process's own `PATH`.
///
/// # Errors
/// `NotFound`, or `PermissionDenied` if what is found is not an executable file.
pub fn find(program: &OsStr, path: Option<&OsStr>) -> io::Result<PathBuf> {
    let path = path.map_or_else(search_path, ToOwned::to_owned);
    let directory = env::current_dir().unwrap_or_default();
    if let Ok(found) = which::which_in(program, Some(&path), &directory) {
        return Ok(found);
    }
    let exists = if Path::new(program).components().count() > 1 {
        directory.join(program).exists()
    } else {
        env::split_paths(&path).any(|entry| entry.join(program).is_file())
    };
    let kind = if exists { io::ErrorKind::PermissionDenied } else { io::ErrorKind::NotFound };
    Err(kind.into())
}

/// `PATH`, or the directories in which the C library looks without it.
pub fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into())
}

/// `PATH`, with this program's directory put first if it leads to another `smartextract` or to
/// none.
///
/// # Errors
/// If this program can't be located, on Linux without `/proc` for example.
pub fn path_with_this_program() -> io::Result<OsString> {
    let program = env::current_exe()?.canonicalize()?;
    let path = search_path();
    if let Ok(found) = find("smartextract".as_ref(), Some(&path)) {
        if found.canonicalize()? == program {
            return Ok(path);
        }
    }
    let directory = program.parent().unwrap_or(&program).to_owned();
    env::join_paths(iter::once(directory).chain(env::split_paths(&path))).map_err(io::Error::other)
}

/// Whether there is such a program, on `PATH` or, if the name is a path, in this directory.
pub fn exists(program: &str, directory: &Path) -> bool {
    which::which_in(program, env::var_os("PATH"), directory).is_ok()
}
