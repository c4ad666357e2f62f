//! What `--help` adds to the definitions: each setting's other names, examples, exit codes.

use std::fmt::Write as _;

use clap::{Arg, Command, ValueEnum};

use crate::error::Code;
use crate::settings::{PROFILE_KEYS, variable_name};

/// A command line and its purpose.
pub type Example = (&'static str, &'static str);

pub const EMULATOR: &str = "\
Run a local stand-in for the API, on its own or around a command

It serves the API at both environments' paths, and a page in place of the component that shows \
whether the token in its URL was issued. On its own, it prints its base URL as the first line on \
standard output and runs until Ctrl-C or SIGTERM.

With COMMAND, it sets SMARTEXTRACT_TOKEN_URL, SMARTEXTRACT_IFRAME_TEMPLATE, SMARTEXTRACT_KEY and \
SMARTEXTRACT_SECRET, puts this program first on PATH, adds its address to NO_PROXY, and exits with \
COMMAND's exit code. It forwards a signal unless the whole process group gets it, as with Ctrl-C.

It listens on loopback only. To let other machines or containers reach it, use --listen \
0.0.0.0:PORT; GET /smart-extract answers 200 once it is ready.";

const START: [Example; 3] = [
    ("smartextract config init", "create a profile file"),
    ("smartextract token", "print a token"),
    ("smartextract exec -- npm run e2e", "run a command with a token"),
];

const TOKEN: [Example; 6] = [
    ("smartextract token --env staging", "print a token for the staging environment"),
    ("token=$(smartextract token) || exit", "use it in a script that stops on failure"),
    ("eval \"$(smartextract token --format env)\"", "set variables; $? shows a failure"),
    ("smartextract token --format dotenv -o smartextract.env", "write a file of mode 0600"),
    ("pass show x | smartextract token --key KEY --secret-file -", "use a password manager"),
    ("smartextract token -v", "see which settings are used"),
];

const CHECK: [Example; 2] = [
    ("smartextract check --env staging", "check the staging key"),
    ("smartextract check || exit", "stop a script if the key does not work"),
];

const EXEC: [Example; 2] = [
    ("smartextract exec -- npm run e2e", "run tests with SMARTEXTRACT_TOKEN set"),
    ("smartextract exec -e stg -- sh -c 'curl \"$SMARTEXTRACT_IFRAME_URL\"'", "use a shell"),
];

const EMULATOR_EXAMPLES: [Example; 4] = [
    ("smartextract emulator -- smartextract token", "get a token without an account"),
    ("smartextract emulator -- npm test", "run tests that request tokens"),
    ("smartextract emulator --fail 503x2 -- smartextract token -v", "watch retries"),
    ("smartextract emulator --listen 127.0.0.1:8080", "run it on its own, on a known port"),
];

const CONFIG: [Example; 4] = [
    ("smartextract config init", "create a profile file"),
    ("smartextract config init --profile staging", "add a second profile"),
    ("smartextract config show", "see which key is used, and why"),
    ("${EDITOR:-vi} \"$(smartextract config path)\"", "edit the profile file"),
];

const COMPLETIONS: [Example; 3] = [
    ("source <(smartextract completions bash)", "bash: add this line to ~/.bashrc"),
    (
        "mkdir -p ~/.zfunc && smartextract completions zsh > ~/.zfunc/_smartextract",
        "zsh: then put `fpath+=~/.zfunc; autoload -Uz compinit && compinit` into ~/.zshrc",
    ),
    (
        "smartextract completions fish > ~/.config/fish/completions/smartextract.fish",
        "fish: the directory must exist",
    ),
];

/// The examples of a command, by its name.
pub fn examples(command: &str) -> &'static [Example] {
    match command {
        "smartextract" => &START,
        "token" => &TOKEN,
        "check" => &CHECK,
        "exec" => &EXEC,
        "emulator" => &EMULATOR_EXAMPLES,
        "config" => &CONFIG,
        "completions" => &COMPLETIONS,
        _ => &[],
    }
}

/// Adds to `--help`: the other names of each setting, lists of values too long for `-h`, examples
/// and exit codes.
pub fn complete(command: Command) -> Command {
    let text = after_help(command.get_name());
    let command = command.mut_args(name_other_sources).mut_args(list_hidden_values);
    let command = command.mut_args(keep_for_manual);
    command.after_long_help(text).mut_subcommands(complete)
}

fn list_hidden_values(arg: Arg) -> Arg {
    if !arg.is_hide_possible_values_set() {
        return arg;
    }
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    help.push_str("\n\nPossible values:");
    for value in arg.get_possible_values() {
        let meaning = value.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = write!(help, "\n- {:<14} {meaning}", value.get_name());
    }
    arg.long_help(help)
}

/// The manual would omit the help of an argument that `-h` does not show.
fn keep_for_manual(arg: Arg) -> Arg {
    match arg.get_help().cloned() {
        Some(help) if arg.is_hide_short_help_set() && arg.get_long_help().is_none() => {
            arg.long_help(help)
        }
        _ => arg,
    }
}

/// Names the variable and the profile key of a setting. Settings have a heading, unlike the
/// emulator's `--key` and init's `--profile`; formats and the output file are no settings.
fn name_other_sources(arg: Arg) -> Arg {
    let name = arg.get_id().to_string();
    let is_setting = arg.get_help_heading().is_some() || name == "config";
    if !is_setting || !super::setting_names().contains(&name) {
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
