//! Help and manual: the short help fits the screen, both are complete, and mandoc accepts the
//! manual.

use crate::support::{Case, has_program, isolated};

#[test]
fn the_manual_has_variables_files_exit_codes_and_examples() {
    let page = Case::new("man").run().stdout.replace('\\', "");
    for text in [
        ".SH ENVIRONMENT",
        "SMARTEXTRACT_KEY",
        ".SH FILES",
        "config.toml",
        ".SH \"EXIT STATUS\"",
        "invalid_credentials",
        ".SH EXAMPLES",
        "smartextract exec -- npm run e2e",
        "When to use colors",
    ] {
        assert!(page.contains(text), "{text} is missing in the manual:\n{page}");
    }
}

#[test]
fn man_writes_one_complete_page_per_command_or_prints_the_first() {
    let outcome = Case::new("man pages").run().prints("");
    for name in
        ["smartextract", "smartextract-token", "smartextract-exec", "smartextract-config-show"]
    {
        let page = outcome.read(&format!("pages/{name}.1"));
        assert!(page.contains(&format!(".TH {name} 1")), "{page}");
        // The date of a page is that of the version in the changelog.
        let version = env!("CARGO_PKG_VERSION");
        let day = page.lines().find(|line| line.starts_with(".TH ")).unwrap().split(' ').nth(3);
        let changelog = include_str!("../../CHANGELOG.md");
        assert!(changelog.contains(&format!("## {version} - {}\n", day.unwrap())), "{page}");
    }
    assert!(outcome.read("pages/smartextract-token.1").contains("github\\-env: "));
    if has_program("mandoc") {
        for page in std::fs::read_dir(outcome.path("pages")).unwrap() {
            let page = page.unwrap().path();
            let mut lint = isolated("mandoc");
            let lint = lint.args(["-T", "lint", "-W", "error"]).arg(&page).output().unwrap();
            assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
        }
    }
    let printed = Case::new("man -").run();
    assert!(printed.stdout.starts_with(".ie") && !printed.exists("-"), "{}", printed.stdout);
    Case::new("man /dev/null/x").run().fails(1).says("can't be written");
}

#[test]
fn short_help_fits_one_screen() {
    let commands = ["", "token", "check", "exec", "config", "config show", "config init"];
    for command in commands.into_iter().chain(["emulator", "completions", "man"]) {
        let help = Case::new(&format!("{command} -h")).env("COLUMNS", "80").run().stdout;
        let lines = help.lines().count();
        let width = help.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(lines <= 24 && width <= 80, "{command}: {lines} lines, {width} columns\n{help}");
    }
}

#[test]
fn long_help_has_examples() {
    for command in ["", "token", "exec", "config", "completions"] {
        let help = Case::new(&format!("{command} --help")).run().stdout;
        assert!(help.contains("Examples:\n  "), "{command}: {help}");
    }
}
