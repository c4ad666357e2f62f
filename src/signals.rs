//! Signals that must do nothing, or that were ignored from the start.

#[cfg(unix)]
pub use unix::is_ignored;

/// Gives two signals a handler that does nothing. Call it before anything else.
///
/// - SIGCHLD: ignored signals are inherited, and some parents ignore this one (`trap '' CHLD`, some
///   supervisors and CI runners). The system then discards the exit codes of child processes, and
///   waiting for a child fails with ECHILD (POSIX.1-2017, wait).
/// - SIGXFSZ: a write beyond `ulimit -f` fails, instead of ending the process without a message.
pub fn neutralize() {
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGCHLD, signal_hook::consts::SIGXFSZ] {
        // This fails only for a signal that doesn't exist or can't be caught.
        let _ = signal_hook::flag::register(signal, std::sync::Arc::default());
    }
}

/// The signals that would end this process.
#[cfg(unix)]
const ENDING: [i32; 6] = {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2]
};

/// Catches the signals that would end this process, and SIGCHLD. A signal that is ignored at the
/// start (`nohup`) stays ignored.
///
/// # Errors
/// If the system refuses the handlers.
#[cfg(unix)]
pub fn catch() -> std::io::Result<signal_hook::iterator::Signals> {
    let ending = ENDING.into_iter().filter(|signal| !is_ignored(*signal));
    signal_hook::iterator::Signals::new(ending.chain([signal_hook::consts::SIGCHLD]))
}

/// From here on a signal ends this process with the exit code that `code` returns for it.
///
/// # Errors
/// If the system refuses the handlers.
pub fn exit_on_signal(code: fn(i32) -> i32) -> std::io::Result<()> {
    #[cfg(unix)]
    for signal in ENDING.into_iter().filter(|signal| !is_ignored(*signal)) {
        let always = std::sync::Arc::new(true.into());
        signal_hook::flag::register_conditional_shutdown(signal, code(signal), always)?;
    }
    #[cfg(windows)]
    ctrlc::set_handler(move || std::process::exit(code(2))).map_err(std::io::Error::other)?;
    Ok(())
}

#[cfg(unix)]
mod unix {
    use std::fs;

    /// Whether this process ignores the signal, as under `nohup`. Linux lists these signals
    /// (proc(5), `SigIgn`); elsewhere only unsafe code could ask, so none counts as ignored.
    pub fn is_ignored(signal: i32) -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.unwrap_or_default() >> (signal - 1) & 1 == 1
    }
}
