//! What only the help says: examples, formats, exit codes.

use std::fmt::Write as _;

use crate::error::Code;

/// A command line worth knowing, and what it is for.
pub type Example = (&'static str, &'static str);

pub const FORMATS: &str = "\
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

pub const EMULATOR_ABOUT: &str = "\
Run a stand-in for the API on loopback, alone or around a command

Speaks the API at both environments' paths, and serves a page in place of the component that says \
whether the token in its URL was issued. COMMAND finds it through SMARTEXTRACT_TOKEN_URL, \
SMARTEXTRACT_IFRAME_TEMPLATE, SMARTEXTRACT_KEY and SMARTEXTRACT_SECRET, with this program first on \
PATH. Alone, the base URL is the first line on standard output, and Ctrl-C or SIGTERM ends it.";

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
        "bash, once; the folder must be there",
    ),
    ("smartextract completions zsh > \"${fpath[1]}/_smartextract\"", "zsh, once"),
    ("smartextract completions fish > ~/.config/fish/completions/smartextract.fish", "fish, once"),
];

/// The examples of a command, by its name; the program's own where there is no such command.
pub fn examples(command: &str) -> &'static [Example] {
    match command {
        "token" => &TOKEN,
        "exec" => &EXEC,
        "emulator" => &EMULATOR,
        "config" => &CONFIG,
        "completions" => &COMPLETIONS,
        "smartextract" => &START,
        _ => &[],
    }
}

/// What stands below the flags in a command's long help.
pub fn after_help(command: &str) -> String {
    let mut text = String::new();
    for (index, (line, what)) in examples(command).iter().enumerate() {
        let heading = if index == 0 { "Examples:" } else { "" };
        write!(text, "{heading}\n  {line}\n      {what}").expect("a string takes all");
    }
    if ["smartextract", "token", "exec", "emulator"].contains(&command) {
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
    use clap::ValueEnum;
    use clap::builder::PossibleValue;

    use super::*;
    use crate::output::Format;

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
}
