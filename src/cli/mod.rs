//! The command line: what can be typed, and how it is read. Nothing is done here.

mod flags;
mod help;
mod refusal;

use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::error::ErrorKind;
use clap::{
    Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint,
};

pub use self::flags::{Deferred, FileArgs, SettingsArgs};
pub use self::help::examples;
pub use self::refusal::{presentation, usage_error};
use crate::console::{Color, Presentation, Verbosity};
use crate::emulator::Fault;
use crate::output::Format;
use crate::settings::{Name, TABLE};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Session tokens for SmartExtract, from a terminal, a shell script or a CI job
#[derive(Parser)]
#[command(
    name = "smartextract",
    version,
    max_term_width = 100,
    styles = STYLES,
    args_override_self = true,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    after_help = "Start with: smartextract config init; then smartextract token",
)]
pub struct Cli {
    #[command(subcommand)]
    pub task: Task,
    #[command(flatten)]
    talk: Talk,
    /// Flags of a command that were typed before its name.
    #[command(flatten)]
    early: TokenArgs,
}

/// What can be asked for.
#[derive(Subcommand)]
pub enum Task {
    /// Exchange a key and a secret for a session token and print it
    #[command(args_override_self = true)]
    Token(Deferred<TokenArgs>),
    /// Run a command with a fresh token in its environment
    #[command(
        args_override_self = true,
        override_usage = "smartextract exec [OPTIONS] -- COMMAND [ARG...]"
    )]
    Exec(Deferred<ExecArgs>),
    /// Show, find or begin the profile file and the settings
    #[command(subcommand)]
    Config(ConfigTask),
    /// Run a stand-in for the API on loopback, alone or around a command
    #[command(
        long_about = help::EMULATOR_ABOUT,
        args_override_self = true,
        override_usage = "smartextract emulator [OPTIONS] [-- COMMAND [ARG...]]",
    )]
    Emulator(Deferred<EmulatorArgs>),
    /// Print the completion script for a shell
    Completions { shell: Shell },
    /// Print the manual page, or write one page a command into a folder
    Man {
        /// The folder to write into; made where it is not there
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        folder: Option<PathBuf>,
    },
}

#[derive(Args, Default)]
pub struct TokenArgs {
    /// What to print [default: token]
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        help_heading = "Output",
        hide_possible_values = true
    )]
    #[arg(long_help = help::FORMATS)]
    pub format: Option<Format>,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

#[derive(Args)]
pub struct ExecArgs {
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// The command and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND", hide_short_help = true)]
    #[arg(long_help = "The command and its arguments")]
    #[arg(value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
}

#[derive(Subcommand)]
pub enum ConfigTask {
    /// Print where the profile file is looked for
    Path(FileArgs),
    /// Print every setting as it would be used, and where it comes from
    ///
    /// Never a secret, no more than the first characters of a key. Uses no network, and runs no
    /// command for a secret.
    #[command(args_override_self = true)]
    Show(Deferred<ShowArgs>),
    /// Make a first profile file
    ///
    /// On a terminal it asks for what goes in; elsewhere it writes a commented example. An
    /// existing file is never overwritten.
    Init(FileArgs),
}

#[derive(Args)]
pub struct ShowArgs {
    /// How to print it [default: table]
    #[arg(short, long, value_name = "FORMAT", help_heading = "Output")]
    pub format: Option<ShowFormat>,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

#[derive(Args)]
pub struct EmulatorArgs {
    /// The address to listen on, of loopback; port 0 is any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: std::net::SocketAddr,
    /// The key that is taken
    #[arg(long, value_name = "KEY", default_value = "emulator-key")]
    pub key: String,
    /// The secret that is taken with it
    #[arg(long, value_name = "SECRET", default_value = "emulator-secret")]
    pub secret: String,
    /// The key that is answered as disabled
    #[arg(long, value_name = "KEY", default_value = "disabled-key")]
    pub disabled_key: String,
    /// How long each token request waits for its answer
    #[arg(long, value_name = "SECONDS", default_value = "0")]
    pub delay: Delay,
    /// Fail the first N token requests with this status, or all: 503x2, 429
    #[arg(long, value_name = "STATUS[xN]")]
    pub fail: Option<Fault>,
    /// The command to run, and its arguments
    #[arg(last = true, value_name = "COMMAND", hide_short_help = true)]
    #[arg(long_help = "The command to run, and its arguments")]
    #[arg(value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
}

/// A wait of up to an hour, in seconds.
#[derive(Clone, Copy)]
pub struct Delay(pub std::time::Duration);

impl std::str::FromStr for Delay {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let seconds = text.parse().ok().filter(|seconds| (0.0..=3600.0).contains(seconds));
        let seconds = seconds.ok_or("expected seconds, from 0 to 3600")?;
        Ok(Self(std::time::Duration::from_secs_f64(seconds)))
    }
}

