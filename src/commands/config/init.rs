//! `config init`: a first profile file, by questions on a terminal, else as a commented example.
//! It appears whole, readable by its owner only, and never over an existing file.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::console::{Console, Verbosity};
use crate::error::{Code, Error};
use crate::secret::{Flaw, trimmed};
use crate::settings::is_built_in;

const EXAMPLE: &str = include_str!("../../../config.example.toml");

pub fn run(path: &Path, console: &Console) -> Result<u8, Error> {
    if path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    let asks = io::stdin().is_terminal() && io::stderr().is_terminal();
    let content = if asks { questions(path)? } else { Zeroizing::new(at_rest(EXAMPLE)) };
    write_new(path, &content)?;
    if console.verbosity() != Verbosity::Quiet {
        let next = if asks { "now try: smartextract config show" } else { "fill it in" };
        Console::log(&format!("Written: {}; {next}", path.display()));
    }
    Ok(0)
}

/// The example with every setting commented out.
fn at_rest(example: &str) -> String {
    let lines = example.lines().map(|line| match line.chars().next() {
        None | Some('#') => format!("{line}\n"),
        Some(_) => format!("#{line}\n"),
    });
    lines.collect()
}

/// What the questions bring to light.
struct Answers {
    environment: String,
    key: Zeroizing<String>,
    secret: Source,
}

enum Source {
    Stored(Zeroizing<String>),
    Command(Vec<String>),
}

fn questions(path: &Path) -> Result<Zeroizing<String>, Error> {
    restore_terminal_on_signals();
    Console::log(&format!("A new profile file: {}", path.display()));
    say("Ctrl-C leaves without one.\n\n");
    let environment = ask("Environment, production or staging [production]: ", |answer| {
        let name = if answer.is_empty() { "production" } else { answer };
        is_built_in(name).then(|| name.to_owned()).ok_or("production or staging")
    })?;
    let key = ask("API key: ", credential)?;
    say(
        "\nThe secret can be stored in the file, which only you may read. Safer is a command that\n\
         prints it when it is needed, for example one of these:\n  \
         pass show smartextract\n  \
         op read op://Private/SmartExtract/secret\n  \
         security find-generic-password -s smartextract -w\n  \
         secret-tool lookup service smartextract\n\n",
    );
    let command = ask("Command [none: store the secret]: ", |answer| {
        if answer.contains(['"', '\'', '\\', '|', '<', '>', '$', ';', '&', '`', '~', '*', '(']) {
            return Err(
                "no shell runs it: a program and plain arguments (edit the file for others)",
            );
        }
        Ok(answer.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    })?;
    let secret = if command.is_empty() {
        Source::Stored(ask_hidden("Secret (not shown): ", credential)?)
    } else {
        Source::Command(command)
    };
    Ok(profile_file(&Answers { environment, key, secret }))
}

fn profile_file(answers: &Answers) -> Zeroizing<String> {
    let (name, secret) = match &answers.secret {
        Source::Stored(secret) => ("secret", quoted(&**secret)),
        Source::Command(words) => ("secret_command", quoted(words)),
    };
    Zeroizing::new(format!(
        "[profiles.default]\nenv = {}\nkey = {}\n{name} = {}\n",
        *quoted(&answers.environment),
        *quoted(&*answers.key),
        *secret
    ))
}

/// A string, or an array of them, as TOML: what JSON writes of these is TOML, too.
fn quoted(value: &impl Serialize) -> Zeroizing<String> {
    Zeroizing::new(serde_json::to_string(value).expect("strings are always JSON"))
}

fn credential(answer: &str) -> Result<Zeroizing<String>, &'static str> {
    match trimmed(answer) {
        Ok((text, _)) => Ok(text),
        Err(Flaw::Empty) => Err("nothing was typed"),
        Err(Flaw::Control(_)) => Err("there is a control character in it"),
    }
}

/// Asks until the answer can be used.
fn ask<T>(prompt: &str, read: impl Fn(&str) -> Result<T, &'static str>) -> Result<T, Error> {
    asked(read, || {
        say(prompt);
        let mut line = Zeroizing::new(String::new());
        match io::stdin().lock().read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line),
        }
    })
}

fn ask_hidden<T>(prompt: &str, read: impl Fn(&str) -> Result<T, &'static str>) -> Result<T, Error> {
    asked(read, || rpassword::prompt_password(prompt).map(Zeroizing::new))
}

fn asked<T>(
    read: impl Fn(&str) -> Result<T, &'static str>,
    answer: impl Fn() -> io::Result<Zeroizing<String>>,
) -> Result<T, Error> {
    loop {
        let answer = answer().map_err(|error| {
            Error::usage("the questions were left; nothing was written").cause(error)
        })?;
        match read(answer.trim()) {
            Ok(value) => return Ok(value),
            Err(flaw) => say(&format!("  {flaw}: once more, please\n")),
        }
    }
}

/// A signal at the hidden prompt must not leave the terminal without its echo.
#[cfg(unix)]
fn restore_terminal_on_signals() {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    let Ok(before) = tcgetattr(io::stdin()) else { return };
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])
    else {
        return;
    };
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
            say("\n");
            std::process::exit(128 + signal);
        }
    });
}

#[cfg(not(unix))]
fn restore_terminal_on_signals() {}

/// Writes the file beside its place and moves it there, unless there is one by then.
fn write_new(path: &Path, content: &str) -> Result<(), Error> {
    let failed = |error| {
        Error::new(Code::Internal, format!("{} can't be written", path.display())).cause(error)
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    make_private_folder(folder).map_err(failed)?;
    // A named temporary file is its owner's alone (0600) from the first.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(content.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist_noclobber(path).map(drop).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => failed(error.error),
    })
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn exists(path: &Path) -> Error {
    Error::config(format!("{} is there already, and is left as it is", path.display()))
        .hint("see what is in force: smartextract config show")
}

/// Questions and notes go to standard error: standard output is for results.
fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toml::de::DeTable;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_answered_comes_back_out_of_the_file(
            key in "\\PC+",
            words in proptest::collection::vec("\\PC+", 1..4),
        ) {
            for secret in [
                Source::Stored(Zeroizing::new(words[0].clone())),
                Source::Command(words.clone()),
            ] {
                let is_stored = matches!(secret, Source::Stored(_));
                let environment = "staging".to_owned();
                let key = Zeroizing::new(key.clone());
                let text = profile_file(&Answers { environment, key: key.clone(), secret });
                let file = DeTable::parse(&text).unwrap();
                let profile = file.get_ref()["profiles"].get_ref()["default"].get_ref();
                prop_assert_eq!(profile["key"].get_ref().as_str(), Some(key.as_str()));
                if is_stored {
                    prop_assert_eq!(profile["secret"].get_ref().as_str(), Some(words[0].as_str()));
                } else {
                    let found = profile["secret_command"].get_ref().as_array().unwrap();
                    let found = found.iter().map(|word| word.get_ref().as_str().unwrap());
                    prop_assert!(found.eq(words.iter().map(String::as_str)));
                }
            }
        }
    }
}
