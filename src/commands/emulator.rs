//! `emulator`: the stand-in for the API, alone until it is told to end, or around a command.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitStatus};

use self::signals::Signals;
use super::exec::{forget_credentials, not_started};
use crate::cli::EmulatorArgs;
use crate::console::Console;
use crate::emulator::{Accepted, Emulator, PAGE_PATHS, TOKEN_PATHS};
use crate::error::{Code, Error};
use crate::settings::SettingName;

pub fn run(args: EmulatorArgs, console: &Console) -> Result<u8, Error> {
    if !args.listen.ip().is_loopback() {
        return Err(Error::usage(format!("{} is not on loopback", args.listen))
            .hint("the emulator is for this machine alone: 127.0.0.1:PORT or [::1]:PORT"));
    }
    let texts = [&args.key, &args.secret, &args.disabled_key];
    if texts.into_iter().any(|text| text.is_empty() || text.trim() != text) {
        return Err(Error::usage("a key or a secret is empty, or has white space around it"));
    }
    let is_quiet = console.is_quiet();
    let emulator = Emulator {
        accepted: Accepted::new(args.key.clone(), args.secret.clone(), args.disabled_key),
        delay: args.delay,
        faults: args.fail.into(),
        log: Box::new(move |method, path, status| {
            if !is_quiet {
                Console::log(&format!("{method} {path} {status}"));
            }
        }),
    };
    let address = emulator
        .start(args.listen)
        .map_err(|error| Error::config(format!("can't listen on {}", args.listen)).cause(error))?;
    let base = format!("http://{address}");
    // From here on a signal finds somebody who listens, before anybody is told where we are.
    let signals = Signals::new().map_err(lost)?;
    match args.command.split_first() {
        None => {
            Console::print(format!("{base}\n"))?;
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

/// The two ways to write the one list of hosts that are reached without a proxy.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The command with all that it needs to find the emulator, and this program, first on its PATH.
fn surrounded(program: &OsString, base: &str, key: &str, secret: &str) -> Result<Command, Error> {
    let variable = |name: SettingName| name.spec().variable.expect("each of these has one");
    let mut command = Command::new(program);
    forget_credentials(&mut command);
    command
        // A proxy that is meant for this program would be asked for loopback, too.
        .env_remove(variable(SettingName::Proxy))
        .env(variable(SettingName::TokenUrl), format!("{base}{}", TOKEN_PATHS[0]))
        .env(
            variable(SettingName::IframeTemplate),
            format!("{base}{}?token={{token}}", PAGE_PATHS[0]),
        )
        .env(variable(SettingName::Key), key)
        .env(variable(SettingName::Secret), secret)
        .env("PATH", path_with_this_program().map_err(lost)?);
    // Nor should the command's own HTTP client ask a proxy for loopback, whichever it looks at.
    let given = NO_PROXY.into_iter().filter_map(env::var_os).find(|hosts| !hosts.is_empty());
    let mut hosts = given.unwrap_or_default();
    hosts.push(if hosts.is_empty() { "127.0.0.1,::1" } else { ",127.0.0.1,::1" });
    command.envs(NO_PROXY.map(|name| (name, &hosts)));
    Ok(command)
}

fn path_with_this_program() -> io::Result<OsString> {
    let this = env::current_exe()?;
    let path = env::var_os("PATH").unwrap_or_default();
    // An empty element would stand for the current folder.
    let path = env::split_paths(&path).filter(|folder| !folder.as_os_str().is_empty());
    let folders = this.parent().map(ToOwned::to_owned).into_iter().chain(path);
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
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    use signal_hook::iterator::SignalsInfo;
    use signal_hook::iterator::exfiltrator::origin::WithOrigin;
    use signal_hook::low_level::siginfo::Cause;

    pub struct Signals(SignalsInfo<WithOrigin>);

    impl Signals {
        pub fn new() -> io::Result<Self> {
            SignalsInfo::new([SIGINT, SIGTERM, SIGHUP]).map(Self)
        }

        pub fn wait_for_one(mut self) {
            self.0.forever().next();
        }

        pub fn pass_on_until_it_ends(mut self, mut child: Child) -> io::Result<ExitStatus> {
            for signal in [SIGQUIT, SIGUSR1, SIGUSR2] {
                self.0.add_signal(signal)?;
            }
            let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            thread::spawn(move || {
                for origin in self.0.forever() {
                    // What comes from the terminal (Ctrl-C) reaches the command by itself.
                    // Apple's systems do not tell who sends, so there it is guessed.
                    let is_sent = if cfg!(target_vendor = "apple") {
                        origin.signal != SIGINT || !io::stdin().is_terminal()
                    } else {
                        !matches!(origin.cause, Cause::Kernel)
                    };
                    let signal = Signal::from_named_raw(origin.signal).filter(|_| is_sent);
                    if let (Some(pid), Some(signal)) = (pid, signal) {
                        // Where it is gone already, nothing has to be passed on.
                        let _ = kill_process(pid, signal);
                    }
                }
            });
            child.wait()
        }
    }
}

/// Elsewhere the system ends emulator and command alike.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "the signatures of its Unix twin")]
mod signals {
    use std::io;
    use std::process::{Child, ExitStatus};

    pub struct Signals;

    impl Signals {
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
