//! Starting other programs: what `exec`, `emulator` and `secret_command` have in common.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// A command for a program that is looked up in `path`, or in this process's own `PATH`.
///
/// On Windows `Command` itself finds only `.exe` files, but npm, az and gcloud are `.cmd` files:
/// there the look-up follows `PATHEXT`, as in cmd.exe and PowerShell.
pub fn command(program: &OsStr, path: Option<&OsStr>) -> Command {
    #[cfg(windows)]
    {
        let path = path.map(ToOwned::to_owned).or_else(|| env::var_os("PATH"));
        let directory = env::current_dir().unwrap_or_default();
        if let Ok(found) = which::which_in(program, path, directory) {
            return Command::new(found);
        }
    }
    #[cfg(not(windows))]
    let _ = path;
    Command::new(program)
}

/// Whether there is such a program, on `PATH` or, if the name is a path, in this directory.
pub fn exists(program: &str, directory: &Path) -> bool {
    which::which_in(program, env::var_os("PATH"), directory).is_ok()
}
