//! Signals that must do nothing, or that were ignored from the start.

use std::io;

#[cfg(unix)]
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ};
#[cfg(unix)]
use signal_hook::iterator::Signals;

/// Gives two signals a handler that does nothing. Call it before anything else.
///
/// - SIGCHLD: some parents ignore it (`trap '' CHLD`, some CI runners), which is inherited. Waiting
///   for a child then fails with ECHILD (POSIX.1-2017, wait).
/// - SIGXFSZ: a write beyond `ulimit -f` fails, instead of ending the process without a message.
pub fn neutralize() {
    #[cfg(unix)]
    for signal in [SIGCHLD, SIGXFSZ] {
        // This fails only for a signal that doesn't exist or can't be caught.
        let _ = signal_hook::flag::register(signal, std::sync::Arc::default());
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

/// Catches the signals that would end this process, and SIGCHLD.
///
/// # Errors
/// If the system refuses the handlers.
#[cfg(unix)]
pub fn catch() -> io::Result<Signals> {
    Signals::new([ending(), vec![SIGCHLD]].concat())
}

/// From here on a signal ends this process with the exit code that `code` returns for it.
///
/// # Errors
/// If the system refuses the handlers.
pub fn exit_on_signal(code: fn(i32) -> i32) -> io::Result<()> {
    #[cfg(unix)]
    for signal in ending() {
        let always = std::sync::Arc::new(true.into());
        signal_hook::flag::register_conditional_shutdown(signal, code(signal), always)?;
    }
    #[cfg(windows)]
    ctrlc::set_handler(move || std::process::exit(code(2))).map_err(io::Error::other)?;
    Ok(())
}
