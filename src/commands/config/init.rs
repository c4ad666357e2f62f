//! `config init`: a new profile, from questions on a terminal, otherwise as a commented example.
//! Nothing is replaced: the file is created, or the profile is added at its end.

use std::fs::{DirBuilder, OpenOptions, remove_file};
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::Context;

use super::profile_text::{extended, header};
use super::questions::Questions;
use crate::console::Console;
use crate::error::Error;
use crate::output::{append, appendable, check_directory, parent};
use crate::settings::{ProfileFile, exposure_warning, read_profile_file};

const EXAMPLE: &str = include_str!("../../../config.example.toml");

pub fn run(path: &Path, profile: Option<&str>, console: &Console) -> Result<u8, Error> {
    let name = profile.unwrap_or("default");
    if name.is_empty() || name.contains(char::is_control) {
        return Err(Error::usage("invalid profile name"));
    }
    check_regular(path)?;
    let is_interactive = io::stdin().is_terminal() && io::stderr().is_terminal();
    let existing = read_profile_file(path)?;
    let environments = match &existing {
        // Without a name there is only the example to write.
        Some(_) if profile.is_none() && !is_interactive => return Err(file_exists(path)),
        Some(text) => check_addable(path, text, name)?,
        None => Vec::new(),
    };
    check_writable(path)?;
    let (text, next) = if is_interactive {
        let base: &str = match &existing {
            Some(text) => text,
            None => "",
        };
        let questions = Questions { path, profile: name, base, environments: &environments };
        (questions.ask(console)?, next_command(name))
    } else {
        example(profile, existing.is_some())
    };
    match existing {
        Some(_) => add(path, &text)?,
        None => create(path, &text)?,
    }
    if let Some(text) = read_profile_file(path)? {
        if let Some(warning) = exposure_warning(&ProfileFile::parse(path, text)?) {
            console.warn(warning);
        }
    }
    console.notice(&format!("wrote {}; next: {next}", path.display()));
    Ok(0)
}

fn next_command(profile: &str) -> String {
    match profile {
        "default" => "smartextract token".to_owned(),
        _ => format!("smartextract token --profile {profile}"),
    }
}

/// Without a terminal: the text to write, and which of its lines to edit.
fn example(profile: Option<&str>, has_file: bool) -> (String, String) {
    let mut text = if has_file { String::new() } else { commented_out(EXAMPLE) };
    let table = match profile {
        Some(name) => header(name),
        None => "[profiles.staging]".to_owned(),
    };
    let edit = "remove the # before env, key and secret_command";
    let next = match profile {
        Some(_) => {
            let lines = "\n# env = \"production\"\n# key = \"…\"\n# secret_command = [\"…\"]\n";
            text.extend([if has_file { "" } else { "\n" }, &table, lines]);
            format!("below {table}, {edit} and set your values")
        }
        None => format!("{edit} of {table}, before {table} and default_profile; set your values"),
    };
    (text, next)
}

/// The example with every setting commented out.
fn commented_out(example: &str) -> String {
    let lines = example.lines().map(|line| match line.chars().next() {
        None | Some('#') => format!("{line}\n"),
        Some(_) => format!("#{line}\n"),
    });
    lines.collect()
}

/// Checks that the file can be read to its end, unlike a pipe.
fn check_regular(path: &Path) -> Result<(), Error> {
    if path.exists() && !path.is_file() {
        let message = format!("{} is not a regular file; nothing was changed", path.display());
        return Err(Error::config(message).hint("name another file with --config"));
    }
    Ok(())
}

/// Checks that the profile can be added to the file; returns the file's environments.
fn check_addable(path: &Path, text: &str, profile: &str) -> Result<Vec<String>, Error> {
    let file = ProfileFile::parse(path, text.to_owned())?;
    if file.profile_names().contains(&profile) {
        let path = path.display();
        let message = format!("profile {profile} already exists in {path}; nothing was changed");
        return Err(Error::config(message).hint(format!(
            "to replace its key or secret, edit {path}; to add another profile, use --profile NAME"
        )));
    }
    extended(path, text, &header(profile))?;
    Ok(file.environment_names().into_iter().map(str::to_owned).collect())
}

/// Checks that the file can be written, before anything is typed that could get lost.
fn check_writable(path: &Path) -> Result<(), Error> {
    let checked = if path.exists() {
        appendable().open(path).map(drop)
    } else {
        let directory = path.ancestors().skip(1).find(|directory| directory.is_dir());
        check_directory(directory.unwrap_or(Path::new(".")))
    };
    Ok(checked.with_context(|| unwritable(path))?)
}

/// Adds the table to the file as it is now, because it may have changed during the questions.
fn add(path: &Path, table: &str) -> Result<(), Error> {
    let text = read_profile_file(path)?.unwrap_or_default();
    extended(path, &text, table)?;
    Ok(append(path, &format!("\n{table}")).with_context(|| unwritable(path))?)
}

/// Creates the file with mode 0600, and a missing directory with mode 0700.
fn create(path: &Path, text: &str) -> Result<(), Error> {
    let (mut directory, mut file) = (DirBuilder::new(), OpenOptions::new());
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut directory, 0o700);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    let created = directory.recursive(true).create(parent(path));
    created.with_context(|| unwritable(path))?;
    let written = match file.write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).inspect_err(|_| {
            let _ = remove_file(path);
        }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(file_exists(path));
        }
        Err(error) => Err(error),
    };
    Ok(written.with_context(|| unwritable(path))?)
}

fn file_exists(path: &Path) -> Error {
    let path = path.display();
    Error::config(format!("{path} already exists; nothing was changed"))
        .hint(format!("edit {path}, or add a profile with --profile NAME"))
}

fn unwritable(path: &Path) -> String {
    format!("{} can't be written", path.display())
}
