//! The documents agree with the program and with each other.

use crate::support::Case;

fn document(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(path).unwrap()
}

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
fn the_readme_has_every_exit_code_of_the_help() {
    let readme = document("README.md");
    let help = Case::new("--help").run().stdout;
    let table: Vec<&str> =
        help.lines().skip_while(|line| *line != "Exit codes:").skip(2).take(13).collect();
    assert_eq!(table.len(), 13);
    for line in table {
        let mut words = line.split_whitespace();
        let (code, name) = (words.next().unwrap(), words.next().unwrap());
        assert!(
            readme.contains(&format!("| {code} | `{name}` |")),
            "{code} {name} is missing in the README"
        );
    }
}

#[test]
fn the_documentation_has_every_flag_and_every_variable() {
    fn names(text: &str) -> impl Iterator<Item = &str> {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)));
        words.filter(|word| {
            word.starts_with("--") && word.len() > 2 || word.starts_with("SMARTEXTRACT_")
        })
    }
    let documents: String = documents().iter().map(|name| document(name)).collect();
    let known: Vec<&str> = names(&documents).collect();
    for command in ["token", "emulator"] {
        let help = Case::new(&format!("{command} --help")).run().stdout;
        for name in names(&help) {
            assert!(known.contains(&name), "{name} is missing in docs/");
        }
    }
}

/// The documents that users and contributors read, as links of the README name them.
fn documents() -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = Vec::new();
    for directory in ["", "docs/", "benches/", "examples/"] {
        for entry in std::fs::read_dir(root.join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension() == Some("md".as_ref()) {
                let name = path.file_name().unwrap().to_str().unwrap();
                documents.push(format!("{directory}{name}"));
            }
        }
    }
    documents
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let heading = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        heading.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_and_anchor_resolves() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in documents() {
        let text = document(&name);
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if link.starts_with("https://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let own = root.join(&name);
            let target = if path.is_empty() { own } else { own.parent().unwrap().join(path) };
            assert!(target.exists(), "{name}: {link}");
            if !anchor.is_empty() {
                let target = std::fs::read_to_string(&target).unwrap();
                assert!(anchors(&target).iter().any(|one| one == anchor), "{name}: {link}");
            }
        }
    }
}

#[test]
fn the_readme_links_to_every_document() {
    let readme = document("README.md");
    for name in documents() {
        let is_linked = readme.contains(&format!("]({name})"));
        assert!(is_linked || name == "README.md" || name.starts_with("benches"), "{name}");
    }
    assert!(readme.lines().count() <= 200, "the README is too long");
}

#[test]
fn the_action_has_the_inputs_and_outputs_of_the_readme() {
    let (action, readme) = (document("action.yml"), document("README.md"));
    assert!(action.contains(" smartextract token --format github-output\n"), "{action}");
    for input in ["key", "secret", "environment"] {
        assert!(action.contains(&format!("\n  {input}:\n")), "no input {input}");
        assert!(action.contains(&format!("${{{{ inputs.{input} }}}}")), "{input} is not used");
        assert!(readme.contains(&format!("\n    {input}: ")), "{input} is missing in the README");
    }
    for output in ["token", "iframe_url"] {
        assert!(action.contains(&format!("steps.token.outputs.{output}")), "no output {output}");
    }
    assert!(readme.contains("steps.smartextract.outputs.iframe_url"));
}

#[test]
fn the_changelog_has_this_version() {
    assert!(document("CHANGELOG.md").contains(&format!("## {}", env!("CARGO_PKG_VERSION"))));
}
