//! `config init`: creates a profile, with questions on a terminal, otherwise as a commented example.
//! The file is replaced in one step, and existing profiles do not change.

use std::env;
use std::io::{self, IsTerminal};
use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use zeroize::Zeroizing;

use super::prompt;
use crate::commands::session;
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::{create_new_file, final_path, replace_file};
use crate::secret::{Flaw, trimmed};
use crate::settings::{
    Flags, SettingName, Sources, built_in_names, parse_profile_file, read_profile_file,
    resolve_with,
};

const EXAMPLE: &str = include_str!("../../../config.example.toml");

pub fn run(path: &Path, profile: Option<String>, console: &Console) -> Result<u8, Error> {
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
    let is_interactive = io::stdin().is_terminal() && io::stderr().is_terminal();
    let base = match existing.as_deref() {
        Some(text) => text,
        None if is_interactive => "",
        None => &commented_out(EXAMPLE),
    };
    let content = if is_interactive {
        Questions { path, profile: &profile, base, environments: &environments }.ask(console)?
    } else if names_profile {
        appended(path, base, &placeholder(&profile))?
    } else {
        Zeroizing::new(base.to_owned())
    };
    write(path, &content, existing.is_some())?;
    let next = match (is_interactive, profile.as_str()) {
        (false, _) => "next: edit it to set key and secret".to_owned(),
        (true, "default") => "next: smartextract token".to_owned(),
        (true, profile) => format!("next: smartextract token --profile {profile}"),
    };
    console.notice(&format!("wrote {}; {next}", path.display()));
    Ok(0)
}

/// The environments of an existing file, if the profile can be added to the file.
fn addable(path: &Path, text: &str, profile: &str) -> Result<Vec<String>, Error> {
    let file = parse_profile_file(path, text)?;
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

fn write(path: &Path, content: &str, exists: bool) -> Result<(), Error> {
    let failed = || format!("{} can't be written", path.display());
    if exists {
        let target = final_path(path).with_context(failed)?;
        let metadata = target.metadata().with_context(failed)?;
        return Ok(replace_file(&target, content, Some(&metadata)).with_context(failed)?);
    }
    match create_new_file(path, content) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(file_exists(path)),
        created => Ok(created.with_context(failed)?),
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
fn appended(path: &Path, base: &str, table: &str) -> Result<Zeroizing<String>, Error> {
    let separator = match base {
        "" => "",
        _ if base.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let content = Zeroizing::new([base, separator, table].concat());
    parse_profile_file(path, &content).map_err(|error| {
        Error::config(format!("{} can't be extended; nothing was changed", path.display()))
            .because(error.summary())
            .hint("add the profile by hand")
    })?;
    Ok(content)
}

/// The questions for one profile.
struct Questions<'a> {
    path: &'a Path,
    profile: &'a str,
    base: &'a str,
    /// The custom environments to choose from.
    environments: &'a [String],
}

impl Questions<'_> {
    /// Asks until the credentials work, or the user does not want to check them.
    fn ask(&self, console: &Console) -> Result<Zeroizing<String>, Error> {
        let _guard = prompt::restore_on_signals().context("the terminal can't be used")?;
        Console::log(&format!("Profile {} in {}", self.profile, self.path.display()));
        prompt::say("Ctrl-C cancels without writing.\n\n");
        let environment = self.environment()?;
        loop {
            let key = prompt::ask("API key: ", credential)?;
            let secret = secret()?;
            let answers = Answers { environment: environment.clone(), key, secret };
            let content = appended(self.path, self.base, &answers.table(self.profile))?;
            if !prompt::confirm("Check them now? This opens a session.")? {
                return Ok(content);
            }
            match self.check(&content, console) {
                Ok(()) => {
                    prompt::say("Key and secret are valid.\n");
                    return Ok(content);
                }
                Err(error) if is_rejection(error.code()) => console.report(&error),
                Err(error) => {
                    console.report(&error);
                    prompt::say("Key and secret could not be checked.\n");
                    return Ok(content);
                }
            }
        }
    }

    fn environment(&self) -> Result<String, Error> {
        let custom = self.environments.iter().map(String::as_str);
        let known: Vec<&str> = built_in_names().into_iter().chain(custom).collect();
        prompt::ask("Environment, production or staging [production]: ", |answer| {
            let name = if answer.is_empty() { "production" } else { answer };
            known.contains(&name).then(|| name.to_owned()).ok_or("unknown environment")
        })
    }

    /// Opens a session with the settings of the new file. Variables that would replace its key,
    /// secret or environment are ignored.
    fn check(&self, content: &str, console: &Console) -> Result<(), Error> {
        use SettingName::{Env, Key, Profile, Secret, SecretFile};
        let replaced = [Env, Key, Profile, Secret, SecretFile].map(|name| name.spec().variable);
        let flags = Flags(vec![
            (SettingName::Config, self.path.into()),
            (SettingName::Profile, self.profile.into()),
        ]);
        let variable = |name: &str| env::var_os(name).filter(|_| !replaced.contains(&Some(name)));
        let sources = Sources { variable: &variable, ..Sources::from_env(&flags) };
        let file = parse_profile_file(self.path, content)?;
        let settings = resolve_with(&sources, Some(&file))?.complete()?;
        session::open(&settings, console).map(drop)
    }
}

/// Whether other answers could fix the error.
const fn is_rejection(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidCredentials
            | Code::KeyDisabled
            | Code::AccessDenied
            | Code::MissingCredentials
            | Code::Config
    )
}

