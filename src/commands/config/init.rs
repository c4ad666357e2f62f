//! `config init`: creates a profile, with questions on a terminal, otherwise as a commented
//! example. The file is replaced in one step, and existing profiles do not change.

use std::io::{self, IsTerminal};
use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use zeroize::Zeroizing;

use super::questions::Questions;
use crate::console::Console;
use crate::error::Error;
use crate::output::{check_directory, create_new_file, final_path, replace_file};
use crate::settings::{ProfileFile, exposure_warning, read_profile_file};

const EXAMPLE: &str = include_str!("../../../config.example.toml");

pub fn run(path: &Path, profile: Option<String>, console: &Console) -> Result<u8, Error> {
    check_regular(path)?;
    let existing = read_profile_file(path)?;
    let names_profile = profile.is_some();
    let profile = profile.unwrap_or_else(|| "default".to_owned());
    if profile.is_empty() || profile.contains(char::is_control) {
        return Err(Error::usage("invalid profile name"));
    }
    let environments = match &existing {
        None => Vec::new(),
        Some(_) if !names_profile => return Err(file_exists(path)),
        Some(text) => addable(path, text, &profile)?,
    };
    check_writable(path)?;
    let is_interactive = io::stdin().is_terminal() && io::stderr().is_terminal();
    let base = match existing.as_deref() {
        Some(text) => text,
        None if is_interactive => "",
        None => &commented_out(EXAMPLE),
    };
    let table = if is_interactive {
        Questions { path, profile: &profile, base, environments: &environments }.ask(console)?
    } else if names_profile {
        Zeroizing::new(placeholder(&profile))
    } else {
        Zeroizing::default()
    };
    match existing {
        Some(_) => add(path, &profile, &table)?,
        None => create(path, &appended(path, base, &table)?)?,
    }
    if let Some(text) = read_profile_file(path)? {
        if let Some(warning) = exposure_warning(&ProfileFile::parse(path, text)?) {
            console.warn(warning);
        }
    }
    let next = match (is_interactive, profile.as_str()) {
        (false, _) => "next: edit it to set key and secret".to_owned(),
        (true, "default") => "next: smartextract token".to_owned(),
        (true, profile) => format!("next: smartextract token --profile {profile}"),
    };
    console.notice(&format!("wrote {}; {next}", path.display()));
    Ok(0)
}

/// Checks that the file can be read to its end, unlike a pipe, and replaced.
fn check_regular(path: &Path) -> Result<(), Error> {
    if path.exists() && !path.is_file() {
        let message = format!("{} is not a regular file; nothing was changed", path.display());
        return Err(Error::config(message).hint("name another file with --config"));
    }
    Ok(())
}

/// Checks that the file can be written, before anything is typed that could get lost.
fn check_writable(path: &Path) -> Result<(), Error> {
    let failed = || format!("{} can't be written", path.display());
    let target = final_path(path).with_context(failed)?;
    let directory = target.ancestors().skip(1).find(|directory| directory.is_dir());
    Ok(check_directory(directory.unwrap_or(Path::new("."))).with_context(failed)?)
}

/// The environments of an existing file, if the profile can be added to the file.
fn addable(path: &Path, text: &str, profile: &str) -> Result<Vec<String>, Error> {
    let file = ProfileFile::parse(path, text.to_owned())?;
    if file.profile_names().contains(&profile) {
        let message = format!("profile {profile} already exists in {}", path.display());
        return Err(Error::config(message).hint("choose another name, or edit the file"));
    }
    Ok(file.environment_names().into_iter().map(str::to_owned).collect())
}

fn file_exists(path: &Path) -> Error {
    Error::config(format!("{} already exists; nothing was changed", path.display()))
        .hint("add a profile with --profile NAME, or run smartextract config show")
}

/// Adds the table to the file as it is now, because it may have changed during the questions.
fn add(path: &Path, profile: &str, table: &str) -> Result<(), Error> {
    let failed = || format!("{} can't be written", path.display());
    let target = final_path(path).with_context(failed)?;
    let metadata = target.metadata().with_context(failed)?;
    let text = read_profile_file(path)?.unwrap_or_default();
    addable(path, &text, profile)?;
    let content = appended(path, &text, table)?;
    Ok(replace_file(&target, &content, Some(&metadata)).with_context(failed)?)
}

fn create(path: &Path, content: &str) -> Result<(), Error> {
    match create_new_file(path, content) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(file_exists(path)),
        created => Ok(created.with_context(|| format!("{} can't be written", path.display()))?),
    }
}

/// The example with every setting commented out.
fn commented_out(example: &str) -> String {
    let lines = example.lines().map(|line| match line.chars().next() {
        None | Some('#') => format!("{line}\n"),
        Some(_) => format!("#{line}\n"),
    });
    lines.collect()
}

fn placeholder(profile: &str) -> String {
    format!(
        "[profiles.{}]\n# env = \"production\"\n# key = \"…\"\n# secret_command = [\"…\"]\n",
        toml_key(profile)
    )
}

/// The base with a table at its end, if that is a valid profile file.
pub fn appended(path: &Path, base: &str, table: &str) -> Result<Zeroizing<String>, Error> {
    let separator = match base {
        _ if table.is_empty() => "",
        "" => "",
        _ if base.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let content = Zeroizing::new([base, separator, table].concat());
    ProfileFile::parse(path, content.to_string()).map_err(|error| {
        Error::config(format!("{} can't be extended; nothing was changed", path.display()))
            .because(error.summary())
            .hint("add the profile by hand")
    })?;
    Ok(content)
}

/// A TOML key: bare if possible.
pub fn toml_key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if name.bytes().all(is_bare) { name.to_owned() } else { quoted(name).to_string() }
}

/// Strings without control characters have the same form in JSON and TOML.
pub fn quoted(value: &(impl Serialize + ?Sized)) -> Zeroizing<String> {
    Zeroizing::new(serde_json::to_string(value).expect("strings are always JSON"))
}
