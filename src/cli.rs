//! The command line: what can be typed, and its help. Nothing is done here.

use std::error::Error as _;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap::{ValueEnum, ValueHint, value_parser};

use crate::console::{Color, Presentation, Verbosity};
#[cfg(feature = "emulator")]
use crate::emulator::Fault;
use crate::error::{Code, Error};
use crate::output::Format;
use crate::settings::{Flag, Flags, Name, Spec, TABLE};

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
    #[cfg(feature = "emulator")]
    #[command(
        long_about = EMULATOR_ABOUT,
        args_override_self = true,
        override_usage = "smartextract emulator [OPTIONS] [-- COMMAND [ARG...]]",
    )]
    Emulator(Deferred<EmulatorArgs>),
    /// Print the completion script for a shell
    Completions { shell: Shell },
    /// Print the manual page, or write one page a command into a folder
    Man {
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
    #[arg(long_help = FORMATS)]
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

#[cfg(feature = "emulator")]
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
    #[arg(value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
}

/// A wait of up to an hour, in seconds.
#[cfg(feature = "emulator")]
#[derive(Clone, Copy)]
pub struct Delay(pub std::time::Duration);

#[cfg(feature = "emulator")]
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

/// A command line worth knowing, and what it is for.
pub type Example = (&'static str, &'static str);

const FORMATS: &str = "\
What to print [default: token]:
- token          the token
- json           one line of JSON: token, iframe URL and environment
- url            the iframe URL
- iframe         an HTML iframe element
- env            for eval in sh, bash and zsh
- fish           for eval or source in fish
- powershell     for Invoke-Expression in PowerShell
- dotenv         for --env-file and dotenv readers
- github-env     GitHub Actions: masks both values and sets them for the job's later steps
- github-output  GitHub Actions: masks both values and makes them the step's outputs";

const START: [Example; 3] = [
    ("smartextract config init", "make a profile file"),
    ("smartextract token", "print a token"),
    ("smartextract exec -- npm run e2e", "run a command that has a token"),
];

const TOKEN: [Example; 6] = [
    ("smartextract token --env staging", "print a token of the staging environment"),
    ("token=$(smartextract token) || exit", "keep it in a script, which ends where that fails"),
    ("eval \"$(smartextract token --format env)\"", "set variables; a failure shows in $?"),
    ("smartextract token --format json | jq -r .iframe_url", "take one value"),
    ("pass show x | smartextract token --key KEY --secret-file -", "from a password manager"),
    ("smartextract token -v", "see which settings are used, and what happens"),
];

const EXEC: [Example; 2] = [
    ("smartextract exec -- npm run e2e", "a test run that has SMARTEXTRACT_TOKEN"),
    ("smartextract exec -e stg -- sh -c 'curl \"$SMARTEXTRACT_IFRAME_URL\"'", "a shell line"),
];

#[cfg(feature = "emulator")]
const EMULATOR_ABOUT: &str = "\
Run a stand-in for the API on loopback, alone or around a command

Speaks the API at both environments' paths, and serves a page in place of the component that says \
whether the token in its URL was issued. COMMAND finds it through SMARTEXTRACT_TOKEN_URL, \
SMARTEXTRACT_IFRAME_TEMPLATE, SMARTEXTRACT_KEY and SMARTEXTRACT_SECRET, with this program first on \
PATH. Alone, the base URL is the first line on standard output, and Ctrl-C or SIGTERM ends it.";

#[cfg(feature = "emulator")]
const EMULATOR: [Example; 4] = [
    ("smartextract emulator -- smartextract token", "a token without an account"),
    ("smartextract emulator -- npm test", "a test suite that asks for tokens"),
    ("smartextract emulator --fail 503x2 -- smartextract token -v", "see retries at work"),
    ("smartextract emulator --listen 127.0.0.1:8080", "alone, at a known address"),
];

const CONFIG: [Example; 3] = [
    ("smartextract config init", "make a first profile file"),
    ("smartextract config show", "which key is used, and why"),
    ("${EDITOR:-vi} \"$(smartextract config path)\"", "change it"),
];

const COMPLETIONS: [Example; 3] = [
    (
        "smartextract completions bash > ~/.local/share/bash-completion/completions/smartextract",
        "bash, once",
    ),
    ("smartextract completions zsh > \"${fpath[1]}/_smartextract\"", "zsh, once"),
    ("smartextract completions fish > ~/.config/fish/completions/smartextract.fish", "fish, once"),
];

/// The examples of a command, by its name; the program's own where there is no such command.
pub fn examples(command: &str) -> &'static [Example] {
    match command {
        "token" => &TOKEN,
        "exec" => &EXEC,
        #[cfg(feature = "emulator")]
        "emulator" => &EMULATOR,
        "config" => &CONFIG,
        "completions" => &COMPLETIONS,
        "smartextract" => &START,
        _ => &[],
    }
}

/// How the program talks, whatever it does.
#[derive(Args)]
struct Talk {
    /// Tell on standard error what is used and what happens
    #[arg(short, long, global = true, help_heading = "Output")]
    verbose: bool,
    /// Tell only errors, no warnings
    #[arg(short, long, global = true, help_heading = "Output", overrides_with = "verbose")]
    quiet: bool,
    /// When to use colours: auto, always, never
    #[arg(long, value_name = "WHEN", global = true, help_heading = "Output")]
    #[arg(hide_possible_values = true, hide_short_help = true, hide_default_value = true)]
    #[arg(default_value = "auto")]
    color: Color,
}

