//! `completions`: scripts that ask this program for candidates, and the candidates. A script sets
//! [`VARIABLE`] and passes the words typed so far; if they can't be completed, the error is `usage`.

use std::env;
use std::ffi::OsString;

use clap::{Command, ValueEnum, ValueHint};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};

use crate::cli::{self, Shell};
use crate::console::Console;
use crate::error::{Code, Error};
use crate::settings::{BUILT_IN_NAMES, Flags, ProfileFile, Sources};

const VARIABLE: &str = "SMARTEXTRACT_COMPLETE";
const PROGRAM: &str = "smartextract";

/// Prints the script for a shell, which completes paths itself: it quotes them.
pub fn run(shell: Shell) -> Result<u8, Error> {
    let name = shell.to_possible_value().expect("no shell is hidden");
    let shells = Shells::builtins();
    let completer = shells.completer(name.get_name()).expect("clap_complete knows every shell");
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)
        .expect("a Vec accepts all writes");
    let script = String::from_utf8(script).expect("scripts are text");
    Console::print(match shell {
        Shell::Bash => script.replace("-o bashdefault", "-o bashdefault -o default"),
        Shell::Zsh => script
            .replace("\ncompdef _clap_dynamic_completer_smartextract smartextract", ZSH_FUNCTION),
        Shell::Fish => script + FISH_COMMAND,
        Shell::Powershell | Shell::Elvish => script,
    })?;
    Ok(0)
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

/// Prints the candidates for a completion script, which passes `--` first; returns whether one asked.
pub fn answer(arguments: &[OsString]) -> Result<bool, Error> {
    if !matches!(arguments.get(1), Some(first) if first == "--") {
        return Ok(false);
    }
    let shell = env::var_os(VARIABLE).unwrap_or_default();
    let quotes_paths = shell == "bash" || shell == "zsh";
    CompleteEnv::with_factory(|| {
        let mut command = cli::command();
        command.build();
        with_candidates(command, quotes_paths)
    })
    .var(VARIABLE)
    .shells(Shells::builtins())
    .try_complete(arguments, env::current_dir().ok().as_deref())
    .map_err(|error| Error::new(Code::Usage, "no completions").because(error.to_string()))
}

fn with_candidates(command: Command, quotes_paths: bool) -> Command {
    command
        .mut_args(|arg| match arg.get_id().as_str() {
            "profile" => {
                arg.add(ArgValueCandidates::new(|| candidates(&[], ProfileFile::profile_names)))
            }
            "env" => arg.add(ArgValueCandidates::new(|| {
                candidates(&BUILT_IN_NAMES, ProfileFile::environment_names)
            })),
            _ if quotes_paths => arg.value_hint(ValueHint::Other),
            _ => arg,
        })
        .mut_subcommands(|command| with_candidates(command, quotes_paths))
}

/// These names and those of the profile file, without those that the shell would have to quote.
fn candidates(names: &[&str], of_file: fn(&ProfileFile) -> Vec<&str>) -> Vec<CompletionCandidate> {
    let flags = Flags::default();
    let file = ProfileFile::load(&Sources::from_env(&flags)).unwrap_or_default();
    let mut names = names.to_vec();
    names.extend(of_file(&file));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    names.retain(|name| name.bytes().all(is_plain));
    names.into_iter().map(CompletionCandidate::new).collect()
}
