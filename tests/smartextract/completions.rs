//! Completions: the scripts in `completions/`, and what real shells make of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
#[cfg(unix)]
use rexpect::session::spawn_command;

use crate::support::{Case, PROFILE, has_program};

const SCRIPTS: [(&str, &str); 5] = [
    ("bash", "smartextract.bash"),
    ("zsh", "_smartextract"),
    ("fish", "smartextract.fish"),
    ("powershell", "_smartextract.ps1"),
    ("elvish", "smartextract.elv"),
];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(name)
}

/// Renew them with: `RENEW_COMPLETIONS=1 cargo test the_scripts_in_the_tree`
#[test]
fn the_scripts_in_the_tree_are_what_the_program_prints() {
    for (shell, name) in SCRIPTS {
        let printed = Case::new(&format!("completions {shell}")).run();
        assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
        if std::env::var_os("RENEW_COMPLETIONS").is_some() {
            std::fs::write(file(name), &printed.stdout).unwrap();
        }
        let kept = std::fs::read_to_string(file(name)).unwrap_or_default();
        assert!(
            kept == printed.stdout,
            "completions/{name} is old: RENEW_COMPLETIONS=1 cargo test the_scripts_in_the_tree"
        );
    }
}

/// A home with a profile file, and the program first on PATH.
struct Home(Case);

impl Home {
    fn new() -> Self {
        Self(Case::new("").profile(
            "[profiles.alpha]\n[profiles.beta]\n[environments.gamma]\n\
             token_url = \"https://h/\"\niframe_template = \"https://h/{token}\"\n",
        ))
    }

    fn shell(&self, shell: &str) -> Command {
        let program = cargo_bin!("smartextract");
        let path = std::env::var_os("PATH").unwrap();
        let folders = std::iter::once(program.parent().unwrap().to_owned());
        let path = std::env::join_paths(folders.chain(std::env::split_paths(&path))).unwrap();
        let mut command = Command::new(shell);
        command.env_clear().env("PATH", path).env("TERM", "dumb");
        command.env("HOME", self.0.path("")).env("SMARTEXTRACT_CONFIG", self.0.path(PROFILE));
        command
    }
}

/// What is typed, and some of what the shell must then offer.
const EXPECTED: [([&str; 4], &[&str]); 4] = [
    (["smartextract", "-v", "-q", "tok"], &["token"]),
    (["smartextract", "token", "--format", ""], &["json", "github-env", "powershell"]),
    (["smartextract", "token", "--env", ""], &["production", "staging", "gamma"]),
    (["smartextract", "exec", "--profile", ""], &["alpha", "beta"]),
];

#[test]
fn bash_offers_commands_formats_environments_and_profiles() {
    if !has_program("bash") {
        return;
    }
    for (words, offered) in EXPECTED {
        let current = words.last().unwrap();
        let script = format!(
            "source '{}'; COMP_WORDS=({}); COMP_CWORD={}; COMP_TYPE=9\n\
             _clap_complete_smartextract smartextract '{current}' ''\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            file("smartextract.bash").display(),
            words.map(|word| format!("'{word}'")).join(" "),
            words.len() - 1,
        );
        let home = Home::new();
        let output = home.shell("bash").args(["--norc", "-c", &script]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        for word in offered {
            assert!(text.lines().any(|line| line.trim() == *word), "{words:?}: {text}");
        }
    }
}

#[test]
fn fish_offers_commands_formats_environments_and_profiles() {
    if !has_program("fish") {
        return;
    }
    for (words, offered) in EXPECTED {
        let script = format!(
            "source '{}'; complete -C '{}'",
            file("smartextract.fish").display(),
            words.join(" ")
        );
        let home = Home::new();
        let output = home.shell("fish").args(["--no-config", "-c", &script]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        for word in offered {
            let found = text.lines().any(|line| line.split('\t').next() == Some(word));
            assert!(found, "{words:?}: {text}");
        }
    }
}

#[cfg(unix)]
#[test]
fn zsh_completes_commands_formats_environments_and_profiles() {
    if !has_program("zsh") {
        return;
    }
    for (typed, completed) in [
        ("smartextract tok", "token"),
        ("smartextract token --format powe", "powershell"),
        ("smartextract token --env gam", "gamma"),
        ("smartextract exec --profile bet", "beta"),
    ] {
        let home = Home::new();
        let mut command = home.shell("zsh");
        command.args(["-f", "-i"]);
        let mut zsh = spawn_command(command, Some(20_000)).unwrap();
        let set_up = format!(
            "PS1=; autoload -U compinit && compinit -u -D; source '{}'; echo rea''dy",
            file("_smartextract").display()
        );
        zsh.send_line(&set_up).unwrap();
        zsh.exp_string("ready").unwrap();
        // Bracketed paste is switched on when the line editor listens.
        zsh.exp_string("[?2004h").unwrap();
        zsh.send(&format!("{typed}\t")).unwrap();
        zsh.flush().unwrap();
        let shown = zsh.exp_string(completed);
        assert!(shown.is_ok(), "{typed}: {shown:?}");
        // An interactive shell ignores the signal that ends other programs.
        zsh.process_mut().set_kill_timeout(Some(1));
    }
}
