//! `man`: the manual, from the same definitions as the help.

use std::fs;
use std::path::Path;

use anyhow::Context;
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli;
use crate::console::Console;
use crate::error::{CODES, Error};
use crate::settings::variable_name;

/// The date of this version, as in the changelog.
const RELEASED: &str = "2026-11-23";

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

fn write_pages(dir: &Path, command: &Command) -> std::io::Result<()> {
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
    let mut roff = Roff::default();
    let is_program = name(command) == "smartextract";
    let rendered = man
        .render_title(&mut page)
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| man.render_synopsis_section(&mut page))
        .and_then(|()| man.render_description_section(&mut page))
        .and_then(|()| man.render_options_section(&mut page))
        .and_then(|()| match command.get_subcommands().next() {
            Some(_) => man.render_subcommands_section(&mut page),
            None => Ok(()),
        });
    rendered.expect("a Vec accepts all writes");
    examples(&mut roff, command.get_name());
    if is_program {
        environment(&mut roff);
        files(&mut roff);
    }
    if cli::has_exit_codes(command.get_name()) {
        exit_status(&mut roff);
    }
    page.extend(roff.render().into_bytes());
    // roff would join the lines of a list.
    String::from_utf8_lossy(&page).replace("\n\\- ", "\n.br\n\\- ")
}

fn section(roff: &mut Roff, title: &str) {
    roff.control("SH", [title]);
}

/// A tagged paragraph.
fn entry(roff: &mut Roff, tag: Vec<Inline>, text: String) {
    roff.control("TP", []);
    roff.text(tag);
    roff.text([roman(text)]);
}

fn examples(roff: &mut Roff, command: &str) {
    let examples = cli::examples(command);
    if !examples.is_empty() {
        section(roff, "EXAMPLES");
    }
    for (line, purpose) in examples {
        entry(roff, vec![bold(*line)], (*purpose).to_owned());
    }
}

fn environment(roff: &mut Roff) {
    section(roff, "ENVIRONMENT");
    for name in cli::setting_names() {
        let flag = name.replace('_', "-");
        entry(roff, vec![bold(variable_name(&name))], format!("The same as --{flag}."));
    }
    for (names, text) in [
        ("SSL_CERT_FILE, SSL_CERT_DIR", "Trust store to use instead of the operating system's."),
        ("HTTPS_PROXY, ALL_PROXY", "Proxy, if none of the variables above names one."),
        ("NO_PROXY", "Hosts that bypass the proxy, unless it is given with --proxy."),
        ("GITHUB_ENV, GITHUB_OUTPUT", "Files that the formats of these names append to."),
        ("NO_COLOR", "Disables colors."),
        ("SMARTEXTRACT_COMPLETE", "Set by the completion scripts; do not set it yourself."),
    ] {
        entry(roff, vec![bold(names)], text.to_owned());
    }
}

fn files(roff: &mut Roff) {
    section(roff, "FILES");
    for (path, text) in [
        (
            "~/.config/smartextract/config.toml",
            "Profile file on Linux; $XDG_CONFIG_HOME replaces ~/.config.",
        ),
        ("~/Library/Application Support/smartextract/config.toml", "Profile file on macOS."),
        (
            "smartextract\\config.toml in the Known Folder RoamingAppData",
            "Profile file on Windows, usually C:\\Users\\NAME\\AppData\\Roaming\\smartextract.",
        ),
    ] {
        entry(roff, vec![italic(path)], text.to_owned());
    }
}

fn exit_status(roff: &mut Roff) {
    section(roff, "EXIT STATUS");
    entry(roff, vec![bold("0")], "success.".to_owned());
    for (_, number, name, meaning) in CODES {
        entry(roff, vec![bold(number.to_string())], format!("{name}: {meaning}."));
    }
}
