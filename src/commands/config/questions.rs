//! The questions of `config init` on a terminal, and the check of their answers.

use std::env;
use std::path::Path;

use anyhow::Context;
use zeroize::Zeroizing;

use super::init::{appended, quoted, toml_key};
use super::prompt;
use crate::commands::session;
use crate::console::Console;
use crate::error::{Code, Error};
use crate::secret::{Flaw, trimmed};
use crate::settings::{
    Flags, ProfileFile, Settings, Sources, built_in_names, resolve_with, variable_name,
};

/// The questions for one profile.
pub struct Questions<'a> {
    pub path: &'a Path,
    pub profile: &'a str,
    /// The content of the file, to which the profile is added.
    pub base: &'a str,
    /// The custom environments to choose from.
    pub environments: &'a [String],
}

impl Questions<'_> {
    /// Asks until the credentials work, or the user does not want to check them; returns the
    /// profile's table.
    pub fn ask(&self, console: &Console) -> Result<Zeroizing<String>, Error> {
        let _guard = prompt::restore_on_signals().context("the terminal can't be used")?;
        Console::log(&format!("Profile {} in {}", self.profile, self.path.display()));
        prompt::say("Ctrl-C cancels without writing.\n\n");
        let environment = self.environment()?;
        loop {
            let key = prompt::ask("API key: ", credential)?;
            let secret = secret()?;
            let answers = Answers { environment: environment.clone(), key, secret };
            let table = answers.table(self.profile);
            let content = appended(self.path, self.base, &table)?;
            if !prompt::confirm("Check them now? This opens a session.")? {
                return Ok(table);
            }
            let settings = self.settings(&content);
            let is_resolved = settings.is_ok();
            match settings.and_then(|settings| session::open(&settings, console)) {
                Ok(_) => prompt::say("Key and secret are valid.\n"),
                Err(error) if is_resolved && answers.may_be_wrong(error.code()) => {
                    console.report(&error);
                    continue;
                }
                Err(error) => {
                    console.report(&error);
                    prompt::say("Key and secret could not be checked.\n");
                }
            }
            return Ok(table);
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

    /// The settings of the new file. Variables that would replace its key, secret or environment
    /// are ignored.
    fn settings(&self, content: &str) -> Result<Settings, Error> {
        let replaced = ["env", "key", "profile", "secret", "secret_file"].map(variable_name);
        let flags = Flags::from([
            ("config".to_owned(), self.path.into()),
            ("profile".to_owned(), self.profile.into()),
        ]);
        let variable = |name: &str| {
            if replaced.iter().any(|replaced| replaced == name) { None } else { env::var_os(name) }
        };
        let sources = Sources { variable: &variable, ..Sources::from_env(&flags) };
        let file = ProfileFile::parse(self.path, content.to_owned())?;
        resolve_with(&sources, Some(&file), Vec::new())
    }
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
    /// Whether other answers may help after a failed check.
    fn may_be_wrong(&self, code: Code) -> bool {
        match code {
            Code::InvalidCredentials
            | Code::KeyDisabled
            | Code::AccessDenied
            | Code::MissingCredentials => true,
            // The command failed.
            Code::Config => matches!(self.secret, Source::Command(_)),
            _ => false,
        }
    }

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

fn credential(answer: &str) -> Result<Zeroizing<String>, &'static str> {
    match trimmed(answer) {
        Ok(text) => Ok(text.into()),
        Err(Flaw::Empty) => Err("the answer is empty"),
        Err(Flaw::Control(_)) => Err("the answer contains a control character"),
    }
}

fn secret() -> Result<Source, Error> {
    prompt::say(
        "\nThe secret can be stored in the file. A command that prints it when it is needed is\n\
         safer, for example one of these:\n  \
         pass show smartextract\n  \
         op read op://Private/SmartExtract/secret\n  \
         security find-generic-password -s smartextract -w\n  \
         secret-tool lookup service smartextract\n  \
         pwsh -NoProfile -Command Get-Secret smartextract -AsPlainText\n\n",
    );
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
