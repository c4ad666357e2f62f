//! `config init`: creates a profile file, or adds a profile at its end.

use std::fs::DirBuilder;
use std::io::{self, IsTerminal};
use std::path::Path;

use super::profile_text::{extended, header};
use super::questions::Questions;
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::{append, check_append, parent, unwritable};
use crate::settings::{ProfileFile, exposure_warning, read_profile_file};

const EXAMPLE: &str = r#"
# production, staging, or the name of an [environments.NAME] in this file
# env = "production"
# key = "…"
# A program that prints the secret, and its arguments
# secret_command = ["pass", "show", "smartextract"]
"#;

pub fn run(path: &Path, profile: &str, console: &Console) -> Result<u8, Error> {
    if profile.is_empty() || profile.contains(char::is_control) {
        return Err(Error::usage("invalid profile name"));
    }
    let shown = path.display();
    // A pipe, for example, can't be read to its end.
    if path.exists() && !path.is_file() {
        return Err(Error::config(format!("{shown} is not a regular file; nothing was changed"))
            .hint("name another file with --config"));
    }
    let (base, file) = read_without(path, profile)?;
    let header = header(profile);
    extended(path, &base, &header)?;
    check_writable(path).map_err(unwritable(Code::Internal, path))?;
    let (text, next) = if io::stdin().is_terminal() && io::stderr().is_terminal() {
        let environments = file.environment_names();
        let text = Questions { path, profile, base: &base, environments }.ask(console)?;
        let is_default = profile == "default";
        let flag = if is_default { String::new() } else { format!(" --profile {profile}") };
        (text, format!("smartextract token{flag}"))
    } else {
        let lines = "set env, key and secret_command below";
        let next = format!("{lines} {header}, and remove the # before them");
        (header + EXAMPLE, next)
    };
    // It may have changed during the questions.
    let (base, _) = read_without(path, profile)?;
    if let Some(warning) = exposure_warning(&extended(path, &base, &text)?) {
        console.warn(warning);
    }
    let separator = if base.is_empty() { "" } else { "\n" };
    append(path, &[separator, &text].concat()).map_err(unwritable(Code::Internal, path))?;
    console.notice(&format!("wrote {shown}; next: {next}"));
    Ok(0)
}

fn read_without(path: &Path, profile: &str) -> Result<(String, ProfileFile), Error> {
    let text = read_profile_file(path)?.unwrap_or_default();
    let file = ProfileFile::parse(path, text.clone())?;
    if !file.profile_names().contains(&profile) {
        return Ok((text, file));
    }
    let shown = path.display();
    let message = format!("profile {profile} already exists in {shown}; nothing was changed");
    let hint =
        format!("to replace its key or secret, edit {shown}; to add another, use --profile NAME");
    Err(Error::config(message).hint(hint))
}

/// Checks that the file can be written, in a directory that may be new, before anything is typed.
fn check_writable(path: &Path) -> io::Result<()> {
    let mut directory = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut directory, 0o700);
    directory.recursive(true).create(parent(path))?;
    check_append(path)
}
