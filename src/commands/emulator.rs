//! `emulator`: the stand-in for the API, alone until it is told to end, or around a command.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitStatus};

use self::signals::Signals;
use super::exec::{forget_credentials, not_started};
use crate::cli::EmulatorArgs;
use crate::console::{Console, Verbosity};
use crate::emulator::{Accepted, Emulator, PAGE_PATHS, TOKEN_PATHS};
use crate::error::{Code, Error};
use crate::settings::Name;

pub fn run(args: EmulatorArgs, console: &Console) -> Result<u8, Error> {
    if !args.listen.ip().is_loopback() {
        return Err(Error::usage(format!("{} is not on loopback", args.listen))
            .hint("the emulator is for this machine alone: 127.0.0.1:PORT or [::1]:PORT"));
    }
    let is_quiet = console.verbosity() == Verbosity::Quiet;
    let emulator = Emulator {
        accepted: Accepted::new(args.key.clone(), args.secret.clone(), args.disabled_key),
        delay: args.delay.0,
        faults: args.fail.into(),
        log: Box::new(move |method, path, status| {
            if !is_quiet {
                Console::log(&format!("{method} {path} {status}"));
            }
        }),
    };
    let address = emulator.start(args.listen).map_err(|error| {
        Error::new(Code::Network, format!("can't listen on {}", args.listen)).cause(error)
    })?;
    let base = format!("http://{address}");
    // From here on a signal finds somebody who listens, before anybody is told where we are.
    let signals = Signals::new().map_err(lost)?;
    match args.command.split_first() {
        None => {
            Console::print(&format!("{base}\n"))?;
            signals.wait_for_one();
            Ok(0)
        }
        Some((program, arguments)) => {
            let mut command = surrounded(program, &base, &args.key, &args.secret)?;
            command.args(arguments);
            let child = command.spawn().map_err(|error| not_started(program, error))?;
            let status = signals.pass_on_until_it_ends(child).map_err(lost)?;
            Ok(exit_code(status))
        }
    }
}

/// The command with all that it needs to find the emulator, and this program, first on its PATH.
fn surrounded(program: &OsString, base: &str, key: &str, secret: &str) -> Result<Command, Error> {
    let variable = |name: Name| name.spec().variable.expect("each of these has one");
    let mut command = Command::new(program);
    forget_credentials(&mut command);
    command
        // A proxy that is meant for this program would be asked for loopback, too.
        .env_remove(variable(Name::Proxy))
        .env(variable(Name::TokenUrl), format!("{base}{}", TOKEN_PATHS[0]))
        .env(variable(Name::IframeTemplate), format!("{base}{}?token={{token}}", PAGE_PATHS[0]))
        .env(variable(Name::Key), key)
        .env(variable(Name::Secret), secret)
        .env("PATH", path_with_this_program().map_err(lost)?);
    Ok(command)
}

fn path_with_this_program() -> io::Result<OsString> {
    let this = env::current_exe()?;
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = this.parent().map(ToOwned::to_owned).into_iter().chain(env::split_paths(&path));
    env::join_paths(folders).map_err(io::Error::other)
}

fn lost(error: io::Error) -> Error {
    Error::new(Code::Internal, "the emulator can't go on").cause(error)
}

/// The command's exit code; for a signal what a shell makes of it.
fn exit_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Signals: alone, one ends the emulator; around a command they are the command's to answer.
#[cfg(unix)]
mod signals {
    use std::io::{self, IsTerminal};
    use std::process::{Child, ExitStatus};
    use std::thread;

    use rustix::process::{Pid, Signal, kill_process};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator;

    pub struct Signals(iterator::Signals);

    impl Signals {
        pub fn new() -> io::Result<Self> {
            iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]).map(Self)
        }

        pub fn wait_for_one(mut self) {
            self.0.forever().next();
        }

        pub fn pass_on_until_it_ends(mut self, mut child: Child) -> io::Result<ExitStatus> {
            let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            thread::spawn(move || {
                for signal in self.0.forever() {
                    let signal = match signal {
                        // Ctrl-C on a terminal reaches the command by itself.
                        SIGINT if io::stdin().is_terminal() => continue,
                        SIGINT => Signal::INT,
                        SIGHUP => Signal::HUP,
                        _ => Signal::TERM,
                    };
                    // Where it is gone already, nothing has to be passed on.
                    let _ = pid.map(|pid| kill_process(pid, signal));
                }
            });
            child.wait()
        }
    }
}

/// Elsewhere the system ends emulator and command alike.
#[cfg(not(unix))]
mod signals {
    use std::io;
    use std::process::{Child, ExitStatus};

    pub struct Signals;

    impl Signals {
        #[expect(clippy::unnecessary_wraps, reason = "the signature of its Unix twin")]
        pub fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub fn wait_for_one(self) {
            loop {
                std::thread::park();
            }
        }

        pub fn pass_on_until_it_ends(self, mut child: Child) -> io::Result<ExitStatus> {
            child.wait()
        }
    }
}
