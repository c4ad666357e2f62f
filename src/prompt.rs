//! Questions on the terminal.
//!
//! For a hidden answer, inquire, cliclack, dialoguer and rpassword were tried on real terminals. Each
//! is worse: they insert `u` for Ctrl-U, show a paste between two keys, or leave the echo off, or
//! the secret visible, after Ctrl-C or Ctrl-Z. Here the terminal edits the line, as in `sudo`.

use std::io::{self, Write};

use crate::console::printable;
use crate::error::Error;

pub use terminal::hidden_line;

/// Asks until `parse` accepts the answer.
///
/// # Errors
/// `usage` if the input ends.
pub fn ask<T>(prompt: &str, parse: impl Fn(&str) -> Result<T, &'static str>) -> Result<T, Error> {
    ask_until_valid(|| visible_line(prompt), parse)
}

/// Like `ask`, without showing what is typed.
///
/// # Errors
/// `usage` if the input ends.
pub fn ask_hidden<T>(
    prompt: &'static str,
    parse: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<T, Error> {
    ask_until_valid(|| hidden_line(prompt), parse)
}

/// Asks for one of the options, by number or by name; returns its index. The first is the default.
///
/// # Errors
/// `usage` if the input ends.
pub fn choose(question: &str, options: &[&str]) -> Result<usize, Error> {
    say(&format!("{question}\n"));
    for (index, option) in options.iter().enumerate() {
        say(&format!("  {}) {}\n", index + 1, printable(option)));
    }
    ask("Number [1]: ", |answer| {
        if answer.is_empty() {
            return Ok(0);
        }
        match answer.parse() {
            Ok(number) if (1..=options.len()).contains(&number) => Ok(number - 1),
            _ => options
                .iter()
                .position(|option| *option == answer)
                .ok_or("not a number from the list"),
        }
    })
}

/// Asks for yes or no.
///
/// # Errors
/// `usage` if the input ends.
pub fn confirm(question: &str) -> Result<bool, Error> {
    ask(&format!("{question} [Y/n]: "), |answer| match answer.to_ascii_lowercase().as_str() {
        "" | "y" | "yes" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err("enter y or n"),
    })
}

/// Writes to standard error, because standard output is for results.
pub fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

fn ask_until_valid<T>(
    read: impl Fn() -> io::Result<String>,
    parse: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<T, Error> {
    loop {
        let flaw = match read() {
            Ok(line) => match parse(line.trim()) {
                Ok(value) => return Ok(value),
                Err(flaw) => flaw,
            },
            Err(error) if error.kind() == io::ErrorKind::InvalidData => "not UTF-8 text",
            Err(error) => return Err(Error::usage("cancelled; nothing was written").cause(error)),
        };
        say(&format!("  {flaw}; try again\n"));
    }
}

fn visible_line(prompt: &str) -> io::Result<String> {
    say(prompt);
    let line = read_line();
    if line.is_err() {
        // Ctrl-D leaves the cursor after the prompt.
        say("\n");
    }
    line
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    match io::stdin().read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line),
    }
}

#[cfg(unix)]
mod terminal {
    use std::io;
    use std::sync::{Mutex, MutexGuard, Once, PoisonError};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use super::say;
    use crate::signals::is_ignored;

    /// A prompt whose answer is hidden, and the terminal as it was before.
    struct Hidden {
        prompt: &'static str,
        before: Termios,
    }

    impl Hidden {
        fn show(&self) {
            let mut hidden = self.before.clone();
            hidden.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &hidden);
            // After that, because an answer may be pasted as soon as the prompt appears.
            say(self.prompt);
        }

        fn restore(&self) {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
            // The answer's line break was not shown, nor was the key of a signal.
            say("\n");
        }
    }

    /// The hidden prompt that is waiting for its answer.
    static CURRENT: Mutex<Option<Hidden>> = Mutex::new(None);

    fn current() -> MutexGuard<'static, Option<Hidden>> {
        CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a line with the echo off. Ctrl-C, Ctrl-\ and Ctrl-Z work as usual.
    ///
    /// # Errors
    /// The system's, or `UnexpectedEof` for Ctrl-D.
    pub fn hidden_line(prompt: &'static str) -> io::Result<String> {
        let before = tcgetattr(io::stdin())?;
        restore_on_signals();
        current().insert(Hidden { prompt, before }).show();
        let line = super::read_line();
        let mut current = current();
        if let Some(hidden) = current.take() {
            hidden.restore();
        }
        line
    }

    /// From now on, a signal that ends or stops the process restores the terminal first.
    fn restore_on_signals() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let caught = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP].into_iter();
            let mut signals = Signals::new(caught.filter(|signal| !is_ignored(*signal)))
                .expect("all of these can be caught");
            std::thread::spawn(move || {
                for signal in signals.forever() {
                    let current = current();
                    if let Some(hidden) = &*current {
                        hidden.restore();
                    }
                    let _ = emulate_default_handler(signal);
                    // It was stopped, and continues.
                    if let Some(hidden) = &*current {
                        hidden.show();
                    }
                }
            });
        });
    }
}

#[cfg(not(unix))]
mod terminal {
    use std::io;

    /// Reads a line with the echo off; rpassword restores the console itself.
    ///
    /// # Errors
    /// The system's.
    pub fn hidden_line(prompt: &'static str) -> io::Result<String> {
        super::say(prompt);
        rpassword::read_password()
    }
}
