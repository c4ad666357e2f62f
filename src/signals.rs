//! Signals. Errors mean that the system refuses a handler.

use std::io;
use std::process::{self, Child, Command};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

#[cfg(unix)]
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ,
};
#[cfg(unix)]
use signal_hook::iterator::Signals;

/// Gives two signals a handler that does nothing: without it, waiting for a child fails if the parent
/// ignores SIGCHLD (some CI runners), and a write beyond `ulimit -f` ends the process (SIGXFSZ).
pub fn neutralize() {
    #[cfg(unix)]
    for signal in [SIGCHLD, SIGXFSZ] {
        let _ = signal_hook::flag::register(signal, std::sync::Arc::default());
    }
}

/// The usual signals that would end this process, without those that it ignores, as under `nohup`.
#[cfg(unix)]
fn ending() -> Vec<i32> {
    let mut signals = vec![SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU];
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

type LastAct = Box<dyn Fn(i32) + Send>;
static LAST_ACTS: Mutex<Vec<LastAct>> = Mutex::new(Vec::new());

/// From here on, a signal that ends this process, even process 1, first calls `last_act` with the
/// exit code, before those of earlier calls.
pub fn at_end(last_act: impl Fn(i32) + Send + 'static) -> io::Result<()> {
    let mut acts = LAST_ACTS.lock().expect("no holder panics");
    acts.push(Box::new(last_act));
    if acts.len() > 1 {
        return Ok(());
    }
    #[cfg(unix)]
    {
        let mut signals = Signals::new(ending())?;
        thread::spawn(move || signals.forever().next().map(end));
    }
    #[cfg(windows)]
    ctrlc::set_handler(|| end(2)).map_err(io::Error::other)?;
    Ok(())
}

fn end(signal: i32) {
    // A last act may block: perhaps no one reads what it prints.
    let _ = thread::Builder::new().spawn(move || {
        thread::sleep(Duration::from_secs(2));
        process::exit(128 + signal);
    });
    for act in LAST_ACTS.lock().expect("no holder panics").iter().rev() {
        act(128 + signal);
    }
    #[cfg(unix)]
    if process::id() != 1 {
        // A shell stops its script only if Ctrl-C ended the program as a signal.
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    process::exit(128 + signal);
}

/// Starts COMMAND, and forwards signals, except for keys, which a terminal sends to COMMAND as well.
#[cfg(unix)]
pub fn start(command: &mut Command) -> io::Result<Child> {
    use rustix::process::{Pid, Signal, kill_process};
    let mut signals = Signals::new(ending())?;
    let child = command.spawn()?;
    let pid = Pid::from_child(&child);
    thread::spawn(move || {
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
    // It fails if there is a handler already.
    let _ = ctrlc::set_handler(|| {});
    command.spawn()
}
