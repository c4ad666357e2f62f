//! The documents, the manual and the help agree with the program and with each other.

use std::fs;
use std::path::Path;

use crate::support::{Case, has_program};

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The Markdown files in these directories, as links of the README name them.
fn documents(directories: &[&str]) -> Vec<String> {
    let mut documents = Vec::new();
    for directory in directories {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.contains(".md") {
                documents.push(format!("{directory}{name}"));
            }
        }
    }
    documents
}

/// What users and contributors read.
const READ: [&str; 4] = ["", "docs/", "benches/", "examples/"];

#[test]
fn the_example_profile_file_is_valid_and_complete() {
    let example = document("config.example.toml");
    for profile in ["staging", "bank", "quick"] {
        let outcome = Case::new("config show -p").arg(profile).profile(&example).run();
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{profile}");
    }
    let keys = ["env", "key", "secret", "secret_file", "secret_command", "timeout", "retries"];
    for key in keys.into_iter().chain(["ca_file", "proxy", "token_url", "iframe_template"]) {
        assert!(example.contains(&format!("\n{key} = ")), "{key} is missing in the example");
    }
}

#[test]
fn readme_manual_and_sessions_have_every_exit_code_of_the_help() {
    let (readme, manual) = (document("README.md"), Case::new("man").run().stdout);
    let help = Case::new("token --help").run().stdout;
    let (_, table) = help.split_once("Exit codes:\n").unwrap();
    for line in table.lines().skip(1).take(15) {
        let mut words = line.split_whitespace();
        let (code, name) = (words.next().unwrap(), words.next().unwrap());
        assert!(readme.contains(&format!("| {code} | `{name}` |")), "README: {line}");
        assert!(manual.contains(name), "manual: {line}");
        assert!(sessions().contains(&format!("\n? {code}\n")), "tests/cmd: {line}");
    }
}

fn sessions() -> String {
    documents(&["tests/cmd/"]).iter().map(|name| document(name)).collect()
}

#[test]
fn sessions_have_every_message_that_troubleshooting_quotes() {
    let table = document("docs/troubleshooting.md");
    let messages: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(messages.len() > 5, "{messages:?}");
    for message in messages {
        assert!(sessions().contains(message), "tests/cmd: {message}");
    }
}

#[test]
fn docs_have_every_flag_and_every_variable() {
    fn names(text: &str) -> impl Iterator<Item = &str> {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)));
        words.filter(|word| {
            word.starts_with("--") && word.len() > 2 || word.starts_with("SMARTEXTRACT_")
        })
    }
    let documents: String = documents(&READ).iter().map(|name| document(name)).collect();
    let known: Vec<&str> = names(&documents).collect();
    for command in ["token", "emulator"] {
        let help = Case::new(&format!("{command} --help")).run().stdout;
        for name in names(&help) {
            assert!(known.contains(&name), "{name} is missing in docs/");
        }
    }
}

/// In a heading's anchor GitHub has hyphens for spaces, and no punctuation.
#[test]
fn every_link_and_anchor_resolves() {
    for name in documents(&READ) {
        let text = document(&name);
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for link in links.filter(|link| !link.starts_with("https://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let directory = Path::new(&name).parent().unwrap().join(path);
            let target = if path.is_empty() { &name } else { directory.to_str().unwrap() };
            let target = Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
            assert!(target.exists(), "{name}: {link}");
            let text = fs::read_to_string(&target).unwrap_or_default().to_lowercase();
            let mut headings = text.lines().filter(|line| line.starts_with('#')).map(|line| {
                let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
                line.chars().filter(kept).collect::<String>().trim().replace(' ', "-")
            });
            assert!(anchor.is_empty() || headings.any(|one| one == anchor), "{name}: {link}");
        }
    }
}

#[test]
fn the_readme_links_to_every_document_and_the_changelog_has_this_version() {
    let readme = document("README.md");
    for name in documents(&READ) {
        let is_linked = readme.contains(&format!("]({name})"));
        assert!(is_linked || name == "README.md" || name.starts_with("benches"), "{name}");
    }
    assert!(readme.lines().count() <= 200, "the README is too long");
    assert!(document("CHANGELOG.md").contains(&format!("## {}", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn the_action_has_the_inputs_and_outputs_of_the_readme() {
    let (action, readme) = (document("action.yml"), document("README.md"));
    for input in ["key", "secret", "environment"] {
        assert!(action.contains(&format!("\n  {input}:\n")), "no input {input}");
        assert!(action.contains(&format!("${{{{ inputs.{input} }}}}")), "{input} is not used");
        assert!(readme.contains(&format!("\n    {input}: ")), "{input} is missing in the README");
    }
    for output in ["token", "iframe_url"] {
        assert!(action.contains(&format!("steps.token.outputs.{output}")), "no output {output}");
    }
}

#[test]
fn man_writes_one_page_per_command_and_mandoc_accepts_them() {
    let outcome = Case::new("man pages").run().prints("");
    for (name, text) in [
        ("smartextract", ".SH FILES"),
        ("smartextract-token", "github-env: "),
        ("smartextract-exec", "smartextract exec -- npm run e2e"),
        ("smartextract-config-show", ".SH NAME"),
    ] {
        let page = outcome.read(&format!("pages/{name}.1")).replace('\\', "");
        assert!(page.contains(text), "{text} is missing in:\n{page}");
        // The date of a page is that of the version in the changelog.
        let (_, rest) = page.split_once(&format!(".TH {name} 1 ")).unwrap();
        let day = rest.split(' ').next().unwrap();
        let version = format!("## {} - {day}\n", env!("CARGO_PKG_VERSION"));
        assert!(document("CHANGELOG.md").contains(&version), "{day}");
    }
    if has_program("mandoc") {
        let script =
            "smartextract man p; for p in p/*; do mandoc -T lint -W error $p || exit; done";
        Case::script("sh", script).run().prints("");
    }
    let printed = Case::new("man -").run();
    assert!(printed.stdout.starts_with(".ie") && !printed.path("-").exists(), "{}", printed.stdout);
}

#[test]
fn short_help_fits_one_screen_and_long_help_has_examples_and_exit_codes() {
    let commands = ["", "token", "check", "exec", "emulator", "config", "completions"];
    for command in commands.into_iter().chain(["config show", "config init", "man"]) {
        let help = Case::new(&format!("{command} -h")).env("COLUMNS", "80").run().stdout;
        let width = help.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(help.lines().count() <= 24 && width <= 80, "{command}: {help}");
    }
    for (index, command) in commands.iter().enumerate() {
        let help = Case::new(&format!("{command} --help")).run().stdout;
        assert!(help.contains("Examples:\n  "), "{command}: {help}");
        assert!(help.contains("Exit codes:\n") || index > 4, "{command}: {help}");
    }
}
