//! Invalid command lines: clap's errors without any value, because each may be a secret.

use std::error::Error as _;
use std::ffi::OsString;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::Error;

/// Converts clap's error, without any value. With its values removed, clap's own text would no
/// longer say which argument it is about.
pub fn usage_error(refused: &clap::Error, arguments: &[OsString]) -> Error {
    let argument = context(refused, ContextKind::InvalidArg).unwrap_or_default();
    let flag = argument.split('=').next().unwrap_or_default();
    let message = match refused.kind() {
        ErrorKind::UnknownArgument if flag.starts_with('-') && is_plain(flag) => {
            format!("unexpected flag {flag}")
        }
        // The usage of a command that runs another one.
        ErrorKind::UnknownArgument
            if !flag.starts_with('-') && refused.to_string().contains("-- COMMAND") =>
        {
            "unexpected argument: -- is missing before COMMAND".to_owned()
        }
        ErrorKind::UnknownArgument => "unexpected argument (hidden, it may be a secret)".to_owned(),
        ErrorKind::InvalidSubcommand => match context(refused, ContextKind::InvalidSubcommand) {
            Some(name) if is_plain(name) => format!("unknown command {name}"),
            _ => "unknown command".to_owned(),
        },
        ErrorKind::InvalidValue if context(refused, ContextKind::InvalidValue) == Some("") => {
            format!("a value is missing for {argument}")
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("invalid value for {argument}")
        }
        ErrorKind::TooManyValues => format!("{flag} accepts no value"),
        ErrorKind::MissingSubcommand => "a command is missing".to_owned(),
        ErrorKind::MissingRequiredArgument => {
            format!("{} is missing", argument.trim_matches(['<', '>', '.']))
        }
        kind => kind.as_str().unwrap_or("the command line can't be read").to_owned(),
    };
    Error::usage(message).hint(hint(refused, flag, arguments))
}

fn hint(refused: &clap::Error, flag: &str, arguments: &[OsString]) -> String {
    for suggested in
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
    {
        if let Some(closest) = context(refused, suggested) {
            return format!("did you mean {closest}?");
        }
    }
    let (name, command) = command_of(arguments);
    if matches!(refused.kind(), ErrorKind::InvalidSubcommand | ErrorKind::MissingSubcommand) {
        let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        return format!("use one of: {}", known.join(", "));
    }
    if let Some(ContextValue::Strings(known)) = refused.get(ContextKind::ValidValue) {
        if !known.is_empty() {
            return format!("use one of: {}", known.join(", "));
        }
    }
    if let Some(expected) = refused.source() {
        return expected.to_string();
    }
    if command.get_subcommands().any(|command| has_flag(command, flag)) {
        return format!("write flags after the command: {name} COMMAND {flag} …");
    }
    format!("run {name} --help")
}

/// The command that the first arguments name: as typed, and its definition.
fn command_of(arguments: &[OsString]) -> (String, clap::Command) {
    let (mut name, mut command) = ("smartextract".to_owned(), super::Cli::command());
    for argument in arguments.iter().skip(1) {
        let Some(found) = command.find_subcommand(argument) else { break };
        command = found.clone();
        name = format!("{name} {}", command.get_name());
    }
    (name, command)
}

fn has_flag(command: &clap::Command, flag: &str) -> bool {
    let name = flag.trim_start_matches('-');
    command.get_arguments().any(|arg| match name.len() {
        1 => arg.get_short() == name.chars().next(),
        _ => arg.get_long() == Some(name),
    })
}

fn context(refused: &clap::Error, kind: ContextKind) -> Option<&str> {
    match refused.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    }
}

/// Whether a word is safe to show: a few letters, so at most a mistyped name.
fn is_plain(word: &str) -> bool {
    if word.starts_with('-') {
        return word.len() <= 30 && word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
    }
    word.len() <= 18 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}
