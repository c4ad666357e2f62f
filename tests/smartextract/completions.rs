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
fn completes(shell_line: &str, set_up: &str, typed: &str, completed: &str) {
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

/// Not on macOS, whose bash 3.2 has no bracketed paste.
#[cfg(target_os = "linux")]
#[test]
fn bash_completes_commands_formats_environments_profiles_and_paths() {
    if !has_program("bash") {
        return;
    }
    let script = file("smartextract.bash");
    let set_up = format!("bind 'set enable-bracketed-paste on'; source '{}'", script.display());
    for (typed, completed) in [
        ("smartextract -v -q tok", "token"),
        ("smartextract token --format powe", "powershell"),
        ("smartextract token --env gam", "gamma"),
        ("smartextract exec --profile bet", "beta"),
        ("smartextract token --ca-file m", r"my\ file.pem"),
        ("smartextract token -o ~/m", r"~/my\ file.pem"),
    ] {
        completes("bash --norc --noprofile -i", &set_up, typed, completed);
    }
}

#[cfg(unix)]
#[test]
fn zsh_completes_commands_formats_environments_profiles_and_paths() {
    if !has_program("zsh") {
        return;
    }
    let script = file("_smartextract");
    let sourced = format!("autoload -U compinit && compinit -u -D; source '{}'", script.display());
    let installed = format!(
        "fpath=('{}' $fpath); autoload -U compinit && compinit -u -D",
        script.parent().unwrap().display()
    );
    for (set_up, typed, completed) in [
        (&sourced, "smartextract tok", "token"),
        (&installed, "smartextract tok", "token"),
        (&installed, "smartextract token --format powe", "powershell"),
        (&installed, "smartextract token --env gam", "gamma"),
        (&installed, "smartextract exec --profile bet", "beta"),
        (&installed, "smartextract token --ca-file ~/m", r"--ca-file ~/my\ file.pem"),
        (&installed, "smartextract token --output=m", r"--output=my\ file.pem"),
    ] {
        completes("zsh -f -i", set_up, typed, completed);
    }
}
