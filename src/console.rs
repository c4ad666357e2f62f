//! The terminal: prints everything but questions and the status line, and ends a run.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::panic;
use std::process::{self, ExitCode};

use anyhow::Context;
use clap::ColorChoice;
use clap::builder::styling::{AnsiColor, Style};

use crate::error::{Code, Error};
use crate::signals;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verbosity {
    Quiet,
    #[default]
    Normal,
    Verbose,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct OutputOptions {
    pub json_errors: bool,
    /// What a failed run prints for an exit code: without it, `eval` would succeed.
    pub failure_statement: Option<fn(u8) -> String>,
    pub verbosity: Verbosity,
    pub color: ColorChoice,
}

pub struct Console {
    options: OutputOptions,
    /// Warnings held back until the end, because a JSON error must be the only line.
    held: RefCell<Vec<String>>,
}

impl Console {
    /// Also sets for this process when to use colors; help and version follow that, too.
    pub fn new(options: OutputOptions) -> Self {
        match options.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
        .write_global();
        Self { options, held: RefCell::new(Vec::new()) }
    }

    pub fn info(&self, text: impl FnOnce() -> String) {
        if self.options.verbosity == Verbosity::Verbose {
            Self::print_labelled("info:", AnsiColor::Blue, &text());
        }
    }

    pub fn warn(&self, text: String) {
        match self.options.verbosity {
            Verbosity::Quiet => {}
            _ if self.options.json_errors => self.held.borrow_mut().push(text),
            _ => Self::print_labelled("warning:", AnsiColor::Yellow, &text),
        }
    }

    pub fn notice(&self, text: &str) {
        if self.options.verbosity != Verbosity::Quiet {
            Self::log(text);
        }
    }

    /// Writes a line without a label in one write, so that no other process writes into it.
    pub fn log(text: &str) {
        let _ = io::stderr().lock().write_all(format!("{}\n", printable(text)).as_bytes());
    }

    pub const fn is_verbose(&self) -> bool {
        matches!(self.options.verbosity, Verbosity::Verbose)
    }

    /// Whether a status line can be shown: not with `-v`, `-q` or JSON errors, only on a terminal.
    pub fn has_status_line(&self) -> bool {
        let is_normal = self.options.verbosity == Verbosity::Normal && !self.options.json_errors;
        is_normal && io::stderr().is_terminal()
    }

    pub fn print(text: impl AsRef<[u8]>) -> Result<(), Error> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text.as_ref()).and_then(|()| stdout.flush());
        Ok(written.context("standard output can't be written")?)
    }

    pub fn print_help(&self, help: &clap::Error) -> ExitCode {
        let code = if help.use_stderr() { Code::Usage.exit_code() } else { 0 };
        let printed = help.print().context("standard output can't be written");
        self.finish(printed.map(|()| code).map_err(Error::from))
    }

    pub fn finish(&self, outcome: Result<u8, Error>) -> ExitCode {
        match outcome {
            Ok(code) => {
                for warning in self.held.take() {
                    Self::print_labelled("warning:", AnsiColor::Yellow, &warning);
                }
                ExitCode::from(code)
            }
            Err(error) => ExitCode::from(self.fail(&error)),
        }
    }

    pub fn report(&self, error: &Error) {
        if self.options.json_errors {
            let _ = writeln!(io::stderr().lock(), "{}", error.json(&self.held.take()));
        } else {
            for (label, text) in error.lines() {
                Self::print_labelled(label, AnsiColor::Red, &text);
            }
        }
    }

    fn fail(&self, error: &Error) -> u8 {
        self.report(error);
        let code = error.code().exit_code();
        if let Some(statement) = self.options.failure_statement {
            // If this can't be written, nothing evaluates it.
            let _ = Self::print(statement(code));
        }
        code
    }

    /// Turns a panic into an internal error, without its message, which may contain anything.
    pub fn report_panics(&self) {
        let options = self.options;
        panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
            let error = Error::new(Code::Internal, format!("a bug in smartextract{place}"))
                .hint("report it with the command line, but without key and secret");
            process::exit(i32::from(Self::new(options).fail(&error)));
        }));
    }

    /// After a signal, prints the statement that makes an `eval` fail. Also lets a signal end process
    /// 1 of a container.
    pub fn report_signals(&self) {
        let statement = self.options.failure_statement;
        if statement.is_some() || process::id() == 1 {
            // If there can be no handler, the signal ends this process as usual.
            let _ = signals::at_end(move |code| {
                if let (Some(statement), Ok(code)) = (statement, u8::try_from(code)) {
                    let _ = Self::print(statement(code));
                }
            });
        }
    }

    fn print_labelled(label: &str, color: AnsiColor, text: &str) {
        let style = Style::new().bold().fg_color(Some(color.into()));
        let text = printable(text);
        let line = match label {
            "" => format!("{text}\n"),
            _ => format!("{style}{label}{style:#} {text}\n"),
        };
        let _ = anstream::stderr().lock().write_all(line.as_bytes());
    }
}

/// Escapes control characters, because names in the text could otherwise control the terminal.
pub fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_unicode().to_string() } else { c.into() };
    text.chars().map(shown).collect()
}
