//! `man`: the manual, from the same definitions as the help.

use std::fs;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli;
use crate::console::Console;
use crate::error::{Code, Error};
use crate::settings::TABLE;

/// The day of this version, as the changelog has it.
const RELEASED: &str = "2026-11-23";

/// Prints the program's page, or writes one page a command into the folder.
pub fn run(folder: Option<&Path>) -> Result<u8, Error> {
    let mut program = cli::command();
    program.build();
    let Some(folder) = folder else {
        Console::print(page(&program))?;
        return Ok(0);
    };
    let written = fs::create_dir_all(folder).and_then(|()| write_pages(folder, &program));
    written.map_err(|error| {
        Error::new(Code::Internal, format!("{} can't be written", folder.display())).cause(error)
    })?;
    Ok(0)
}

fn write_pages(folder: &Path, command: &Command) -> std::io::Result<()> {
    fs::write(folder.join(format!("{}.1", name(command))), page(command))?;
    command.get_subcommands().try_for_each(|command| write_pages(folder, command))
}

/// The command with those above it, joined by hyphens: the name of its page.
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
    let drawn = man
        .render_title(&mut page)
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| man.render_synopsis_section(&mut page))
        .and_then(|()| man.render_description_section(&mut page))
        .and_then(|()| man.render_options_section(&mut page))
        .and_then(|()| match command.get_subcommands().next() {
            Some(_) => man.render_subcommands_section(&mut page),
            None => Ok(()),
        });
    drawn.expect("a buffer takes all");
    examples(&mut roff, command.get_name());
    if is_program {
        environment(&mut roff);
        files(&mut roff);
    }
    if is_program || ["token", "exec", "emulator"].contains(&command.get_name()) {
        exit_status(&mut roff);
    }
    page.extend(roff.render().into_bytes());
    String::from_utf8_lossy(&page).into_owned()
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
    for (line, what) in examples {
        entry(roff, vec![bold(*line)], (*what).to_owned());
    }
}

fn environment(roff: &mut Roff) {
    section(roff, "ENVIRONMENT");
    for spec in &TABLE {
        if let (Some(variable), Some(flag)) = (spec.variable, &spec.flag) {
            entry(roff, vec![bold(variable)], format!("The same as --{}.", flag.long));
        }
    }
    for (names, text) in [
        ("SSL_CERT_FILE, SSL_CERT_DIR", "A trust store instead of the operating system's."),
        ("HTTPS_PROXY, ALL_PROXY", "The proxy, where none of the above names one."),
        ("NO_PROXY", "Hosts that are reached without a proxy, unless it is given as a flag."),
        ("GITHUB_ENV, GITHUB_OUTPUT", "The files that the formats of these names append to."),
        ("NO_COLOR", "No colours."),
    ] {
        entry(roff, vec![bold(names)], text.to_owned());
    }
}

fn files(roff: &mut Roff) {
    section(roff, "FILES");
    for (path, text) in [
        (
            "~/.config/smartextract/config.toml",
            "The profile file on Linux ($XDG_CONFIG_HOME counts).",
        ),
        ("~/Library/Application Support/smartextract/config.toml", "The profile file on macOS."),
    ] {
        entry(roff, vec![italic(path)], text.to_owned());
    }
}

fn exit_status(roff: &mut Roff) {
    section(roff, "EXIT STATUS");
    entry(roff, vec![bold("0")], "It worked.".to_owned());
    for code in Code::ALL {
        let text = format!("{}: {}.", code.name(), code.meaning());
        entry(roff, vec![bold(code.exit_code().to_string())], text);
    }
}
