//! Starting other programs. Errors are `NotFound`, or `PermissionDenied` if what is found is not an
//! executable file; the path of this program may be unknown, on Linux without `/proc` for example.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io};

/// A command for a program. On Windows `Command` finds only `.exe`, not npm.cmd, az.cmd, gcloud.cmd.
pub fn command(program: &OsStr, path: &OsStr) -> Command {
    match find(program, path) {
        Ok(found) if cfg!(windows) => Command::new(found),
        _ => Command::new(program),
    }
}

pub fn find(program: &OsStr, path: &OsStr) -> io::Result<PathBuf> {
    if let Ok(found) = which::which_in(program, Some(path), "") {
        return Ok(found);
    }
    let exists = if Path::new(program).components().count() > 1 {
        Path::new(program).exists()
    } else {
        env::split_paths(path).any(|directory| directory.join(program).is_file())
    };
    let kind = if exists { io::ErrorKind::PermissionDenied } else { io::ErrorKind::NotFound };
    Err(kind.into())
}

/// Whether there is such a program, on `PATH` or, if the name is a path, in this directory.
pub fn exists(program: &str, directory: &Path) -> bool {
    which::which_in(program, Some(search_path()), directory).is_ok()
}

/// `PATH`, or the directories in which the C library looks without it.
pub fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into())
}

/// `PATH`, with this program's directory put first if it does not lead to this program.
pub fn path_with_this_program() -> io::Result<OsString> {
    let program = env::current_exe()?.canonicalize()?;
    let path = search_path();
    if let Ok(found) = find("smartextract".as_ref(), &path) {
        if found.canonicalize()? == program {
            return Ok(path);
        }
    }
    let mut directories = vec![program.parent().unwrap_or(&program).to_owned()];
    directories.extend(env::split_paths(&path));
    env::join_paths(directories).map_err(io::Error::other)
}
