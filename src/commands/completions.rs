//! `completions`: scripts that ask this program for candidates, and the candidates.
//!
//! `clap_complete` provides both. A script sets [`VARIABLE`] and passes the words typed so far; the
//! candidates include the profiles and environments of the user's own file.

use std::env;
use std::ffi::OsString;

use clap::{Command, ValueEnum, ValueHint};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};

use crate::cli::{self, Shell};
use crate::console::Console;
use crate::error::{Code, Error};
use crate::settings::{BUILT_IN_NAMES, Flags, ProfileFile, Sources};

/// Set by the completion scripts.
const VARIABLE: &str = "SMARTEXTRACT_COMPLETE";

/// Prints the script for a shell.
///
/// # Errors
/// `internal` if it could not be written.
pub fn run(shell: Shell) -> Result<u8, Error> {
    let name = shell.to_possible_value().expect("no shell is hidden");
    let program = "smartextract";
    let mut script = Vec::new();
    Shells::builtins()
        .completer(name.get_name())
        .expect("clap_complete knows every shell")
        .write_registration(VARIABLE, program, program, program, &mut script)
        .expect("a Vec accepts all writes");
    let script = String::from_utf8(script).expect("scripts are text");
    Console::print(completed_by_shell(shell, script))?;
    Ok(0)
}

/// The script with what a shell does better itself: it quotes paths, unlike the candidates.
fn completed_by_shell(shell: Shell, script: String) -> String {
    match shell {
        Shell::Bash => script.replace("-o bashdefault", "-o bashdefault -o default"),
        Shell::Zsh => script
            .replace("\ncompdef _clap_dynamic_completer_smartextract smartextract", ZSH_FUNCTION),
        Shell::Fish => script + FISH_COMMAND,
        Shell::Powershell | Shell::Elvish => script,
    }
}

/// Completes paths if there are no candidates.
const ZSH_FUNCTION: &str = r"
_smartextract() {
    _clap_dynamic_completer_smartextract
    (( compstate[nmatches] )) && return
    compset -P 1 '--*='
    _files
}

# As a function from fpath, the script completes at once.
if [[ $funcstack[1] == _smartextract ]]; then
    _smartextract
else
    compdef _smartextract smartextract
fi";

/// Completes COMMAND and its arguments as if they were typed alone.
const FISH_COMMAND: &str = r#"
complete --command smartextract --condition "contains -- -- (commandline --current-process --tokenize --cut-at-cursor)" \
    --arguments "(complete --do-complete (commandline --current-process --cut-at-cursor | string replace --regex '^.*? -- ' ''))"
"#;

/// Prints the candidates for a completion script; returns whether one asked.
///
/// Each script passes `--` first, which no other command line starts with. Without this check a
/// variable that is set by accident would print a script instead of a token, with exit code 0.
///
/// # Errors
/// `usage` if the shell is unknown or the words can't be completed.
pub fn answer(arguments: &[OsString]) -> Result<bool, Error> {
    match arguments.get(1) {
        Some(first) if first == "--" => {}
        _ => return Ok(false),
    }
    let shell = env::var_os(VARIABLE).unwrap_or_default();
    let with_paths = shell != "bash" && shell != "zsh";
    CompleteEnv::with_factory(|| {
        let mut command = cli::command();
        command.build();
        with_candidates(command, with_paths)
    })
    .var(VARIABLE)
    .shells(Shells::builtins())
    .try_complete(arguments, env::current_dir().ok().as_deref())
    .map_err(|error| Error::new(Code::Usage, "no completions").because(error.to_string()))
}

fn with_candidates(command: Command, with_paths: bool) -> Command {
    command
        .mut_args(|arg| match arg.get_id().as_str() {
            "profile" => arg.add(ArgValueCandidates::new(profiles)),
            "env" => arg.add(ArgValueCandidates::new(environments)),
            _ if with_paths => arg,
            _ => arg.value_hint(ValueHint::Other),
        })
        .mut_subcommands(|command| with_candidates(command, with_paths))
}

fn profiles() -> Vec<CompletionCandidate> {
    candidates(&profile_file().profile_names())
}

fn environments() -> Vec<CompletionCandidate> {
    let file = profile_file();
    candidates(&[&BUILT_IN_NAMES[..], &file.environment_names()].concat())
}

/// The user's profile file, or an empty one if it can't be read.
fn profile_file() -> ProfileFile {
    ProfileFile::load(&Sources::from_env(&Flags::default())).unwrap_or_default()
}

/// The shell inserts candidates unquoted, so only names that need no quotes are offered.
fn candidates(names: &[&str]) -> Vec<CompletionCandidate> {
    let is_plain = |name: &&&str| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    names.iter().filter(is_plain).map(|name| CompletionCandidate::new(*name)).collect()
}
