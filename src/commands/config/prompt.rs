//! Questions on the terminal. However a question for a hidden answer ends, the echo is on again.

use std::io::{self, BufRead, Write};

use zeroize::Zeroizing;

use crate::error::Error;

/// Asks until `parse` accepts the answer.
///
/// # Errors
/// `usage` if the input ends.
pub fn ask<T>(prompt: &str, parse: impl Fn(&str) -> Result<T, &'static str>) -> Result<T, Error> {
    ask_until_valid(parse, || {
        say(prompt);
        read_line()
    })
}

/// Like `ask`, without showing what is typed.
pub fn ask_hidden<T>(
    prompt: &str,
    parse: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<T, Error> {
    ask_until_valid(parse, || terminal::read_hidden_line(prompt))
}

/// Asks for yes or no.
pub fn confirm(question: &str) -> Result<bool, Error> {
    ask(&format!("{question} [Y/n]: "), |answer| match answer.to_ascii_lowercase().as_str() {
        "" | "y" | "yes" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err("answer y or n"),
    })
}

/// Writes to standard error, because standard output is for results.
pub fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

pub use terminal::restore_on_signals;

fn ask_until_valid<T>(
    parse: impl Fn(&str) -> Result<T, &'static str>,
    read: impl Fn() -> io::Result<Zeroizing<Vec<u8>>>,
) -> Result<T, Error> {
    loop {
        let line =
            read().map_err(|error| Error::usage("cancelled; nothing was written").cause(error))?;
        let answer = std::str::from_utf8(&line).map_err(|_| "the answer is not UTF-8 text");
        match answer.and_then(|answer| parse(answer.trim())) {
            Ok(value) => return Ok(value),
            Err(flaw) => say(&format!("  {flaw}; try again\n")),
        }
    }
}

fn read_line() -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::new());
    match io::stdin().lock().read_until(b'\n', &mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line),
    }
}

#[cfg(unix)]
mod terminal {
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    use signal_hook::iterator::{Handle, Signals};
    use signal_hook::low_level::emulate_default_handler;
    use zeroize::Zeroizing;

    use super::say;
    use crate::signals::is_ignored;

    /// Whether the echo is off.
    static HIDDEN: AtomicBool = AtomicBool::new(false);

    /// Reads a line with the echo off. Ctrl-C, Ctrl-\ and Ctrl-Z work as usual.
    pub fn read_hidden_line(prompt: &str) -> io::Result<Zeroizing<Vec<u8>>> {
        let before = tcgetattr(io::stdin())?;
        HIDDEN.store(true, Ordering::SeqCst);
        hide(&before);
        // After that, because an answer may be pasted as soon as the prompt appears.
        say(prompt);
        let line = super::read_line();
        HIDDEN.store(false, Ordering::SeqCst);
        restore(&before);
        say("\n");
        line
    }

    fn hide(before: &Termios) {
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &hidden);
    }

    fn restore(before: &Termios) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
    }

    /// Ends when it is dropped.
    pub struct SignalGuard(Handle);

    impl Drop for SignalGuard {
        fn drop(&mut self) {
            self.0.close();
        }
    }

    /// A signal that ends or stops the process restores the terminal first, while the guard lives.
    pub fn restore_on_signals() -> io::Result<SignalGuard> {
        let before = tcgetattr(io::stdin())?;
        let caught = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP].into_iter();
        let mut signals = Signals::new(caught.filter(|signal| !is_ignored(*signal)))?;
        let guard = SignalGuard(signals.handle());
        std::thread::Builder::new().spawn(move || {
            for signal in signals.forever() {
                restore(&before);
                if signal != SIGTSTP {
                    say("\n");
                    std::process::exit(128 + signal);
                }
                let _ = emulate_default_handler(SIGTSTP);
                if HIDDEN.load(Ordering::SeqCst) {
                    hide(&before);
                }
            }
        })?;
        Ok(guard)
    }
}

#[cfg(not(unix))]
mod terminal {
    use std::io;

    use zeroize::Zeroizing;

    pub fn read_hidden_line(prompt: &str) -> io::Result<Zeroizing<Vec<u8>>> {
        super::say(prompt);
        rpassword::read_password().map(|line| Zeroizing::new(line.into_bytes()))
    }

    pub struct SignalGuard;

    /// rpassword restores the console itself.
    #[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
    pub fn restore_on_signals() -> io::Result<SignalGuard> {
        Ok(SignalGuard)
    }
}
