//! COMMAND of `exec` and `emulator`: how it starts, which signals it gets, its exit code.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{Command, ExitStatus};

pub use self::signals::Signals;
use crate::error::{Code, Error};
use crate::program;
use crate::settings::variable_name;

/// COMMAND with its arguments, without the variables that lead to the credentials. It gets
/// `path` as its `PATH`, or else this process's own.
pub fn command(words: &[OsString], path: Option<&OsStr>) -> Command {
    let (program, arguments) = words.split_first().expect("clap requires a word");
    let mut command = program::command(program, path);
    command.args(arguments);
    for name in ["key", "secret", "secret_file"] {
        command.env_remove(variable_name(name));
    }
    if let Some(path) = path {
        command.env("PATH", path);
    }
    command
}

fn wait_error(error: io::Error) -> Error {
    Error::new(Code::Internal, "can't wait for COMMAND").cause(error)
}

/// Why COMMAND could not be started, with the exit code of `env` (POSIX.1-2017, env, "EXIT
/// STATUS").
fn spawn_error(command: &Command, error: io::Error) -> Error {
    let name = command.get_program().to_string_lossy();
    match error.kind() {
        io::ErrorKind::NotFound => Error::new(Code::NotFound, format!("{name} is not found")),
        _ => Error::new(Code::NotExecutable, format!("{name} can't be run")),
    }
    .cause(error)
}

/// Replaces this process, so that signals, terminal and exit code are COMMAND's own.
#[cfg(unix)]
pub fn replace_process(mut command: Command) -> Result<u8, Error> {
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    Err(spawn_error(&command, error))
}

/// Runs COMMAND, waits for it even after Ctrl-C, and ends with its exit code.
#[cfg(windows)]
pub fn replace_process(mut command: Command) -> Result<u8, Error> {
    Signals::catch()?.run(&mut command).map(exit_code)
}

/// COMMAND's exit code; after a signal 128 plus its number, as in a shell.
#[cfg(unix)]
pub fn exit_code(status: ExitStatus) -> u8 {
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
    let code = status.code().or(signal).unwrap_or(i32::from(u8::MAX));
    u8::try_from(code).unwrap_or(u8::MAX)
}

/// Ends this process with COMMAND's exit code: it has 32 bits on Windows, more than `run` returns.
#[cfg(windows)]
pub fn exit_code(status: ExitStatus) -> u8 {
    std::process::exit(status.code().unwrap_or(i32::from(u8::MAX)))
}

#[cfg(unix)]
mod signals {
    use std::collections::BTreeSet;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, Command, ExitStatus, Stdio};
    use std::time::Duration;
    use std::{io, thread};

    use rustix::process::{Pid, Signal, kill_process};
    use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

    use super::{Error, spawn_error, wait_error};
    use crate::signals::is_ignored;

    const FORWARDED: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

    /// How long a signal may take to reach a whole process group.
    const GROUP_DELIVERY: Duration = Duration::from_millis(200);

    /// The signals that end this process when it is alone, and are COMMAND's otherwise. A signal
    /// that is ignored at the start (`nohup`) stays ignored, by COMMAND too.
    pub struct Signals(signal_hook::iterator::Signals);

    impl Signals {
        /// From here on the signals wait to be handled.
        pub fn catch() -> Result<Self, Error> {
            let caught = FORWARDED.into_iter().filter(|signal| !is_ignored(*signal));
            let signals = signal_hook::iterator::Signals::new(caught.chain([SIGCHLD]));
            signals.map(Self).map_err(wait_error)
        }

        pub fn wait_for_one(mut self) {
            self.0.forever().find(|signal| *signal != SIGCHLD);
        }

        /// Runs COMMAND and forwards the signals that were sent to this process alone.
        ///
        /// A signal that was sent to the whole process group (Ctrl-C, `timeout`) has reached
        /// COMMAND already, and many programs give up their cleanup at a second SIGINT. The system
        /// doesn't show the difference, so a witness in the same group does: such a signal ends it.
        pub fn run(self, command: &mut Command) -> Result<ExitStatus, Error> {
            // First, because it must get every signal that COMMAND gets.
            let witness = start_witness();
            let mut child = command.spawn().map_err(|error| spawn_error(command, error))?;
            self.wait_forwarding_signals(&mut child, witness).map_err(wait_error)
        }

        fn wait_forwarding_signals(
            mut self,
            command: &mut Child,
            mut witness: Option<Child>,
        ) -> io::Result<ExitStatus> {
            loop {
                if let Some(status) = command.try_wait()? {
                    return Ok(status);
                }
                let mut received: BTreeSet<i32> = self.0.wait().collect();
                if let Some(status) = command.try_wait()? {
                    return Ok(status);
                }
                thread::sleep(GROUP_DELIVERY);
                received.extend(self.0.pending());
                received.remove(&SIGCHLD);
                if let Some(Ok(Some(status))) = witness.as_mut().map(Child::try_wait) {
                    status.signal().map(|signal| received.remove(&signal));
                    witness = start_witness();
                }
                for signal in received.into_iter().filter_map(Signal::from_named_raw) {
                    // COMMAND was not waited for yet, so that its process id is still its own.
                    let _ = kill_process(Pid::from_child(command), signal);
                }
            }
        }
    }

    /// `cat`, until its input ends when it is dropped. Without it (no `cat`, no process left) every
    /// signal counts as sent to this process alone.
    fn start_witness() -> Option<Child> {
        let mut cat = super::command(&["cat".into()], None);
        cat.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
    }
}

/// Ctrl-C reaches every process of a console. COMMAND decides what it means; this process waits.
#[cfg(windows)]
mod signals {
    use std::io;
    use std::process::{Command, ExitStatus};
    use std::sync::mpsc::{Receiver, channel};

    use super::{Error, spawn_error, wait_error};

    pub struct Signals(Receiver<()>);

    impl Signals {
        pub fn catch() -> Result<Self, Error> {
            let (sender, receiver) = channel();
            // Once the receiver is dropped, Ctrl-C does nothing.
            let handler = move || _ = sender.send(());
            ctrlc::set_handler(handler).map_err(|error| wait_error(io::Error::other(error)))?;
            Ok(Self(receiver))
        }

        pub fn wait_for_one(self) {
            let _ = self.0.recv();
        }

        pub fn run(self, command: &mut Command) -> Result<ExitStatus, Error> {
            drop(self.0);
            let mut child = command.spawn().map_err(|error| spawn_error(command, error))?;
            child.wait().map_err(wait_error)
        }
    }
}