/// What `config show` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// Aligned columns
    Table,
    /// One line of JSON
    Json,
}

/// The shells that there are completions for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

/// How the program talks, whatever it does.
#[derive(Args)]
struct Talk {
    /// Tell on standard error what is used and what happens
    #[arg(short, long, global = true, help_heading = "Output")]
    verbose: bool,
    /// Tell only errors, no warnings
    #[arg(short, long, global = true, help_heading = "Output")]
    quiet: bool,
    /// When to use colours: auto, always, never
    #[arg(long, value_name = "WHEN", global = true, help_heading = "Output")]
    #[arg(hide_possible_values = true, hide_short_help = true, hide_default_value = true)]
    #[arg(long_help = "When to use colours: auto, always, never")]
    #[arg(default_value = "auto")]
    color: Color,
}

/// The whole command line, as clap knows it.
pub fn command() -> Command {
    let settings = TABLE.iter().filter_map(|spec| Some(spec.flag.as_ref()?.long));
    settings.chain(["format"]).fold(Cli::command(), |command, early| {
        command.mut_arg(early, |argument| argument.hide(true))
    })
}

/// The same with what only `--help` shows below the flags, which takes a while to put together.
fn with_long_help(command: Command) -> Command {
    let text = help::after_help(command.get_name());
    command.after_long_help(text).mut_subcommands(with_long_help)
}

/// Reads a command line.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    // Not dropped: to free all its parts one by one takes longer than the process has left.
    let mut command_line = ManuallyDrop::new(command());
    let matches = command_line.try_get_matches_from_mut(arguments).or_else(|refused| {
        if refused.kind() != ErrorKind::DisplayHelp {
            return Err(refused);
        }
        with_long_help(command()).try_get_matches_from(arguments)
    })?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    let early = std::mem::take(&mut cli.early);
    let has_early_format = early.format.is_some();
    let is_refused = match &mut cli.task {
        Task::Token(Deferred(args)) => {
            args.format = args.format.or(early.format);
            args.settings.take(early.settings);
            false
        }
        Task::Exec(Deferred(args)) => {
            args.settings.take(early.settings);
            has_early_format
        }
        Task::Config(ConfigTask::Show(Deferred(args))) => {
            args.settings.take(early.settings);
            let is_json = early.format == Some(Format::Json);
            args.format = args.format.or(is_json.then_some(ShowFormat::Json));
            has_early_format && !is_json
        }
        Task::Config(ConfigTask::Path(FileArgs(flags)) | ConfigTask::Init(FileArgs(flags))) => {
            let early = early.settings.0.0;
            let is_refused = early.iter().any(|(name, _)| *name != Name::Config);
            flags.0.extend(early);
            has_early_format || is_refused
        }
        _ => has_early_format || !early.settings.0.0.is_empty(),
    };
    if is_refused {
        let text = "a flag stands before the name of a command that does not take it";
        return Err(command().error(ErrorKind::ArgumentConflict, text));
    }
    Ok(cli)
}

impl Cli {
    pub fn presentation(&self) -> Presentation {
        let format = match &self.task {
            Task::Token(Deferred(args)) => args.format,
            Task::Config(ConfigTask::Show(Deferred(args))) => {
                args.format.filter(|format| *format == ShowFormat::Json).map(|_| Format::Json)
            }
            _ => None,
        };
        let verbosity = match (self.talk.quiet, self.talk.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        Presentation { format, verbosity, color: self.talk.color }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_no_fault_in_the_definitions() {
        command().debug_assert();
        with_long_help(command()).debug_assert();
    }
}