/// A command's arguments, told to clap only where the command was typed: to tell clap of all of
/// them takes longer than to read them.
pub struct Deferred<T>(pub T);

impl<T: Args> Args for Deferred<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(T::augment_args)
    }

    fn augment_args_for_update(command: Command) -> Command {
        command.defer(T::augment_args_for_update)
    }
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// The flags that hold settings, made from the table of settings.
#[derive(Default)]
pub struct SettingsArgs(pub Flags);

/// The one flag that says where the profile file is.
#[derive(Default)]
pub struct FileArgs(pub Flags);

macro_rules! made_from_table {
    ($($name:ident: $specs:expr),*) => {$(
        impl Args for $name {
            fn augment_args(command: Command) -> Command {
                command.args($specs.iter().filter_map(argument))
            }

            fn augment_args_for_update(command: Command) -> Command {
                Self::augment_args(command)
            }
        }

        impl FromArgMatches for $name {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                let typed = $specs.iter().filter_map(|spec| {
                    let value: &OsString = matches.get_one(spec.flag.as_ref()?.long)?;
                    Some((spec.name, value.clone()))
                });
                Ok(Self(Flags(typed.collect())))
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                *self = Self::from_arg_matches(matches)?;
                Ok(())
            }
        }
    )*};
}
made_from_table!(SettingsArgs: TABLE, FileArgs: std::slice::from_ref(Name::Config.spec()));

fn argument(spec: &Spec) -> Option<Arg> {
    let Flag { long, short, value, heading, help, long_help, rare } = *spec.flag.as_ref()?;
    let hint = match spec.name {
        Name::Config | Name::SecretFile | Name::CaFile => ValueHint::FilePath,
        Name::TokenUrl | Name::Proxy => ValueHint::Url,
        _ => ValueHint::Other,
    };
    let argument = Arg::new(long)
        .long(long)
        .short(short)
        .value_name(value)
        .value_parser(value_parser!(OsString))
        .value_hint(hint)
        .help_heading(heading)
        .help(help)
        .long_help(long_help);
    Some(
        argument
            // -h fits a screen; what is seldom typed is left to --help.
            .hide_short_help(rare)
            // A key or a secret may begin with a hyphen, and a message must not repeat it.
            .allow_hyphen_values(matches!(spec.name, Name::Key | Name::Secret)),
    )
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
    let text = after_help(command.get_name());
    command.after_long_help(text).mut_subcommands(with_long_help)
}

/// Reads a command line.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches_from(arguments).or_else(|refused| {
        if refused.kind() != ErrorKind::DisplayHelp {
            return Err(refused);
        }
        with_long_help(command()).try_get_matches_from(arguments)
    })?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    let early = std::mem::take(&mut cli.early);
    let left = match &mut cli.task {
        Task::Token(Deferred(args)) => {
            args.format = args.format.or(early.format);
            args.settings.take(early.settings);
            None
        }
        Task::Exec(Deferred(args)) => {
            args.settings.take(early.settings);
            early.format
        }
        Task::Config(ConfigTask::Show(Deferred(args))) => {
            args.settings.take(early.settings);
            let is_json = early.format == Some(Format::Json);
            args.format = args.format.or(is_json.then_some(ShowFormat::Json));
            early.format.filter(|_| !is_json)
        }
        Task::Config(ConfigTask::Path(FileArgs(flags)) | ConfigTask::Init(FileArgs(flags))) => {
            flags.0.extend(early.settings.0.0);
            early.format
        }
        _ if early.settings.0.0.is_empty() => early.format,
        _ => Some(Format::Token),
    };
    if left.is_some() {
        return Err(command().error(ErrorKind::ArgumentConflict, "a flag of another command"));
    }
    Ok(cli)
}

impl SettingsArgs {
    /// Takes what was typed earlier, less what was typed again.
    fn take(&mut self, earlier: Self) {
        self.0.0.extend(earlier.0.0);
    }
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

/// Whether a flag is no more than a mistyped word: small letters, and not many.
fn is_a_word(flag: &str) -> bool {
    let is_plain = flag.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_plain && flag.starts_with('-') && flag.len() <= 18
}

/// What stands below the flags in a command's long help.
fn after_help(command: &str) -> String {
    let mut text = String::new();
    for (index, (line, what)) in examples(command).iter().enumerate() {
        let heading = if index == 0 { "Examples:" } else { "" };
        write!(text, "{heading}\n  {line}\n      {what}").expect("a string takes all");
    }
    if ["smartextract", "token", "exec"].contains(&command) {
        text.push_str("\n\nExit codes:\n    0  it worked");
        for code in Code::ALL {
            let (number, name, meaning) = (code.exit_code(), code.name(), code.meaning());
            write!(text, "\n  {number:>3}  {name:<20} {meaning}").expect("a string takes all");
        }
        text.push_str("\n1x: mend the credentials. 2x: mend the network. 3x: the server's side.");
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::builder::PossibleValue;

    use super::*;

    #[test]
    fn the_help_of_format_lists_every_format() {
        let listed: Vec<&str> = FORMATS
            .lines()
            .filter_map(|line| line.strip_prefix("- ")?.split_whitespace().next())
            .collect();
        let known: Vec<_> =
            Format::value_variants().iter().map(ValueEnum::to_possible_value).collect();
        let known: Vec<&str> = known.iter().flatten().map(PossibleValue::get_name).collect();
        assert_eq!(listed, known);
    }

    #[test]
    fn clap_finds_no_fault_in_the_definitions() {
        command().debug_assert();
        with_long_help(command()).debug_assert();
    }
}