struct Answers {
    environment: String,
    key: Zeroizing<String>,
    secret: Source,
}

enum Source {
    Stored(Zeroizing<String>),
    Command(Vec<String>),
}

impl Answers {
    /// The answers as a TOML table.
    fn table(&self, profile: &str) -> Zeroizing<String> {
        let (name, secret) = match &self.secret {
            Source::Stored(secret) => ("secret", quoted(&**secret)),
            Source::Command(words) => ("secret_command", quoted(words)),
        };
        Zeroizing::new(format!(
            "[profiles.{}]\nenv = {}\nkey = {}\n{name} = {}\n",
            toml_key(profile),
            *quoted(&self.environment),
            *quoted(&*self.key),
            *secret
        ))
    }
}

/// A TOML key: bare if possible.
fn toml_key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if name.bytes().all(is_bare) { name.to_owned() } else { quoted(name).to_string() }
}

/// Strings without control characters have the same form in JSON and TOML.
fn quoted(value: &(impl Serialize + ?Sized)) -> Zeroizing<String> {
    Zeroizing::new(serde_json::to_string(value).expect("strings are always JSON"))
}

fn credential(answer: &str) -> Result<Zeroizing<String>, &'static str> {
    match trimmed(answer) {
        Ok((text, _)) => Ok(text),
        Err(Flaw::Empty) => Err("the answer is empty"),
        Err(Flaw::Control(_)) => Err("the answer contains a control character"),
    }
}

fn secret() -> Result<Source, Error> {
    let file = if cfg!(unix) { "the file, which only you can read" } else { "the file" };
    prompt::say(&format!(
        "\nThe secret can be stored in {file}. A command that prints it when it is needed is\n\
         safer, for example one of these:\n  \
         pass show smartextract\n  \
         op read op://Private/SmartExtract/secret\n  \
         security find-generic-password -s smartextract -w\n  \
         secret-tool lookup service smartextract\n  \
         pwsh -NoProfile -Command Get-Secret smartextract -AsPlainText\n\n",
    ));
    let command = prompt::ask("Command (empty: store the secret): ", |answer| {
        if answer.contains(['"', '\'', '\\', '|', '<', '>', '$', ';', '&', '`', '~', '*', '(']) {
            return Err(
                "it runs without a shell: enter a program and plain arguments, or edit the \
                        file later",
            );
        }
        if answer.contains(char::is_control) {
            return Err("the answer contains a control character");
        }
        Ok(answer.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    })?;
    if command.is_empty() {
        return prompt::ask_hidden("Secret (hidden): ", credential).map(Source::Stored);
    }
    Ok(Source::Command(command))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toml::de::DeTable;

    use super::*;

    proptest! {
        #[test]
        fn all_answers_read_back_from_the_file(
            profile in "\\PC+",
            key in "\\PC+",
            words in proptest::collection::vec("\\PC+", 1..4),
        ) {
            for secret in [
                Source::Stored(Zeroizing::new(words[0].clone())),
                Source::Command(words.clone()),
            ] {
                let is_stored = matches!(secret, Source::Stored(_));
                let environment = "staging".to_owned();
                let key = Zeroizing::new(key.clone());
                let text = Answers { environment, key: key.clone(), secret }.table(&profile);
                let file = DeTable::parse(&text).unwrap();
                let table = file.get_ref()["profiles"].get_ref()[profile.as_str()].get_ref();
                prop_assert_eq!(table["key"].get_ref().as_str(), Some(key.as_str()));
                if is_stored {
                    prop_assert_eq!(table["secret"].get_ref().as_str(), Some(words[0].as_str()));
                } else {
                    let found = table["secret_command"].get_ref().as_array().unwrap();
                    let found = found.iter().map(|word| word.get_ref().as_str().unwrap());
                    prop_assert!(found.eq(words.iter().map(String::as_str)));
                }
            }
        }
    }
}
