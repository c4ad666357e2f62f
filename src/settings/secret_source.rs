//! Where a secret can come from, and how it is read.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use super::origin::{Origin, Setting};
use crate::error::{Code, Error};
use crate::secret::{Flaw, Secret, trimmed, without_final_newline};
use crate::{program, prompt};

/// Far above any real secret.
const MAX_BYTES: u64 = 64 * 1024;

/// A secret, or where to read it.
#[derive(Clone)]
pub enum SecretSource {
    Value(Secret),
    File(PathBuf),
    StandardInput,
    /// Program and arguments, run without a shell.
    Command(Vec<String>),
}

impl SecretSource {
    /// The file at this path; `-` is standard input.
    pub fn from_path(path: PathBuf) -> Self {
        if path == Path::new("-") { Self::StandardInput } else { Self::File(path) }
    }
}

/// The program of a `secret_command`, for messages. A single word that is no program may be the
/// secret itself.
pub fn program_name(words: &[String]) -> &str {
    match words {
        [word] if !program::exists(word, Path::new("")) => "(hidden)",
        _ => &words[0],
    }
}

impl Setting<SecretSource> {
    /// Reads the secret, with a warning if white space was removed.
    ///
    /// # Errors
    /// `config` if it can't be read or holds no valid secret, `missing_credentials` if it
    /// is empty.
    pub fn read(&self) -> Result<(Secret, Option<String>), Error> {
        let (content, source) = match &self.value {
            SecretSource::Value(secret) => return Ok((secret.clone(), None)),
            SecretSource::File(path) => {
                let source = format!("the secret file {}", path.display());
                let file = File::open(path);
                let file = file.map_err(|error| unreadable(&source, &self.origin, error))?;
                (read_limited(file, &source, &self.origin)?, source)
            }
            SecretSource::StandardInput => {
                let source = "standard input".to_owned();
                let content = if io::stdin().is_terminal() {
                    match prompt::read_secret() {
                        Ok(line) => line.into_bytes(),
                        Err(error) => return Err(unreadable(&source, &self.origin, error)),
                    }
                } else {
                    read_limited(io::stdin().lock(), &source, &self.origin)?
                };
                (content, source)
            }
            SecretSource::Command(words) => {
                let source = format!("the output of {}", program_name(words));
                (output_of(words, &source, &self.origin)?, source)
            }
        };
        let text = std::str::from_utf8(&content).map_err(|_| {
            Error::config(format!("{source} is not UTF-8 text ({})", self.origin))
                .hint("on Windows, save the file as UTF-8, not as UTF-16")
        })?;
        clean::<Secret>(
            without_final_newline(text),
            &format!("{source} ({})", self.origin),
            "secret",
        )
    }
}

/// A key or a secret without surrounding white space, with a warning if there was any.
///
/// # Errors
/// `missing_credentials` if nothing is left, `config` for a control character inside.
pub fn clean<T: From<String>>(
    text: &str,
    source: &str,
    what: &str,
) -> Result<(T, Option<String>), Error> {
    match trimmed(text) {
        Ok(value) if value.len() == text.len() => Ok((T::from(value), None)),
        Ok(value) => {
            let warning = format!("white space around the {what} was removed: {source}");
            Ok((T::from(value), Some(warning)))
        }
        Err(Flaw::Empty) => {
            Err(Error::new(Code::MissingCredentials, format!("the {what} is empty: {source}")))
        }
        Err(Flaw::Control(position)) => Err(Error::config(format!(
            "the {what} contains a control character at position {position}: {source}"
        ))
        .hint(format!("set the {what} again, without the line break or escape sequence in it"))),
    }
}

fn unreadable(source: &str, origin: &Origin, error: io::Error) -> Error {
    Error::config(format!("{source} can't be read ({origin})")).cause(error)
}

fn read_limited(input: impl Read, source: &str, origin: &Origin) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    let read = input.take(MAX_BYTES + 1).read_to_end(&mut content);
    read.map_err(|error| unreadable(source, origin, error))?;
    if content.len() as u64 > MAX_BYTES {
        return Err(Error::config(format!("{source} is larger than 64 KiB ({origin})"))
            .hint("check that it contains the secret and nothing else"));
    }
    Ok(content)
}

/// Runs the program with our standard input and standard error, and reads what it prints.
fn output_of(words: &[String], source: &str, origin: &Origin) -> Result<Vec<u8>, Error> {
    let name = program_name(words);
    let failed = |what: String| Error::config(format!("secret_command: {name} {what} ({origin})"));
    let mut command = program::command(words[0].as_ref(), &program::search_path());
    let child = command.args(&words[1..]).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| {
        if words.len() > 1 {
            return failed("can't be run".to_owned()).cause(error);
        }
        Error::config(format!("secret_command can't be run ({origin})")).cause(error).hint(
            "write the program and each argument as a separate string, [\"pass\", \"show\"]; \
             a secret itself belongs to the key secret",
        )
    })?;
    let output = child.stdout.take().expect("stdout is piped above");
    let content = read_limited(output, source, origin);
    if content.is_err() {
        // It may print forever, and its exit code no longer matters.
        let _ = child.kill();
    }
    let status =
        child.wait().map_err(|error| failed("can't be waited for".to_owned()).cause(error))?;
    let content = content?;
    if !status.success() {
        return Err(failed(describe(status)).hint(format!("see the output of {name} above")));
    }
    Ok(content)
}

fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        None => format!("was ended by a {status}"),
    }
}
