//! The questions of `config init`. The error is `usage` if the user cancels, or `config` if the
//! profile does not fit into the file.

use std::env;
use std::path::Path;

use serde_json::Value;

use super::profile_text::{extended, table};
use crate::commands::session;
use crate::console::Console;
use crate::error::{Code, Error};
use crate::output::parent;
use crate::secret::trimmed;
use crate::settings::{
    BUILT_IN_NAMES, Flags, Origin, ProfileFile, Settings, Sources, resolve_with, variable_name,
};
use crate::{program, prompt};

pub struct Questions<'a> {
    pub path: &'a Path,
    pub profile: &'a str,
    pub base: &'a str,
    pub environments: Vec<&'a str>,
}

impl Questions<'_> {
    /// Asks until the credentials work or are not checked; returns the profile's table.
    pub fn ask(&self, console: &Console) -> Result<String, Error> {
        Console::log(&format!("Profile {} in {}", self.profile, self.path.display()));
        Console::log("Ctrl-C cancels without writing.");
        let mut environment = 0;
        loop {
            Console::log("");
            let text = table(self.profile, &self.answers(&mut environment)?);
            let file = extended(self.path, self.base, &text)?;
            if !prompt::confirm("Check key and secret now? This opens a session. [Y/n]: ")? {
                return Ok(text);
            }
            let session = self.settings(&file).map(|settings| session::open(&settings, console));
            let (Ok(Err(error)) | Err(error)) = &session else {
                Console::log("Key and secret are valid.");
                return Ok(text);
            };
            console.report(error);
            // Other answers would not help against an invalid setting, or a failed network or server.
            if session.is_err() || error.code().exit_code() >= Code::Network.exit_code() {
                Console::log("Key and secret could not be checked.");
                return Ok(text);
            }
        }
    }

    /// The settings of the profile, with their names. The environment's index is the default.
    fn answers(&self, environment: &mut usize) -> Result<[(&'static str, Value); 3], Error> {
        let [production, _, staging, _] = BUILT_IN_NAMES;
        let names = [&[production, staging], &self.environments[..]].concat();
        *environment = prompt::choose("Environment:", &names, *environment)?;
        let key = prompt::ask(|| prompt::read_line("API key: "), credential)?;
        let ways = ["store it in the file", "get it from a command when it is needed (safer)"];
        let secret = match prompt::choose("How to keep the secret:", &ways, 0)? {
            0 => ("secret", prompt::ask(prompt::read_secret, credential)?.into()),
            _ => ("secret_command", self.command()?.into()),
        };
        Ok([("env", names[*environment].into()), ("key", key.into()), secret])
    }

    fn command(&self) -> Result<Vec<String>, Error> {
        Console::log("A program that prints the secret, with its arguments, for example:");
        Console::log("  pass show smartextract");
        Console::log("  op read op://Private/SmartExtract/secret");
        let read = || prompt::read_line("Command (not the secret itself): ");
        prompt::ask(read, |answer| {
            if answer.contains(|c: char| c.is_control() || "\"'\\|<>$;&`~*(".contains(c)) {
                return Err("it runs without a shell: enter a program and plain arguments, or \
                            edit the file later");
            }
            let words: Vec<String> = answer.split_whitespace().map(str::to_owned).collect();
            match words.first() {
                None => Err("the answer is empty"),
                Some(program) if program::exists(program, parent(self.path)) => Ok(words),
                // It may be the secret, pasted here.
                Some(_) => Err("this is not a program on this machine"),
            }
        })
    }

    /// The settings with the new profile, whatever variables would replace its answers.
    fn settings(&self, file: &ProfileFile) -> Result<Settings, Error> {
        let flags = Flags::from([
            ("config".to_owned(), self.path.into()),
            ("profile".to_owned(), self.profile.into()),
        ]);
        let replaced = ["env", "key", "secret", "secret_file"].map(variable_name);
        let variable = |name: &str| match name {
            _ if replaced.iter().any(|replaced| replaced == name) => None,
            _ => env::var_os(name),
        };
        let sources = Sources { variable: &variable, ..Sources::from_env(&flags) };
        let mut settings = resolve_with(&sources, file)?;
        settings.environment.origin = Origin::NewProfile;
        if let (Some(key), Some(secret)) = (&mut settings.key, &mut settings.secret) {
            key.origin = Origin::NewProfile;
            secret.origin = Origin::NewProfile;
        }
        session::trusted(&settings)?;
        Ok(settings)
    }
}

fn credential(answer: &str) -> Result<String, &'static str> {
    trimmed(answer).map_err(|_| "the answer is empty or contains a control character")
}
