//! Completions: the scripts in `completions/`, and what real shells offer with them.

use std::path::{Path, PathBuf};

use snapbox::{Assert, Data};

use crate::support::{Case, has_program};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(name)
}

/// Update them with: `SNAPSHOTS=overwrite cargo test --locked up_to_date`
#[test]
fn the_scripts_in_the_tree_are_up_to_date() {
    for (shell, name) in [
        ("bash", "smartextract.bash"),
        ("zsh", "_smartextract"),
        ("fish", "smartextract.fish"),
        ("powershell", "_smartextract.ps1"),
        ("elvish", "smartextract.elv"),
    ] {
        let printed = Case::new(&format!("completions {shell}")).run();
        let expected = Data::read_from(&file(name), None).raw();
        Assert::new().action_env("SNAPSHOTS").eq(printed.stdout, expected);
    }
}

/// A shell with a profile file and a file whose name needs quotes.
fn shell(shell: &str, script: &str) -> Case {
    Case::script(shell, script)
        .profile(
            "[profiles.alpha]\n[profiles.beta]\n[environments.gamma]\n\
             token_url = \"https://h/\"\niframe_template = \"https://h/{token}\"\n",
        )
        .file("my file.pem", "")
        .env("TERM", "dumb")
}

#[test]
fn fish_offers_commands_formats_environments_profiles_and_arguments_of_command() {
    if !has_program("fish") {
        return;
    }
    for (typed, offered) in [
        ("smartextract -v -q tok", "token\t"),
        ("smartextract token --format ", "github-env\t"),
        ("smartextract token --env ", "gamma"),
        ("smartextract exec --profile ", "beta"),
        ("smartextract exec -- cat my", "my file.pem"),
        ("smartextract emulator -- smartextract tok", "token\t"),
    ] {
        let script =
            format!("source '{}'; complete -C '{typed}'", file("smartextract.fish").display());
        let text = shell("fish", &script).run().stdout;
        assert!(text.lines().any(|line| line.starts_with(offered)), "{typed}: {text}");
    }
}

/// Types on the command line of an interactive shell, and checks what Tab makes of it.
#[cfg(unix)]
fn completes(shell_line: &str, set_up: &str, rows: &[(&str, &str)]) {
    let is_there = has_program(shell_line.split(' ').next().unwrap());
    for (typed, completed) in rows.iter().filter(|_| is_there) {
        let (_home, mut shell) = shell("sh", &format!("exec {shell_line}")).on_a_terminal();
        shell.send_line(&format!("stty echo; PS1=; {set_up}; echo rea''dy")).unwrap();
        shell.exp_string("ready").unwrap();
        // The line editor switches bracketed paste on when it is ready.
        shell.exp_string("[?2004h").unwrap();
        shell.send(&format!("{typed}\t")).unwrap();
        shell.flush().unwrap();
        let shown = shell.exp_string(completed);
        assert!(shown.is_ok(), "{typed}: {shown:?}");
        // An interactive shell ignores SIGTERM.
        shell.process_mut().set_kill_timeout(Some(1));
    }
}

#[cfg(unix)]
const ROWS: [(&str, &str); 6] = [
    ("smartextract -v -q tok", "token"),
    ("smartextract token --format powe", "powershell"),
    ("smartextract token --env gam", "gamma"),
    ("smartextract exec --profile bet", "beta"),
    ("smartextract token --ca-file m", r"my\ file.pem"),
    ("smartextract token -o ~/m", r"~/my\ file.pem"),
];

/// Not on macOS, whose bash 3.2 has no bracketed paste.
#[cfg(target_os = "linux")]
#[test]
fn bash_completes_commands_formats_environments_profiles_and_paths() {
    let script = file("smartextract.bash");
    let set_up = format!("bind 'set enable-bracketed-paste on'; source '{}'", script.display());
    completes("bash --norc --noprofile -i", &set_up, &ROWS);
}

#[cfg(unix)]
#[test]
fn zsh_completes_the_same_if_the_script_is_installed_or_sourced() {
    let script = file("_smartextract");
    let sourced = format!("autoload -U compinit && compinit -u -D; source '{}'", script.display());
    completes("zsh -f -i", &sourced, &ROWS[..1]);
    let directory = script.parent().unwrap().display();
    let installed = format!("fpath=('{directory}' $fpath); autoload -U compinit && compinit -u -D");
    completes("zsh -f -i", &installed, &ROWS);
    let attached = ("smartextract token --output=m", r"--output=my\ file.pem");
    completes("zsh -f -i", &installed, &[attached]);
}
