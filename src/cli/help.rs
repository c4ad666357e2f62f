//! What `--help` adds to the definitions: each setting's other names, examples, exit codes.

use std::fmt::Write as _;

use clap::{Arg, Command, ValueEnum};

use crate::error::Code;
use crate::settings::{PROFILE_KEYS, variable_name};

pub const EMULATOR: &str = "\
Run a local stand-in for the API, on its own or around a command

It serves the API at both environments' paths, and a page in place of the component that shows \
whether the token in its URL was issued. On its own, it prints its base URL as the first line on \
standard output and runs until Ctrl-C or SIGTERM. On a terminal it also prints the export lines that \
point smartextract at it. With -v it reports each request.

With COMMAND, it sets SMARTEXTRACT_TOKEN_URL, SMARTEXTRACT_IFRAME_TEMPLATE, SMARTEXTRACT_KEY and \
SMARTEXTRACT_SECRET, adds its address to NO_PROXY, and exits with COMMAND's exit code. If the \
smartextract on PATH is not this program, its directory is put first.

By default it listens on loopback only. To let other machines or containers reach it, use --listen \
0.0.0.0:PORT; GET /smart-extract returns 200 once it is ready.";

/// Examples: command, command line, and its purpose.
static EXAMPLES: [(&str, &str, &str); 23] = [
    ("smartextract", "smartextract config init", "create a profile file"),
    ("smartextract", "smartextract token", "print a token"),
    ("smartextract", "smartextract exec -- npm run e2e", "run a command with a token"),
    ("token", "smartextract token --env staging", "print a token for the staging environment"),
    ("token", "token=$(smartextract token) || exit", "use it in a script that stops on failure"),
    ("token", "eval \"$(smartextract token --format env)\"", "set variables; $? shows a failure"),
    ("token", "smartextract token --format dotenv -o smartextract.env", "write a private file"),
    ("token", "pass show x | smartextract token --key KEY --secret-file -", "use a secret store"),
    ("token", "smartextract token -v", "see which settings are used"),
    ("check", "smartextract check --env staging", "check the staging key"),
    ("exec", "smartextract exec -- npm run e2e", "run tests with SMARTEXTRACT_TOKEN set"),
    ("exec", "smartextract exec -- sh -c 'curl \"$SMARTEXTRACT_IFRAME_URL\"'", "use a shell"),
    ("emulator", "smartextract emulator -- smartextract token", "get a token without an account"),
    ("emulator", "smartextract emulator -- npm test", "run tests that request tokens"),
    ("emulator", "smartextract emulator --fail 503x2 -- smartextract token -v", "watch retries"),
    ("emulator", "smartextract emulator --listen 8080", "run it on its own, on a known port"),
    ("config", "smartextract config init", "create a profile file"),
    ("config", "smartextract config init --profile staging", "add a second profile"),
    ("config", "smartextract config show", "see which key is used, and why"),
    ("config", "${EDITOR:-vi} \"$(smartextract config path)\"", "edit the profile file"),
    ("completions", "source <(smartextract completions bash)", "bash: add this line to ~/.bashrc"),
    (
        "completions",
        "mkdir -p ~/.zfunc && smartextract completions zsh > ~/.zfunc/_smartextract",
        "zsh: then put `fpath+=~/.zfunc; autoload -Uz compinit && compinit` into ~/.zshrc",
    ),
    (
        "completions",
        "smartextract completions fish > ~/.config/fish/completions/smartextract.fish",
        "fish: the directory must exist",
    ),
];

/// The examples of a command: each a command line and its purpose.
pub fn examples(command: &str) -> Vec<(&'static str, &'static str)> {
    let examples = EXAMPLES.iter().filter(|(name, ..)| *name == command);
    examples.map(|(_, line, purpose)| (*line, *purpose)).collect()
}

/// Adds to `--help`: the other names of each setting, examples and exit codes.
pub fn complete(command: Command) -> Command {
    let text = after_help(command.get_name());
    command.mut_args(name_other_sources).after_long_help(text).mut_subcommands(complete)
}

/// Names the variable and the profile key of a setting. Except in `config`, settings have a heading,
/// unlike the emulator's `--key`; formats and the output file are no settings.
fn name_other_sources(arg: Arg) -> Arg {
    let name = arg.get_id().to_string();
    let may_be_setting = arg.get_help_heading().is_some() || name == "config" || name == "profile";
    if !may_be_setting || !super::setting_names().contains(&name) {
        return arg;
    }
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut text = format!("{help}\n\n[env: {}]", variable_name(&name));
    if PROFILE_KEYS.contains(&name.as_str()) {
        let _ = write!(text, " [profile key: {name}]");
    }
    arg.long_help(text)
}

/// Whether the command's help and manual list the exit codes.
pub fn has_exit_codes(command: &str) -> bool {
    ["smartextract", "token", "check", "exec", "emulator"].contains(&command)
}

/// Each exit code of a failure with its name in JSON errors and its meaning.
pub fn exit_codes() -> Vec<(u8, String, String)> {
    let mut codes = Vec::new();
    for code in Code::value_variants() {
        let value = code.to_possible_value().expect("no code is hidden");
        let meaning = value.get_help().map(ToString::to_string).unwrap_or_default();
        codes.push((code.exit_code(), value.get_name().to_owned(), meaning));
    }
    codes
}

fn after_help(command: &str) -> String {
    let mut text = String::new();
    for (index, (line, purpose)) in examples(command).iter().enumerate() {
        let heading = if index == 0 { "Examples:" } else { "" };
        let _ = write!(text, "{heading}\n  {line}\n      {purpose}");
    }
    if has_exit_codes(command) {
        text.push_str("\n\nExit codes:\n   0  success");
        for (number, name, meaning) in exit_codes() {
            let _ = write!(text, "\n {number:>3}  {name:<20} {meaning}");
        }
        text.push_str("\n1x: credentials. 2x: network. 3x: server.");
    }
    text
}
