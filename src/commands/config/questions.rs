//! The questions of `config init` on a terminal, and the check of their answers.

use std::env;
use std::path::Path;

use super::profile_text::{extended, header, quoted};
use crate::commands::session;
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::parent;
use crate::secret::{Flaw, Secret, trimmed};
use crate::settings::{
    Flags, Origin, ProfileFile, Settings, Sources, built_in_names, resolve_with, variable_name,
};
use crate::{program, prompt};

/// The questions for one profile.
pub struct Questions<'a> {
    pub path: &'a Path,
    pub profile: &'a str,
    /// The content of the file, to which the profile is added.
    pub base: &'a str,
    /// The file's own environments.
    pub environments: &'a [String],
}

impl Questions<'_> {
    /// Asks until the credentials work, or the user does not want to check them; returns the
    /// profile's table.
    ///
    /// # Errors
    /// `usage` if the user cancels, `config` if the table does not fit into the file.
    pub fn ask(&self, console: &Console) -> Result<String, Error> {
        Console::log(&format!("Profile {} in {}", self.profile, self.path.display()));
        prompt::say("Ctrl-C cancels without writing.\n\n");
        loop {
            let answers = self.answers()?;
            let table = answers.table(self.profile);
            let file = extended(self.path, self.base, &table)?;
            let wants_check = prompt::confirm("Check key and secret now? This opens a session.")?;
            if !wants_check || self.check(&file, &answers, console) {
                return Ok(table);
            }
            prompt::say("\n");
        }
    }

    fn answers(&self) -> Result<Answers, Error> {
        let [production, _, staging, _] = built_in_names();
        let mut names = vec![production, staging];
        names.extend(self.environments.iter().map(String::as_str));
        let environment = names[prompt::choose("Environment:", &names)?].to_owned();
        let key = prompt::ask("API key: ", credential)?;
        let places = ["store it in the file", "get it from a command when it is needed (safer)"];
        let secret = match prompt::choose("How to keep the secret:", &places)? {
            0 => Source::Stored(Secret::from(prompt::ask_hidden("Secret (hidden): ", credential)?)),
            _ => Source::Command(self.command()?),
        };
        Ok(Answers { environment, key, secret })
    }

    fn command(&self) -> Result<Vec<String>, Error> {
        prompt::say(
            "A program that prints the secret, and its arguments, for example one of these:\n  \
             pass show smartextract\n  \
             op read op://Private/SmartExtract/secret\n  \
             security find-generic-password -s smartextract -w\n  \
             secret-tool lookup service smartextract\n  \
             pwsh -NoProfile -Command Get-Secret smartextract -AsPlainText\n",
        );
        prompt::ask("Command (not the secret itself): ", |answer| {
            if answer.contains(['"', '\'', '\\', '|', '<', '>', '$', ';', '&', '`', '~', '*', '('])
            {
                return Err(
                    "it runs without a shell: enter a program and plain arguments, or edit \
                            the file later",
                );
            }
            if answer.contains(char::is_control) {
                return Err("the answer contains a control character");
            }
            let words: Vec<String> = answer.split_whitespace().map(str::to_owned).collect();
            match &words[..] {
                [] => Err("the answer is empty"),
                // Somebody may have pasted the secret.
                [word] if !program::exists(word, parent(self.path)) => {
                    Err("this is not a program on this machine")
                }
                _ => Ok(words),
            }
        })
    }

    /// Whether to keep the answers: they work, or other answers would not help.
    fn check(&self, file: &ProfileFile, answers: &Answers, console: &Console) -> bool {
        let error = match self.settings(file) {
            Ok(settings) => match session::open(&settings, console) {
                Ok(_) => {
                    prompt::say("Key and secret are valid.\n");
                    return true;
                }
                Err(error) if answers.may_be_wrong(error.code()) => {
                    console.report(&error);
                    return false;
                }
                Err(error) => error,
            },
            Err(error) => error,
        };
        console.report(&error);
        prompt::say("Key and secret could not be checked.\n");
        true
    }

    /// The settings of the new file. Variables that would replace its key, secret or environment
    /// are ignored.
    fn settings(&self, file: &ProfileFile) -> Result<Settings, Error> {
        let replaced = ["env", "key", "secret", "secret_file"].map(variable_name);
        let flags = Flags::from([
            ("config".to_owned(), self.path.into()),
            ("profile".to_owned(), self.profile.into()),
        ]);
        let variable = |name: &str| {
            if replaced.iter().any(|replaced| replaced == name) { None } else { env::var_os(name) }
        };
        let sources = Sources { variable: &variable, ..Sources::from_env(&flags) };
        let mut settings = resolve_with(&sources, Some(file), Vec::new())?;
        // The profile is not in the file yet.
        settings.environment.origin = Origin::NewProfile;
        if let (Some(key), Some(secret)) = (&mut settings.key, &mut settings.secret) {
            key.origin = Origin::NewProfile;
            secret.origin = Origin::NewProfile;
        }
        Ok(settings)
    }
}

struct Answers {
    environment: String,
    key: String,
    secret: Source,
}

enum Source {
    Stored(Secret),
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
    fn table(&self, profile: &str) -> String {
        let (name, secret) = match &self.secret {
            Source::Stored(secret) => ("secret", quoted(secret.expose())),
            Source::Command(words) => ("secret_command", quoted(words)),
        };
        let (header, env, key) = (header(profile), quoted(&self.environment), quoted(&self.key));
        format!("{header}\nenv = {env}\nkey = {key}\n{name} = {secret}\n")
    }
}

fn credential(answer: &str) -> Result<String, &'static str> {
    match trimmed(answer) {
        Ok(text) => Ok(text.into()),
        Err(Flaw::Empty) => Err("the answer is empty"),
        Err(Flaw::Control(_)) => Err("the answer contains a control character"),
    }
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
            let [stored, command] =
                [Source::Stored(Secret::from(key.clone())), Source::Command(words.clone())];
            for (name, secret) in [("secret", stored), ("secret_command", command)] {
                let answers = Answers { environment: "staging".to_owned(), key: key.clone(), secret };
                let text = answers.table(&profile);
                let file = DeTable::parse(&text).unwrap();
                let table = file.get_ref()["profiles"].get_ref()[profile.as_str()].get_ref();
                prop_assert_eq!(table["key"].get_ref().as_str(), Some(key.as_str()));
                let value = table[name].get_ref();
                if let Some(found) = value.as_array() {
                    let found = found.iter().map(|word| word.get_ref().as_str().unwrap());
                    prop_assert!(found.eq(words.iter().map(String::as_str)));
                } else {
                    prop_assert_eq!(value.as_str(), Some(key.as_str()));
                }
            }
        }
    }
}
