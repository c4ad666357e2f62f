//! Questions on the terminal. They fail with `usage` if the input ends (Ctrl-D) or is not UTF-8.
//! For a hidden answer, inquire, cliclack, dialoguer and rpassword were tried on real terminals: they
//! insert `u` for Ctrl-U, show a paste between two keys, or leave the echo off, or the secret
//! visible, after Ctrl-C or Ctrl-Z. Here the terminal edits the line, as in `sudo`.

use std::io::{self, Write};
#[cfg(unix)]
use std::{thread, time::Duration};

use crate::console::Console;
use crate::error::Error;
#[cfg(unix)]
use crate::signals;

const SECRET_PROMPT: &str = "Secret (hidden): ";

pub fn ask<T>(
    read: impl Fn() -> io::Result<String>,
    parse: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<T, Error> {
    loop {
        let line = read().map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Error::usage("cancelled; nothing was written"),
            _ => Error::usage("the answer can't be read").cause(error),
        })?;
        match parse(line.trim()) {
            Ok(value) => return Ok(value),
            Err(flaw) => Console::log(&format!("  {flaw}; try again")),
        }
    }
}

/// Asks for one of the options, by number or by name; returns its index.
pub fn choose(question: &str, options: &[&str], default: usize) -> Result<usize, Error> {
    Console::log(question);
    for (index, option) in options.iter().enumerate() {
        Console::log(&format!("  {}) {option}", index + 1));
    }
    let read = || read_line(&format!("Number [{}]: ", default + 1));
    ask(read, |answer| match answer.parse() {
        _ if answer.is_empty() => Ok(default),
        Ok(number) if (1..=options.len()).contains(&number) => Ok(number - 1),
        _ => options.iter().position(|option| *option == answer).ok_or("not in the list"),
    })
}

pub fn confirm(question: &str) -> Result<bool, Error> {
    let read = || read_line(question);
    ask(read, |answer| match answer.to_ascii_lowercase().as_str() {
        "" | "y" | "yes" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err("enter y or n"),
    })
}

pub fn read_line(prompt: &str) -> io::Result<String> {
    show(prompt);
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        // Ctrl-D leaves the cursor after the prompt.
        show("\n");
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}

fn show(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Reads a line with the echo off. The signal of Ctrl-C and Ctrl-Z follows once it is on again.
#[cfg(unix)]
pub fn read_secret() -> io::Result<String> {
    use rustix::process::{Signal, kill_current_process_group};
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
    let before = tcgetattr(io::stdin())?;
    let interrupt = before.special_codes[SpecialCodeIndex::VINTR];
    let suspend = before.special_codes[SpecialCodeIndex::VSUSP];
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
    hidden.special_codes[SpecialCodeIndex::VEOL] = interrupt;
    hidden.special_codes[SpecialCodeIndex::VEOL2] = suspend;
    let restored = before.clone();
    let _ = signals::at_end(move |_| {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &restored);
    });
    let mut line = [0; 4096];
    loop {
        tcsetattr(io::stdin(), OptionalActions::Now, &hidden)?;
        // The prompt follows, because a user may paste as soon as it appears.
        show(SECRET_PROMPT);
        let length = rustix::io::read(io::stdin(), &mut line);
        tcsetattr(io::stdin(), OptionalActions::Now, &before)?;
        show("\n");
        let line = &line[..length?];
        match line.last() {
            Some(key) if *key == interrupt => {
                kill_current_process_group(Signal::INT)?;
                // The process ends meanwhile, unless it ignores the signal.
                thread::sleep(Duration::from_millis(500));
            }
            Some(key) if *key == suspend => kill_current_process_group(Signal::TSTP)?,
            // The terminal cuts a longer line.
            Some(b'\n') if line.len() < 4096 => {
                return String::from_utf8(line.to_vec()).map_err(io::Error::other);
            }
            Some(b'\n') => return Err(io::Error::other("a line of 4096 bytes or more")),
            _ => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(not(unix))]
pub fn read_secret() -> io::Result<String> {
    show(SECRET_PROMPT);
    rpassword::read_password()
}
