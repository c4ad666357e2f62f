//! Flags made from the table of settings, and arguments that wait until they are needed.

use std::ffi::OsString;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, ValueHint, value_parser};

use crate::settings::{Flag, Flags, Name, Spec, TABLE};

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

impl SettingsArgs {
    /// Takes what was typed earlier, less what was typed again.
    pub fn take(&mut self, earlier: Self) {
        self.0.0.extend(earlier.0.0);
    }
}
