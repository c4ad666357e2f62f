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

/// The date of this version, as in the changelog.
const RELEASED: &str = "2026-11-23";

const VARIABLES: [(&str, &str); 6] = [
    ("SMARTEXTRACT_...", "Each setting: SMARTEXTRACT_KEY is the same as --key."),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "Trust store to use instead of the operating system's."),
    ("HTTPS_PROXY, ALL_PROXY", "Proxy, unless --proxy or SMARTEXTRACT_PROXY names one."),
    ("NO_PROXY", "Hosts that bypass the proxy, unless it is given with --proxy."),
    ("GITHUB_ENV, GITHUB_OUTPUT", "Files that the formats of these names append to."),
    ("NO_COLOR", "Disables colors."),
];

pub fn run(dir: Option<&Path>) -> Result<u8, Error> {
    let mut program = cli::command().disable_help_subcommand(true);
    program.build();
    match dir {
        Some(dir) if dir != Path::new("-") => {
            let written = fs::create_dir_all(dir).and_then(|()| write_pages(dir, &program));
            written.with_context(|| format!("{} can't be written", dir.display()))?;
        }
        _ => Console::print(page(&program).expect("a Vec accepts all writes"))?,
    }
    Ok(0)
}

fn write_pages(dir: &Path, command: &Command) -> io::Result<()> {
    fs::write(dir.join(format!("{}.1", name(command))), page(command)?)?;
    command.get_subcommands().try_for_each(|command| write_pages(dir, command))
}

fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

/// The page. Its title has the version, and own sections have the help's text after the options.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let none = None::<&'static str>;
    let man = Man::new(command.clone().version(none).after_help(none).after_long_help(none))
        .title(name(command))
        .source(concat!("smartextract ", env!("CARGO_PKG_VERSION")))
        .date(RELEASED)
        .manual("User Commands");
    let mut page = Vec::new();
    man.render(&mut page)?;
    own_sections(command).to_writer(&mut page)?;
    Ok(page)
}

fn own_sections(command: &Command) -> Roff {
    let mut roff = Roff::default();
    let examples = cli::examples(command.get_name());
    if !examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
    }
    for (line, purpose) in examples {
        entry(&mut roff, line, purpose);
    }
    if name(command) == "smartextract" {
        roff.control("SH", ["ENVIRONMENT"]);
        for (names, meaning) in VARIABLES {
            entry(&mut roff, names, meaning);
        }
        roff.control("SH", ["FILES"]);
        let meaning = "Profile file on Linux. smartextract config path prints its path everywhere.";
        entry(&mut roff, "~/.config/smartextract/config.toml", meaning);
    }
    if cli::has_exit_codes(command.get_name()) {
        roff.control("SH", ["EXIT STATUS"]);
        entry(&mut roff, "0", "success.");
        for (number, name, meaning) in cli::exit_codes() {
            entry(&mut roff, &number.to_string(), &format!("{name}: {meaning}."));
        }
    }
    roff
}

fn entry(roff: &mut Roff, tag: &str, text: &str) {
    roff.control("TP", []);
    roff.text([bold(tag)]);
    roff.text([roman(text)]);
}
