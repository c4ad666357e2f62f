//! Completions: the scripts in `completions/`, and what real shells offer with them.

use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
#[cfg(unix)]
use rexpect::session::spawn_command;

use crate::support::{Case, PROFILE, has_program, isolated};

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

/// Update them with: `RENEW_COMPLETIONS=1 cargo test the_scripts_in_the_tree`
#[test]
fn the_scripts_in_the_tree_are_up_to_date() {
    for (shell, name) in SCRIPTS {
        let printed = Case::new(&format!("completions {shell}")).run();
        assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
        if std::env::var_os("RENEW_COMPLETIONS").is_some() {
            std::fs::write(file(name), &printed.stdout).unwrap();
        }
        assert!(
            std::fs::read_to_string(file(name)).unwrap_or_default() == printed.stdout,
            "completions/{name} is outdated: RENEW_COMPLETIONS=1 cargo test the_scripts_in_the_tree"
        );
    }
}

/// A shell with the program first on PATH, and a home directory with a profile file.
fn shell(shell: &str) -> (Case, Command) {
    let home = Case::new("").profile(
        "[profiles.alpha]\n[profiles.beta]\n[environments.gamma]\n\
         token_url = \"https://h/\"\niframe_template = \"https://h/{token}\"\n",
    );
    let path = std::env::var_os("PATH").unwrap();
    let first = cargo_bin!("smartextract").parent().unwrap().to_owned();
    let path = std::env::join_paths([first].into_iter().chain(std::env::split_paths(&path)));
    let mut command = isolated(shell);
    command.env("PATH", path.unwrap()).env("TERM", "dumb");
    command.env("HOME", home.path("")).env("SMARTEXTRACT_CONFIG", home.path(PROFILE));
    (home, command)
}

/// Checks that the shell offers at least the expected words. `script` makes it print what it offers
/// after the typed words: one word per line, optionally with a tab and a description.
fn offers(program: &str, option: &str, script: impl Fn(&[&str]) -> String) {
    if !has_program(program) {
        return;
    }
    for (words, offered) in [
        (["smartextract", "-v", "-q", "tok"], &["token"][..]),
        (["smartextract", "token", "--format", ""], &["json", "github-env", "powershell"]),
        (["smartextract", "token", "--env", ""], &["production", "staging", "gamma"]),
        (["smartextract", "exec", "--profile", ""], &["alpha", "beta"]),
    ] {
        let (_home, mut command) = shell(program);
        let output = command.args([option, "-c", &script(&words)]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let found: Vec<&str> =
            text.lines().map(|line| line.split('\t').next().unwrap().trim()).collect();
        assert!(offered.iter().all(|word| found.contains(word)), "{words:?}: {text}");
    }
}

#[test]
fn bash_offers_commands_formats_environments_and_profiles() {
    offers("bash", "--norc", |words| {
        let current = words.last().unwrap();
        format!(
            "source '{}'; COMP_WORDS=('{}'); COMP_CWORD={}; COMP_TYPE=9\n\
             _clap_complete_smartextract smartextract '{current}' ''\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            file("smartextract.bash").display(),
            words.join("' '"),
            words.len() - 1,
        )
    });
}

#[test]
fn fish_offers_commands_formats_environments_and_profiles() {
    let script = file("smartextract.fish");
    offers("fish", "--no-config", |words| {
        format!("source '{}'; complete -C '{}'", script.display(), words.join(" "))
    });
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
        let (_home, mut command) = shell("zsh");
        command.args(["-f", "-i"]);
        let mut zsh = spawn_command(command, Some(20_000)).unwrap();
        let set_up = format!(
            "PS1=; autoload -U compinit && compinit -u -D; source '{}'; echo rea''dy",
            file("_smartextract").display()
        );
        zsh.send_line(&set_up).unwrap();
        zsh.exp_string("ready").unwrap();
        // The line editor switches bracketed paste on when it is ready.
        zsh.exp_string("[?2004h").unwrap();
        zsh.send(&format!("{typed}\t")).unwrap();
        zsh.flush().unwrap();
        let shown = zsh.exp_string(completed);
        assert!(shown.is_ok(), "{typed}: {shown:?}");
        // An interactive shell ignores SIGTERM.
        zsh.process_mut().set_kill_timeout(Some(1));
    }
}
