//! `completions`: scripts that ask this program what can be typed, and the answers to them.
//!
//! The scripts and the engine are `clap_complete`'s. A script sets [`VARIABLE`] and hands over
//! the words typed so far; the answers know formats, environments, and the profiles and
//! environments of the user's own file.

use std::env;
use std::ffi::OsString;

use clap::Command;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, EnvCompleter, Shells};

use crate::cli::{self, Shell};
use crate::console::Console;
use crate::error::{Code, Error};
use crate::settings::{self, Flags, Name, Sources};

/// Set by the completion scripts, and by nobody else.
const VARIABLE: &str = "SMARTEXTRACT_COMPLETE";

pub fn run(shell: Shell) -> Result<u8, Error> {
    let mut script = Vec::new();
    let program = "smartextract";
    completer(shell)
        .write_registration(VARIABLE, program, program, program, &mut script)
        .expect("a buffer takes all");
    Console::print(script)?;
    Ok(0)
}

fn completer(shell: Shell) -> &'static dyn EnvCompleter {
    use clap_complete::env::{Bash, Elvish, Fish, Powershell, Zsh};
    match shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Powershell => &Powershell,
        Shell::Elvish => &Elvish,
    }
}

/// Answers a completion script, if one asks; tells whether it did.
pub fn answer(arguments: &[OsString]) -> Result<bool, Error> {
    CompleteEnv::with_factory(|| {
        let mut command = cli::command();
        command.build();
        with_candidates(command)
    })
    .var(VARIABLE)
    .shells(Shells::builtins())
    .try_complete(arguments, env::current_dir().ok().as_deref())
    .map_err(|error| Error::new(Code::Usage, "no completions").because(error.to_string()))
}

fn with_candidates(command: Command) -> Command {
    command
        .mut_args(|argument| match argument.get_id().as_str() {
            "profile" => argument.add(ArgValueCandidates::new(|| names(Name::Profile))),
            "env" => argument.add(ArgValueCandidates::new(|| names(Name::Env))),
            _ => argument,
        })
        .mut_subcommands(with_candidates)
}

fn names(of: Name) -> Vec<CompletionCandidate> {
    let flags = Flags::default();
    let names = settings::known_names(&Sources::of_process(&flags), of);
    // A shell script puts them into a command line as they are: only what needs no quoting.
    let is_plain = |name: &String| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    names.into_iter().filter(is_plain).map(CompletionCandidate::new).collect()
}
