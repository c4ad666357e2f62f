//! Signals that do nothing, end this process with an exit code, or are forwarded to COMMAND.
//!
//! Errors mean that the system refuses a handler.

use std::io;
use std::process::{Child, Command};

#[cfg(unix)]
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ};
#[cfg(unix)]
use signal_hook::flag;

/// Gives two signals a handler that does nothing. Call it before anything else.
///
/// - SIGCHLD: some parents ignore it (`trap '' CHLD`, some CI runners), which is inherited. Waiting
///   for a child then fails with ECHILD (POSIX.1-2017, wait).
/// - SIGXFSZ: a write beyond `ulimit -f` fails, instead of ending the process without a message.
pub fn neutralize() {
    #[cfg(unix)]
    for signal in [SIGCHLD, SIGXFSZ] {
        let _ = flag::register(signal, std::sync::Arc::default());
    }
}

/// The signals that would end this process, without those that it ignores, as under `nohup`.
#[cfg(unix)]
fn ending() -> Vec<i32> {
    let mut signals = vec![SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];
    // Linux lists ignored signals (proc(5)); elsewhere only unsafe code could ask.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines() {
        if let Some(mask) = line.strip_prefix("SigIgn:") {
            let mask = u64::from_str_radix(mask.trim(), 16).unwrap_or_default();
            signals.retain(|signal| mask >> (signal - 1) & 1 == 0);
        }
    }
    signals
}

/// From here on a signal ends this process with the exit code that `code` returns for it.
pub fn exit_on_signal(code: fn(i32) -> i32) -> io::Result<()> {
    #[cfg(unix)]
    for signal in ending() {
        let always = std::sync::Arc::new(true.into());
        flag::register_conditional_shutdown(signal, code(signal), always)?;
    }
    #[cfg(windows)]
    ctrlc::set_handler(move || std::process::exit(code(2))).map_err(io::Error::other)?;
    Ok(())
}

/// Starts COMMAND, and forwards signals to it, except for Ctrl-C and Ctrl-\: a terminal sends them to
/// COMMAND as well, and many programs give up their cleanup at a second SIGINT.
#[cfg(unix)]
pub fn start(command: &mut Command) -> io::Result<Child> {
    use rustix::process::{Pid, Signal, kill_process};
    let mut signals = signal_hook::iterator::Signals::new(ending())?;
    let child = command.spawn()?;
    let pid = Pid::from_child(&child);
    std::thread::spawn(move || {
        for number in signals.forever() {
            let is_key = number == SIGINT || number == SIGQUIT;
            if is_key && std::fs::File::open("/dev/tty").is_ok() {
                continue;
            }
            if let Some(signal) = Signal::from_named_raw(number) {
                let _ = kill_process(pid, signal);
            }
        }
    });
    Ok(child)
}

/// Starts COMMAND. Ctrl-C reaches every process of a console: COMMAND decides what it means.
#[cfg(windows)]
pub fn start(command: &mut Command) -> io::Result<Child> {
    ctrlc::set_handler(|| {}).map_err(io::Error::other)?;
    command.spawn()
}
