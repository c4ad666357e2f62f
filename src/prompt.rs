//! Questions on the terminal.
//!
//! For a hidden answer, inquire, cliclack, dialoguer and rpassword were tried on real terminals. Each
//! is worse: they insert `u` for Ctrl-U, show a paste between two keys, or leave the echo off, or
//! the secret visible, after Ctrl-C or Ctrl-Z. Here the terminal edits the line, as in `sudo`.
//!
//! Questions fail with `usage` if the input ends (Ctrl-D); reading a line fails as the system does.

use std::io::{self, Write};

use crate::console::printable;
use crate::error::Error;

pub use terminal::read_secret;

const SECRET_PROMPT: &str = "Secret (hidden): ";

/// Asks until `parse` accepts the answer.
pub fn ask<T>(
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
            Err(_) => return Err(Error::usage("cancelled; nothing was written")),
        };
        say(&format!("  {flaw}; try again\n"));
    }
}

/// Asks for one of the options, by number or by name; returns its index. The first is the default.
pub fn choose(question: &str, options: &[&str]) -> Result<usize, Error> {
    say(&format!("{question}\n"));
    for (index, option) in options.iter().enumerate() {
        say(&format!("  {}) {}\n", index + 1, printable(option)));
    }
    let read = || read_line("Number [1]: ");
    ask(read, |answer| match answer.parse() {
        _ if answer.is_empty() => Ok(0),
        Ok(number) if (1..=options.len()).contains(&number) => Ok(number - 1),
        _ => options.iter().position(|option| *option == answer).ok_or("not in the list"),
    })
}

/// Asks for yes or no; yes is the default.
pub fn confirm(question: &str) -> Result<bool, Error> {
    let read = || read_line(question);
    ask(read, |answer| match answer.to_ascii_lowercase().as_str() {
        "" | "y" | "yes" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err("enter y or n"),
    })
}

/// Writes to standard error, because standard output is for results.
pub fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Shows the prompt and reads a line.
pub fn read_line(prompt: &str) -> io::Result<String> {
    say(prompt);
    // Ctrl-D leaves the cursor after the prompt.
    line().inspect_err(|_| say("\n"))
}

fn line() -> io::Result<String> {
    let mut text = String::new();
    match io::stdin().read_line(&mut text)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(text),
    }
}

#[cfg(unix)]
mod terminal {
    use std::io;
    use std::sync::{Mutex, MutexGuard, Once};
    use std::thread;

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use super::{SECRET_PROMPT, line, say};
    use crate::signals::is_ignored;

    /// The terminal as it was before the prompt that is waiting for a secret.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    fn before() -> MutexGuard<'static, Option<Termios>> {
        BEFORE.lock().expect("no thread panics while it holds this")
    }

    /// Reads a line with the echo off. Ctrl-C, Ctrl-\ and Ctrl-Z work as usual.
    pub fn read_secret() -> io::Result<String> {
        static ONCE: Once = Once::new();
        let terminal = tcgetattr(io::stdin())?;
        ONCE.call_once(restore_on_signals);
        show(before().insert(terminal));
        let secret = line();
        if let Some(terminal) = before().take() {
            restore(&terminal);
        }
        secret
    }

    fn show(before: &Termios) {
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &hidden);
        // After that, because an answer may be pasted as soon as the prompt appears.
        say(SECRET_PROMPT);
    }

    fn restore(before: &Termios) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        // The answer's line break was not shown, nor was the key of a signal.
        say("\n");
    }

    /// From now on, a signal that ends or stops the process restores the terminal first.
    fn restore_on_signals() {
        let caught = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP].into_iter();
        let mut signals = Signals::new(caught.filter(|signal| !is_ignored(*signal)))
            .expect("all of these can be caught");
        thread::spawn(move || {
            for signal in signals.forever() {
                let waiting = before();
                waiting.iter().for_each(restore);
                let _ = emulate_default_handler(signal);
                // It was stopped, and continues.
                waiting.iter().for_each(show);
            }
        });
    }
}

#[cfg(not(unix))]
mod terminal {
    /// Reads a line with the echo off; rpassword restores the console itself.
    pub fn read_secret() -> std::io::Result<String> {
        super::say(super::SECRET_PROMPT);
        rpassword::read_password()
    }
}
