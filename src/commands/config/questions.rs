//! The questions of `config init` on a terminal, and the check of their answers.
//! The error is `usage` if the user cancels, or `config` if the profile does not fit into the file.

use std::env;
use std::path::Path;

use serde_json::Value;

use super::profile_text::{extended, table};
use crate::commands::session;
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::parent;
use crate::secret::{Flaw, trimmed};
use crate::settings::{
    BUILT_IN_NAMES, Flags, Origin, ProfileFile, Settings, Sources, resolve_with, variable_name,
};
use crate::{program, prompt};

/// The questions for one profile.
pub struct Questions<'a> {
    pub path: &'a Path,
    pub profile: &'a str,
    /// The content of the file, to which the profile is added.
    pub base: &'a str,
    /// The file's own environments.
    pub environments: Vec<&'a str>,
}

impl Questions<'_> {
    /// Asks until the credentials work, or the user does not want to check them; returns the
    /// profile's table.
    pub fn ask(&self, console: &Console) -> Result<String, Error> {
        Console::log(&format!("Profile {} in {}", self.profile, self.path.display()));
        prompt::say("Ctrl-C cancels without writing.\n\n");
        loop {
            let answers = self.answers()?;
            let text = table(self.profile, &answers);
            let file = extended(self.path, self.base, &text)?;
            if !prompt::confirm("Check key and secret now? This opens a session. [Y/n]: ")? {
                return Ok(text);
            }
            let settings = self.settings(&file);
            let Err(error) = settings.and_then(|settings| session::open(&settings, console)) else {
                prompt::say("Key and secret are valid.\n");
                return Ok(text);
            };
            console.report(&error);
            let is_rejected = match error.code() {
                Code::InvalidCredentials | Code::KeyDisabled | Code::AccessDenied => true,
                // The command failed, or printed nothing.
                Code::Config | Code::MissingCredentials => answers[2].0 == "secret_command",
                _ => false,
            };
            if !is_rejected {
                prompt::say("Key and secret could not be checked.\n");
                return Ok(text);
            }
            prompt::say("\n");
        }
    }

    /// The settings of the profile, with their names.
    fn answers(&self) -> Result<[(&'static str, Value); 3], Error> {
        let [production, _, staging, _] = BUILT_IN_NAMES;
        let names = [&[production, staging], &self.environments[..]].concat();
        let environment = names[prompt::choose("Environment:", &names)?];
        let key = prompt::ask(|| prompt::read_line("API key: "), credential)?;
        let ways = ["store it in the file", "get it from a command when it is needed (safer)"];
        let secret = match prompt::choose("How to keep the secret:", &ways)? {
            0 => ("secret", prompt::ask(prompt::read_secret, credential)?.into()),
            _ => ("secret_command", self.command()?.into()),
        };
        Ok([("env", environment.into()), ("key", key.into()), secret])
    }

    fn command(&self) -> Result<Vec<String>, Error> {
        prompt::say(
            "A program that prints the secret, with its arguments, for example one of these:\n  \
             pass show smartextract\n  \
             op read op://Private/SmartExtract/secret\n  \
             security find-generic-password -s smartextract -w\n  \
             secret-tool lookup service smartextract\n",
        );
        let read = || prompt::read_line("Command (not the secret itself): ");
        prompt::ask(read, |answer| {
            if answer.contains(|c: char| c.is_control() || "\"'\\|<>$;&`~*(".contains(c)) {
                return Err("it runs without a shell: enter a program and plain arguments, or \
                            edit the file later");
            }
            let words: Vec<String> = answer.split_whitespace().map(str::to_owned).collect();
            let Some(program) = words.first() else { return Err("the answer is empty") };
            // It may be the secret, pasted here.
            if !program::exists(program, parent(self.path)) {
                return Err("this is not a program on this machine");
            }
            Ok(words)
        })
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
        let mut settings = resolve_with(&sources, file)?;
        // The profile is not in the file yet.
        settings.environment.origin = Origin::NewProfile;
        if let (Some(key), Some(secret)) = (&mut settings.key, &mut settings.secret) {
            key.origin = Origin::NewProfile;
            secret.origin = Origin::NewProfile;
        }
        Ok(settings)
    }
}

fn credential(answer: &str) -> Result<String, &'static str> {
    trimmed(answer).map_err(|flaw| match flaw {
        Flaw::Empty => "the answer is empty",
        Flaw::Control(_) => "the answer contains a control character",
    })
}
