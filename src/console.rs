//! The terminal: the one place that writes to standard output and standard error, and that
//! turns an outcome into an exit code.

use std::cell::RefCell;
use std::io::{self, Write};
use std::panic;
use std::process::{self, ExitCode};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use clap::error::ErrorKind;

use crate::error::{Code, Error};
use crate::output::Format;

const RED: &str = "31";
const YELLOW: &str = "33";
const BLUE: &str = "34";

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// How much is told on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// Errors.
    Quiet,
    /// And warnings.
    #[default]
    Normal,
    /// And what is used, and what happens.
    Verbose,
}

/// What a command line says of how to talk to its user.
#[derive(Clone, Copy, Debug, Default)]
pub struct Presentation {
    pub format: Option<Format>,
    pub verbosity: Verbosity,
    pub color: Color,
}

/// Standard output and standard error.
pub struct Console {
    presentation: Presentation,
    /// Warnings that wait for the end, where an error must be the only line.
    held: RefCell<Vec<String>>,
}

impl Console {
    pub const fn new(presentation: Presentation) -> Self {
        Self { presentation, held: RefCell::new(Vec::new()) }
    }

    /// Tells what is used or what happens, where that was asked for.
    pub fn info(&self, text: impl FnOnce() -> String) {
        if self.presentation.verbosity == Verbosity::Verbose {
            self.say("info:", BLUE, &text());
        }
    }

    pub fn verbosity(&self) -> Verbosity {
        self.presentation.verbosity
    }

    /// Writes a line that is neither warning nor error to standard error, from any thread.
    pub fn log(text: &str) {
        let _ = io::stderr().lock().write_all(format!("{}\n", printable(text)).as_bytes());
    }

    pub fn warn(&self, text: String) {
        match self.presentation.verbosity {
            Verbosity::Quiet => {}
            _ if self.is_json() => self.held.borrow_mut().push(text),
            _ => self.say("warning:", YELLOW, &text),
        }
    }

    /// Writes the result to standard output, whole and at once.
    pub fn print(text: impl AsRef<[u8]>) -> Result<(), Error> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text.as_ref()).and_then(|()| stdout.flush());
        written.map_err(|error| {
            Error::new(Code::Internal, "standard output can't be written").cause(error)
        })
    }

    /// The exit code of a run, after its error, if it is one, has been told.
    pub fn finish(&self, outcome: Result<u8, Error>) -> ExitCode {
        match outcome {
            Ok(code) => {
                for warning in self.held.take() {
                    self.say("warning:", YELLOW, &warning);
                }
                ExitCode::from(code)
            }
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&self, error: &Error) -> ExitCode {
        if self.is_json() {
            self.say("", "", &error.json(&self.held.take()));
        } else {
            for (label, text) in error.lines() {
                self.say(label, RED, &text);
            }
        }
        let code = error.code().exit_code();
        if let Some(statement) = self.presentation.format.and_then(|format| format.failure(code)) {
            // Where not even this can be written, nobody reads it.
            let _ = Self::print(&statement);
        }
        ExitCode::from(code)
    }

    /// Ends a run whose arguments clap did not take, or that asks for help or the version.
    pub fn refuse(&self, refused: &clap::Error) -> ExitCode {
        let text = refused.render();
        if !refused.use_stderr() {
            let colors = self.has_colors(&io::stdout());
            let text = if colors { text.ansi().to_string() } else { text.to_string() };
            return self.finish(Self::print(&text).map(|()| 0));
        }
        if refused.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            let _ = io::stderr().lock().write_all(text.to_string().as_bytes());
            return ExitCode::from(Code::Usage.exit_code());
        }
        self.fail(&crate::cli::usage_error(refused))
    }

    /// A panic becomes an internal error: without its message, which may hold anything.
    pub fn report_panics(&self) {
        let presentation = self.presentation;
        panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
            let error = Error::new(Code::Internal, format!("a bug in smartextract{place}"))
                .hint("report it, with the command line but without key and secret");
            let _ = Self::new(presentation).fail(&error);
            process::exit(i32::from(Code::Internal.exit_code()));
        }));
    }

    fn is_json(&self) -> bool {
        self.presentation.format == Some(Format::Json)
    }

    fn has_colors(&self, stream: &impl RawStream) -> bool {
        match self.presentation.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => AutoStream::choice(stream) != ColorChoice::Never,
        }
    }

    /// Writes a line to standard error; where that is closed there is nobody to tell.
    fn say(&self, label: &str, color: &str, text: &str) {
        let label = match label {
            "" => String::new(),
            _ if self.has_colors(&io::stderr()) => format!("\u{1b}[1;{color}m{label}\u{1b}[0m "),
            _ => format!("{label} "),
        };
        let line = format!("{label}{}\n", printable(text));
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}

/// A text that may hold any name, with what a terminal could obey shown escaped.
pub fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if c.is_control() {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
        shown
    })
}
