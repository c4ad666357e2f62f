//! `config init`: a new profile, from questions on a terminal, otherwise as a commented example.
//! Nothing is replaced: the file is created, or the profile is added at its end.

use std::fs::DirBuilder;
use std::io::{self, IsTerminal};
use std::path::Path;

use super::profile_text::{extended, header};
use super::questions::Questions;
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::{append, check_append, parent, unwritable};
use crate::settings::{ProfileFile, exposure_warning, read_profile_file};

const EXAMPLE: &str = include_str!("../../../config.example.toml");

pub fn run(path: &Path, profile: &str, console: &Console) -> Result<u8, Error> {
    if profile.is_empty() || profile.contains(char::is_control) {
        return Err(Error::usage("invalid profile name"));
    }
    // A pipe, for example, can't be read to its end.
    if path.exists() && !path.is_file() {
        let message = format!("{} is not a regular file; nothing was changed", path.display());
        return Err(Error::config(message).hint("name another file with --config"));
    }
    let base = read_profile_file(path)?.unwrap_or_default();
    let file = ProfileFile::parse(path, base.clone())?;
    if file.profile_names().contains(&profile) {
        return Err(profile_exists(path, profile));
    }
    extended(path, &base, &header(profile))?;
    check_writable(path).map_err(unwritable(Code::Internal, path))?;
    let (text, next) = if io::stdin().is_terminal() && io::stderr().is_terminal() {
        let environments = file.environment_names();
        let questions = Questions { path, profile, base: &base, environments };
        let flag =
            if profile == "default" { String::new() } else { format!(" --profile {profile}") };
        (questions.ask(console)?, format!("smartextract token{flag}"))
    } else {
        example(profile, base.is_empty())
    };
    let written = add(path, &text)?;
    if let Some(warning) = exposure_warning(&written) {
        console.warn(warning);
    }
    console.notice(&format!("wrote {}; next: {next}", path.display()));
    Ok(0)
}

fn profile_exists(path: &Path, profile: &str) -> Error {
    let path = path.display();
    Error::config(format!("profile {profile} already exists in {path}; nothing was changed")).hint(
        format!("to replace its key or secret, edit {path}; to add another, use --profile NAME"),
    )
}

/// Checks that the file can be written, before anything is typed that could get lost. Creates its
/// directory, with mode 0700.
fn check_writable(path: &Path) -> io::Result<()> {
    let mut directory = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut directory, 0o700);
    directory.recursive(true).create(parent(path))?;
    check_append(path)
}

/// Without a terminal: the text to write, and which of its lines to edit. A new file gets the
/// example too, with every setting commented out.
fn example(profile: &str, is_new: bool) -> (String, String) {
    let mut text = String::new();
    if is_new {
        for line in EXAMPLE.lines() {
            let is_setting = !line.is_empty() && !line.starts_with('#');
            text.extend([if is_setting { "#" } else { "" }, line, "\n"]);
        }
        text.push('\n');
    }
    let header = header(profile);
    text.push_str(&header);
    text.push_str("\n# env = \"production\"\n# key = \"…\"\n# secret_command = [\"…\"]\n");
    (text, format!("set env, key and secret_command below {header}, and remove the # before them"))
}

/// Adds the text to the file as it is now, because it may have changed during the questions.
fn add(path: &Path, text: &str) -> Result<ProfileFile, Error> {
    let base = read_profile_file(path)?.unwrap_or_default();
    let file = extended(path, &base, text)?;
    let separator = if base.is_empty() { "" } else { "\n" };
    append(path, &[separator, text].concat()).map_err(unwritable(Code::Internal, path))?;
    Ok(file)
}
