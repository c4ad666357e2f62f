//! How to print results and errors, from a command line that clap accepted or refused.

use std::ffi::OsString;
use std::path::Path;

use clap::{Args, ColorChoice, ValueEnum};

use super::{Cli, Command, ConfigCommand, ReportFormat};
use crate::console::{OutputOptions, Verbosity};
use crate::output::Format;

/// The flags that can be placed anywhere.
#[derive(Args)]
pub struct OutputArgs {
    /// Print settings and progress to standard error
    #[arg(short, long, global = true, help_heading = "Output")]
    verbose: bool,
    /// Print only errors
    #[arg(short, long, global = true, help_heading = "Output")]
    quiet: bool,
    /// When to use colors
    ///
    /// auto uses them on a terminal, unless NO_COLOR is set.
    #[arg(long, value_name = "WHEN", global = true, help_heading = "Output")]
    #[arg(hide_short_help = true, default_value = "auto")]
    color: ColorChoice,
}

impl Cli {
    pub fn output_options(&self) -> OutputOptions {
        let (json_errors, failure_statement) = match &self.command {
            Command::Token(args) => (args.format == Format::Json, args.format.failure_statement()),
            Command::Check(args) | Command::Config(ConfigCommand::Show(args)) => {
                (args.format == ReportFormat::Json, None)
            }
            Command::Exec(args) => (false, failure_statement_of(&args.command)),
            Command::Emulator(args) => (false, failure_statement_of(&args.command)),
            _ => (false, None),
        };
        let verbosity = match self.output {
            OutputArgs { quiet: true, .. } => Verbosity::Quiet,
            OutputArgs { verbose: true, .. } => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        OutputOptions { json_errors, failure_statement, verbosity, color: self.output.color }
    }
}

/// The statement for a COMMAND that does not start, if it is this program with a format for `eval`.
fn failure_statement_of(command: &[OsString]) -> Option<fn(u8) -> String> {
    match Path::new(command.first()?).file_stem() {
        Some(program) if program == "smartextract" => of_refused(command).failure_statement,
        _ => None,
    }
}

/// How to report an error in these arguments, which clap rejected.
pub fn of_refused(arguments: &[OsString]) -> OutputOptions {
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
    let mut texts = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(text) = texts.next() {
        let value = match text.split_once('=') {
            Some(("--color", value)) => value,
            None if text == "--color" => texts.next().unwrap_or_default(),
            _ => continue,
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
