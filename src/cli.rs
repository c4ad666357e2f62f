//! The command line: what can be typed, and its help. Nothing is done here.

use std::ffi::OsString;
use std::fmt::Write as _;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap::{ValueEnum, ValueHint, value_parser};

use crate::console::{Color, Presentation, Verbosity};
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
    after_help = "First token: smartextract token --key KEY --secret-file FILE",
    after_long_help = exit_codes(),
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
    #[command(args_override_self = true, after_long_help = token_help())]
    Token(TokenArgs),
}

#[derive(Args, Default)]
pub struct TokenArgs {
    /// What to print [default: token]
    #[arg(short, long, value_name = "FORMAT", help_heading = "Output")]
    pub format: Option<Format>,
    #[command(flatten)]
    pub settings: SettingsArgs,
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
    /// When to use colours
    #[arg(long, value_name = "WHEN", global = true, help_heading = "Output")]
    #[arg(default_value = "auto")]
    color: Color,
}

/// The flags that hold settings, made from the table of settings.
#[derive(Default)]
pub struct SettingsArgs(pub Flags);

impl Args for SettingsArgs {
    fn augment_args(command: Command) -> Command {
        command.args(TABLE.iter().filter_map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingsArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = TABLE.iter().filter_map(|spec| {
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

fn argument(spec: &Spec) -> Option<Arg> {
    let Flag { long, short, value, heading, help, more } = *spec.flag.as_ref()?;
    let mut long_help = format!("{help}.");
    if !more.is_empty() {
        write!(long_help, " {more}").expect("a string takes all");
    }
    if let Some(variable) = spec.variable {
        write!(long_help, " [variable: {variable}]").expect("a string takes all");
    }
    if let Some(key) = spec.profile_key {
        write!(long_help, " [profile: {key}]").expect("a string takes all");
    }
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
    // A key or a secret may begin with a hyphen, and a message about it must not repeat it.
    Some(argument.allow_hyphen_values(matches!(spec.name, Name::Key | Name::Secret)))
}

/// The whole command line, as clap knows it.
pub fn command() -> Command {
    let mut command = Cli::command();
    let early: Vec<_> = TokenArgs::augment_args(Command::new("early"))
        .get_arguments()
        .map(|argument| argument.get_id().clone())
        .collect();
    for id in early {
        command = command.mut_arg(id, |argument| argument.hide(true));
    }
    command
}

/// Reads a command line.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let mut cli = Cli::from_arg_matches(&command().try_get_matches_from(arguments)?)?;
    let early = std::mem::take(&mut cli.early);
    match &mut cli.task {
        Task::Token(args) => {
            args.format = args.format.or(early.format);
            args.settings.0.0.extend(early.settings.0.0);
        }
    }
    Ok(cli)
}

impl Cli {
    pub fn presentation(&self) -> Presentation {
        let format = match &self.task {
            Task::Token(args) => args.format,
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
        let rest = text.strip_prefix(long).or_else(|| {
            let flags = text.strip_prefix('-')?.trim_start_matches(['v', 'q', 'h', 'V']);
            flags.strip_prefix(short?)
        });
        match rest {
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
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            format!("unknown flag {}", argument.split('=').next().unwrap_or_default())
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
    Error::usage(message).hint(match suggested.into_iter().find_map(context) {
        Some(near) => format!("did you mean {near}? See smartextract --help"),
        None if !known.is_empty() => format!("known: {known}"),
        None => "see smartextract --help, or smartextract COMMAND --help".to_owned(),
    })
}

fn exit_codes() -> String {
    let mut text = "Exit codes:\n   0  it worked\n".to_owned();
    for code in Code::ALL {
        let (number, name, meaning) = (code.exit_code(), code.name(), code.meaning());
        writeln!(text, "  {number:>2}  {name:<20} {meaning}").expect("a string takes all");
    }
    text.push_str("1x: mend the credentials. 2x: mend the network. 3x: the server's side.");
    text
}

fn token_help() -> String {
    format!(
        "Examples:\n  \
         smartextract token --env staging\n  \
         token=$(smartextract token) || exit\n  \
         eval \"$(smartextract token --format env)\"\n  \
         smartextract token --format json | jq -r .iframe_url\n  \
         pass show smartextract | smartextract token --key KEY --secret-file -\n\n{}",
        exit_codes()
    )
}
