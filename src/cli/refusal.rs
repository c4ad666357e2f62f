//! Invalid command lines: clap's errors without any value, because each may be a secret.

use std::error::Error as _;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ColorChoice, ValueEnum};

use crate::console::OutputOptions;
use crate::error::Error;
use crate::output::Format;

/// How to report an error in these arguments, which clap rejected.
pub fn output_options(arguments: &[OsString]) -> OutputOptions {
    let mentioned: Vec<Format> = arguments.iter().skip(1).filter_map(mentioned_format).collect();
    // If a format for `eval` appears anywhere, its statement is printed: a needless statement does
    // no harm, but without one the `eval` would succeed.
    let statement = mentioned.iter().rev().find_map(|format| format.failure_statement());
    OutputOptions {
        json_errors: mentioned.contains(&Format::Json),
        failure_statement: statement,
        color: color(arguments),
        ..OutputOptions::default()
    }
}

/// The value of `--color`.
fn color(arguments: &[OsString]) -> ColorChoice {
    let texts: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    for (index, text) in texts.iter().enumerate() {
        let value = match text.strip_prefix("--color=") {
            Some(value) => value,
            None if *text == "--color" => texts.get(index + 1).copied().unwrap_or_default(),
            None => continue,
        };
        return ColorChoice::from_str(value, true).unwrap_or_default();
    }
    ColorChoice::Auto
}

/// The format that an argument names: on its own, or after `--format=` or `-f`.
fn mentioned_format(argument: &OsString) -> Option<Format> {
    let text = argument.to_str()?;
    let value = match text.strip_prefix('-') {
        Some(flags) if !flags.starts_with('-') => flags.split_once('f')?.1,
        _ => text.rsplit('=').next()?,
    };
    Format::from_str(value.trim_start_matches('=').trim(), true).ok()
}

/// Converts clap's error, without any value.
pub fn usage_error(refused: &clap::Error) -> Error {
    let argument = context(refused, ContextKind::InvalidArg).unwrap_or_default();
    let flag = argument.split('=').next().unwrap_or_default();
    let message = match refused.kind() {
        ErrorKind::UnknownArgument if !flag.starts_with('-') && needs_dashes(refused) => {
            "unexpected argument: -- is missing before COMMAND".to_owned()
        }
        ErrorKind::UnknownArgument if is_plain_flag(flag) => format!("unexpected flag {flag}"),
        ErrorKind::UnknownArgument if flag.starts_with('-') => {
            "unexpected flag (hidden, it may contain a secret)".to_owned()
        }
        ErrorKind::UnknownArgument => "unexpected argument (hidden, it may be a secret)".to_owned(),
        ErrorKind::InvalidSubcommand => "unknown command".to_owned(),
        ErrorKind::InvalidValue if context(refused, ContextKind::InvalidValue) == Some("") => {
            format!("a value is missing for {argument}")
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("invalid value for {argument}")
        }
        ErrorKind::MissingRequiredArgument => format!("{argument} is missing"),
        kind => kind.as_str().unwrap_or("the command line can't be read").to_owned(),
    };
    Error::usage(message).hint(hint(refused, flag))
}

fn hint(refused: &clap::Error, flag: &str) -> String {
    let suggested =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    if let Some(closest) = suggested.into_iter().find_map(|kind| context(refused, kind)) {
        return format!("did you mean {closest}?");
    }
    if let Some(ContextValue::Strings(known)) = refused.get(ContextKind::ValidValue) {
        if !known.is_empty() {
            return format!("use one of: {}", known.join(", "));
        }
    }
    if let Some(expected) = refused.source() {
        return expected.to_string();
    }
    if let Some(name) = flag.strip_prefix("--") {
        if super::setting_names().contains(&name.replace('-', "_")) {
            return format!("write flags after the command: smartextract token {flag} …");
        }
    }
    "run smartextract --help, or smartextract COMMAND --help".to_owned()
}

fn context(refused: &clap::Error, kind: ContextKind) -> Option<&str> {
    match refused.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    }
}

/// Whether the command runs another one, which must follow `--`.
fn needs_dashes(refused: &clap::Error) -> bool {
    let usage = refused.get(ContextKind::Usage);
    usage.is_some_and(|usage| usage.to_string().contains("-- COMMAND"))
}

/// Whether a flag is safe to show: a few lower-case letters, so at most a mistyped flag.
fn is_plain_flag(flag: &str) -> bool {
    let is_plain = flag.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_plain && flag.starts_with('-') && flag.len() <= 18
}
