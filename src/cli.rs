//! The command line: its definition with the help texts, and its parser.

#![allow(clippy::doc_markdown, reason = "the doc comments are the help, which shows backticks")]

mod help;
mod output_options;
mod settings;
mod usage_error;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};

pub use self::help::{examples, exit_codes, has_exit_codes};
pub use self::output_options::of_refused as output_options_of_refused;
pub use self::settings::{FileArgs, SettingsArgs, setting_names};
use crate::emulator::Fault;
use crate::error::Error;
use crate::output::Format;

/// Session tokens for SmartExtract, from a terminal, a shell script or a CI job
#[derive(Parser)]
#[command(
    name = "smartextract",
    bin_name = "smartextract",
    version,
    max_term_width = 100,
    args_override_self = true,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = "Start with: smartextract config init; then smartextract token"
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    output: output_options::OutputArgs,
}

#[derive(Subcommand)]
pub enum Command {
    /// Exchange a key and a secret for a session token and print it
    Token(TokenArgs),
    /// Check that key and secret work, without printing the token
    ///
    /// Makes the same exchange as `token`, with the same exit codes. Each check opens a session,
    /// because the API offers no other way to ask.
    Check(ReportArgs),
    /// Run a command with a fresh token in its environment
    ///
    /// COMMAND gets SMARTEXTRACT_TOKEN and SMARTEXTRACT_IFRAME_URL, and neither key nor secret. The
    /// token is not renewed while COMMAND runs.
    #[command(override_usage = "smartextract exec [OPTIONS] -- COMMAND [ARG...]")]
    Exec(ExecArgs),
    /// Show settings and manage the profile file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Run a local stand-in for the API, on its own or around a command
    #[command(
        long_about = help::EMULATOR,
        override_usage = "smartextract emulator [OPTIONS] [-- COMMAND [ARG...]]",
    )]
    Emulator(EmulatorArgs),
    /// Print the completion script for a shell
    Completions {
        /// Shell to print the script for
        shell: Shell,
    },
    /// Print the manual page, or write one page per command into a directory
    Man {
        /// Directory to write to, created if it does not exist
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
}

#[derive(Args)]
pub struct TokenArgs {
    /// Output format
    #[arg(short, long, value_name = "FORMAT", help_heading = "Output", default_value = "token")]
    pub format: Format,
    /// Write to this file instead of standard output
    ///
    /// The whole file is replaced, so use a name that nothing else uses. It gets mode 0600, and is
    /// left unchanged if anything fails. A pipe or a device is written to directly. Use - for
    /// standard output.
    #[arg(short, long, value_name = "PATH", help_heading = "Output", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// The arguments of `check` and `config show`.
#[derive(Args)]
pub struct ReportArgs {
    /// Output format
    #[arg(short, long, value_name = "FORMAT", help_heading = "Output", default_value = "text")]
    pub format: ReportFormat,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

#[derive(Args)]
pub struct ExecArgs {
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Command to run, and its arguments: everything after --
    #[arg(required = true, last = true, value_name = "COMMAND", hide_short_help = true)]
    #[arg(value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one per run")]
pub enum ConfigCommand {
    /// Print the profile file's path
    Path(FileArgs),
    /// Print every setting with its origin
    ///
    /// Shows no secret and only the first characters of a key. Uses neither the network nor
    /// `secret_command`.
    Show(ReportArgs),
    /// Create a profile file, or add a profile to it
    ///
    /// On a terminal it asks for environment, key and secret, and offers to check them. Otherwise
    /// it writes a profile with its settings commented out. An existing profile is never overwritten.
    Init(InitArgs),
}

#[derive(Args)]
pub struct InitArgs {
    /// Name of the profile to create [default: default]
    #[arg(short, long, value_name = "NAME")]
    pub profile: Option<OsString>,
    #[command(flatten)]
    pub file: FileArgs,
}

#[derive(Args)]
pub struct EmulatorArgs {
    /// Address to listen on: PORT or HOST:PORT; port 0 is any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = address)]
    pub listen: String,
    /// Key to accept
    #[arg(long, value_name = "KEY", default_value = "emulator-key")]
    pub key: String,
    /// Secret to accept with it
    #[arg(long, value_name = "SECRET", default_value = "emulator-secret")]
    pub secret: String,
    /// Key to report as disabled
    #[arg(long, value_name = "KEY", default_value = "disabled-key")]
    pub disabled_key: String,
    /// Delay before each response to a token request
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = delay)]
    #[arg(allow_negative_numbers = true)]
    pub delay: Duration,
    /// Fail the first N token requests, or all, with this status: 503x2, 429
    #[arg(long, value_name = "STATUS[xN]")]
    pub fail: Option<Fault>,
    /// Command to run, and its arguments: everything after --
    #[arg(last = true, value_name = "COMMAND", hide_short_help = true)]
    #[arg(value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
}

/// Parses PORT or HOST:PORT. Without a host it is loopback.
fn address(text: &str) -> Result<String, &'static str> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("localhost", text));
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err("expected PORT or HOST:PORT, such as 8080, localhost:8080 or 0.0.0.0:8080");
    }
    // The name may stand for ::1 alone, which clients of 127.0.0.1 don't reach.
    let host = if host == "localhost" { "127.0.0.1" } else { host };
    Ok(format!("{host}:{port}"))
}

/// A delay of up to an hour, in seconds.
fn delay(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or("expected seconds, from 0 to 3600")
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum ReportFormat {
    /// Text for people
    #[value(alias = "table")]
    Text,
    /// One line of JSON
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

/// The result of parsing a command line.
pub enum Parsed {
    Run(Box<Cli>),
    /// Help or version to print: a success, unless the command is missing.
    Help(clap::Error),
}

/// The definition of the command line with all of its help.
pub fn command() -> clap::Command {
    help::complete(Cli::command())
}

/// Parses a command line.
///
/// # Errors
/// `usage`, without any value of the command line, because each may be a secret.
pub fn parse(arguments: &[OsString]) -> Result<Parsed, Error> {
    let refused = match Cli::try_parse_from(arguments) {
        Ok(cli) => return Ok(Parsed::Run(Box::new(cli))),
        Err(refused) => refused,
    };
    match refused.kind() {
        ErrorKind::DisplayVersion => Ok(Parsed::Help(refused)),
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Only now, because completing the definitions would double the time of each start.
            let help = command().try_get_matches_from(arguments).err();
            Ok(Parsed::Help(help.unwrap_or(refused)))
        }
        _ => Err(usage_error::usage_error(&refused, arguments)),
    }
}
