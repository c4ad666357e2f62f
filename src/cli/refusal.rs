//! A command line that can't be read: how to talk to whoever typed it, and what to say.

use std::error::Error as _;
use std::ffi::OsString;

use clap::ValueEnum;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::console::{Color, Presentation};
use crate::error::Error;
use crate::output::Format;

/// How to talk to the user of a command line that can't be read. clap gives up at the first
/// fault, so the two flags that matter are looked for by hand.
pub fn presentation(arguments: &[OsString]) -> Presentation {
    let value = |long, short| last_value(arguments, long, short);
    Presentation {
        format: value("--format", Some('f')).and_then(|name| Format::from_str(name, false).ok()),
        color: value("--color", None)
            .and_then(|name| Color::from_str(name, false).ok())
            .unwrap_or_default(),
        ..Presentation::default()
    }
}

/// The last value that a flag is given, in any of the ways to write it.
fn last_value<'a>(arguments: &'a [OsString], long: &str, short: Option<char>) -> Option<&'a str> {
    let texts = arguments.iter().map(|argument| argument.to_str().unwrap_or_default());
    let mut texts = texts.take_while(|text| *text != "--");
    let mut last = None;
    while let Some(text) = texts.next() {
        if ["--key", "--secret"].contains(&text) {
            // Whatever comes next is its value, even where it looks like a flag.
            texts.next();
            continue;
        }
        let after_long =
            text.strip_prefix(long).filter(|rest| rest.is_empty() || rest.starts_with('='));
        let after_short = || {
            let flags = text.strip_prefix('-')?.trim_start_matches(['v', 'q', 'h', 'V']);
            flags.strip_prefix(short?)
        };
        match after_long.or_else(after_short) {
            Some("") => last = texts.next().or(last),
            Some(value) => last = Some(value.strip_prefix('=').unwrap_or(value)),
            None => {}
        }
    }
    last
}

/// What clap refused, told without any value: a stray one may be a secret.
pub fn usage_error(refused: &clap::Error) -> Error {
    let context = |kind| match refused.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    };
    let argument = context(ContextKind::InvalidArg).unwrap_or_default();
    let message = match refused.kind() {
        ErrorKind::UnknownArgument if is_a_word(argument) => format!("unknown flag {argument}"),
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            "unknown flag (not shown: a secret may be a part of it)".to_owned()
        }
        ErrorKind::UnknownArgument => {
            "an argument too many (not shown: it may be a secret)".to_owned()
        }
        ErrorKind::InvalidSubcommand => "unknown command".to_owned(),
        // The only one that is made here, and so without a value in it.
        ErrorKind::ArgumentConflict => first_line(refused),
        ErrorKind::InvalidValue if context(ContextKind::InvalidValue) == Some("") => {
            format!("{argument} needs a value")
        }
        kind => {
            let fault = kind.as_str().unwrap_or("the command line can't be read");
            if argument.is_empty() { fault.to_owned() } else { format!("{fault}: {argument}") }
        }
    };
    let suggested =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let known = match refused.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(names)) => names.join(", "),
        _ => String::new(),
    };
    let expected = refused.source().map(ToString::to_string);
    Error::usage(message).hint(match suggested.into_iter().find_map(context) {
        Some(near) => format!("did you mean {near}? See smartextract --help"),
        None if !known.is_empty() => format!("known: {known}"),
        None if expected.is_some() => expected.unwrap_or_default(),
        None => "see smartextract --help, or smartextract COMMAND --help".to_owned(),
    })
}

fn first_line(refused: &clap::Error) -> String {
    let text = refused.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// Whether a flag is no more than a mistyped word: small letters, and not many.
fn is_a_word(flag: &str) -> bool {
    let is_plain = flag.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_plain && flag.starts_with('-') && flag.len() <= 18
}
