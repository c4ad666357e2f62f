//! `man`: the manual, from the same definitions as the help.

use std::path::Path;
use std::{fs, io};

use anyhow::Context;
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli;
use crate::console::Console;
use crate::error::Error;
use crate::settings::variable_name;

/// The date of this version, as in the changelog.
const RELEASED: &str = "2026-11-23";

const OTHER_VARIABLES: [(&str, &str); 6] = [
    ("SSL_CERT_FILE, SSL_CERT_DIR", "Trust store to use instead of the operating system's."),
    ("HTTPS_PROXY, ALL_PROXY", "Proxy, if none of the variables above names one."),
    ("NO_PROXY", "Hosts that bypass the proxy, unless it is given with --proxy."),
    ("GITHUB_ENV, GITHUB_OUTPUT", "Files that the formats of these names append to."),
    ("NO_COLOR", "Disables colors."),
    ("SMARTEXTRACT_COMPLETE", "Set by the completion scripts; do not set it yourself."),
];

const FILES: [(&str, &str); 3] = [
    (
        "~/.config/smartextract/config.toml",
        "Profile file on Linux; $XDG_CONFIG_HOME replaces ~/.config.",
    ),
    ("~/Library/Application Support/smartextract/config.toml", "Profile file on macOS."),
    (
        "smartextract\\config.toml in the Known Folder RoamingAppData",
        "Profile file on Windows, usually C:\\Users\\NAME\\AppData\\Roaming\\smartextract.",
    ),
];

/// Prints the main page, or writes one page per command into the directory.
pub fn run(dir: Option<&Path>) -> Result<u8, Error> {
    let mut program = cli::command().disable_help_subcommand(true);
    program.build();
    match dir.filter(|dir| *dir != Path::new("-")) {
        None => Console::print(page(&program))?,
        Some(dir) => fs::create_dir_all(dir)
            .and_then(|()| write_pages(dir, &program))
            .with_context(|| format!("{} can't be written", dir.display()))?,
    }
    Ok(0)
}

fn write_pages(dir: &Path, command: &Command) -> io::Result<()> {
    fs::write(dir.join(format!("{}.1", name(command))), page(command))?;
    command.get_subcommands().try_for_each(|command| write_pages(dir, command))
}

/// The page's name: the command with its parents, joined by hyphens.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

fn page(command: &Command) -> String {
    let man = Man::new(command.clone())
        .title(name(command))
        .source(concat!("smartextract ", env!("CARGO_PKG_VERSION")))
        .date(RELEASED)
        .manual("User Commands");
    let mut page = Vec::new();
    render(&man, command, &mut page).expect("a Vec accepts all writes");
    String::from_utf8(page).expect("a page is text")
}

/// All sections but the version's, which the title has, and the help's "extra" text, which has
/// sections of its own here.
fn render(man: &Man, command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(page)?;
    }
    let mut roff = Roff::default();
    section(&mut roff, "EXAMPLES", &cli::examples(command.get_name()));
    if name(command) == "smartextract" {
        let mut variables = Vec::new();
        for name in cli::setting_names() {
            let flag = name.replace('_', "-");
            variables.push((variable_name(&name), format!("The same as --{flag}.")));
        }
        variables.extend(OTHER_VARIABLES.map(|(name, text)| (name.to_owned(), text.to_owned())));
        section(&mut roff, "ENVIRONMENT", &variables);
        section(&mut roff, "FILES", &FILES);
    }
    if cli::has_exit_codes(command.get_name()) {
        let mut codes = vec![("0".to_owned(), "success.".to_owned())];
        for (number, name, meaning) in cli::exit_codes() {
            codes.push((number.to_string(), format!("{name}: {meaning}.")));
        }
        section(&mut roff, "EXIT STATUS", &codes);
    }
    roff.to_writer(page)
}

fn section<S: AsRef<str>>(roff: &mut Roff, title: &str, entries: &[(S, S)]) {
    if entries.is_empty() {
        return;
    }
    roff.control("SH", [title]);
    for (tag, text) in entries {
        roff.control("TP", []);
        roff.text([bold(tag.as_ref())]);
        roff.text([roman(text.as_ref())]);
    }
}
