//! Where a secret can come from, and how it is read. The error is `missing_credentials` if it is
//! empty, else `config`.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::origin::{Origin, Setting};
use crate::error::{Code, Error};
use crate::secret::{Secret, trimmed, without_final_newline};
use crate::{program, prompt};

const MAX_BYTES: u64 = 64 * 1024;

#[derive(Clone)]
pub enum SecretSource {
    Value(Secret),
    File(PathBuf),
    StandardInput,
    Command(Vec<String>),
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("(hidden)"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::StandardInput => f.write_str("standard input"),
            // Without its arguments, which may be as confidential as the secret.
            Self::Command(words) => write!(f, "command {}", program_name(words)),
        }
    }
}

/// The program of a `secret_command`, for messages. A single word that is no program may be the
/// secret itself.
fn program_name(words: &[String]) -> &str {
    match words {
        [word] if !program::exists(word, Path::new("")) => "(hidden)",
        _ => &words[0],
    }
}

impl Setting<SecretSource> {
    /// Reads the secret, with a warning if white space was removed.
    pub fn read(&self) -> Result<(Secret, Option<String>), Error> {
        let text = match &self.value {
            SecretSource::Value(secret) => return Ok((secret.clone(), None)),
            SecretSource::File(path) => File::open(path).and_then(read_limited),
            SecretSource::StandardInput if io::stdin().is_terminal() => prompt::read_secret(),
            SecretSource::StandardInput => read_limited(io::stdin().lock()),
            SecretSource::Command(words) => Ok(output_of(words, &self.origin)?),
        };
        let source = format!("{} ({})", self.value, self.origin);
        let text = text.map_err(|error| {
            Error::config(format!("the secret can't be read: {source}")).cause(error).hint(
                "check path and permissions; UTF-8 text (not UTF-16) of up to 64 KiB is expected",
            )
        })?;
        clean(without_final_newline(&text), &source, "secret")
    }
}

/// A key or a secret without surrounding white space, with a warning if there was any.
pub fn clean<T: From<String>>(
    text: &str,
    source: &str,
    what: &str,
) -> Result<(T, Option<String>), Error> {
    let value = trimmed(text).map_err(|flaw| {
        let is_empty = text.trim().is_empty();
        let code = if is_empty { Code::MissingCredentials } else { Code::Config };
        Error::new(code, format!("the {what} {flaw}: {source}"))
            .hint(format!("set the {what} again, as one line of text"))
    })?;
    if value.len() == text.len() {
        return Ok((T::from(value), None));
    }
    let warning = format!("white space around the {what} was removed: {source}");
    Ok((T::from(value), Some(warning)))
}

fn read_limited(input: impl Read) -> io::Result<String> {
    let mut text = String::new();
    if input.take(MAX_BYTES + 1).read_to_string(&mut text)? as u64 > MAX_BYTES {
        return Err(io::Error::other("larger than 64 KiB"));
    }
    Ok(text)
}

/// Runs the program with our standard input and standard error, and reads what it prints.
fn output_of(words: &[String], origin: &Origin) -> Result<String, Error> {
    let name = program_name(words);
    let failed = |what: &str| Error::config(format!("secret_command: {name} {what} ({origin})"));
    let mut command = program::command(words[0].as_ref(), &program::search_path());
    let child = command.args(&words[1..]).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| {
        failed("can't be run").cause(error).hint(
            "write the program and each argument as a separate string, [\"pass\", \"show\"]; \
             a secret itself belongs to the key secret",
        )
    })?;
    // A program that prints more than the limit ends at its closed pipe.
    let text = read_limited(child.stdout.take().expect("stdout is piped above"));
    let text = text.map_err(|error| {
        failed("printed no secret").cause(error).hint("it must print the secret and nothing else")
    })?;
    let status = child.wait().map_err(|error| failed("can't be waited for").cause(error))?;
    let how = match status.code() {
        Some(0) => return Ok(text),
        Some(code) => format!("ended with exit code {code}"),
        None => format!("was ended by a {status}"),
    };
    Err(failed(&how).hint(format!("see the output of {name} above")))
}
