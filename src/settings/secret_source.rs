//! Where a secret can come from, and how it is read. The errors are `missing_credentials` if it is
//! empty, and otherwise `config`.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;

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
        let content = match &self.value {
            SecretSource::Value(secret) => return Ok((secret.clone(), None)),
            SecretSource::File(path) => File::open(path).and_then(read_limited),
            SecretSource::StandardInput if io::stdin().is_terminal() => {
                prompt::read_secret().map(String::into_bytes)
            }
            SecretSource::StandardInput => read_limited(io::stdin().lock()),
            SecretSource::Command(words) => Ok(output_of(words, &self.origin)?),
        };
        let source = format!("{} ({})", self.value, self.origin);
        let failed = |what: &str| Error::config(format!("the secret {what}: {source}"));
        let content = content.map_err(|error| failed("can't be read").cause(error))?;
        if content.len() as u64 > MAX_BYTES {
            return Err(failed("is larger than 64 KiB")
                .hint("check that it contains the secret and nothing else"));
        }
        let Ok(text) = std::str::from_utf8(&content) else {
            return Err(failed("is not UTF-8 text")
                .hint("on Windows, save the file as UTF-8, not as UTF-16"));
        };
        clean(without_final_newline(text), &source, "secret")
    }
}

/// A key or a secret without surrounding white space, with a warning if there was any.
pub fn clean<T: From<String>>(
    text: &str,
    source: &str,
    what: &str,
) -> Result<(T, Option<String>), Error> {
    let value = trimmed(text).map_err(|flaw| match flaw {
        Flaw::Empty => {
            Error::new(Code::MissingCredentials, format!("the {what} is empty: {source}"))
        }
        Flaw::Control(position) => Error::config(format!(
            "the {what} contains a control character at position {position}: {source}"
        ))
        .hint(format!("set the {what} again, without the line break or escape sequence in it")),
    })?;
    if value.len() == text.len() {
        return Ok((T::from(value), None));
    }
    let warning = format!("white space around the {what} was removed: {source}");
    Ok((T::from(value), Some(warning)))
}

/// The content, or more than `MAX_BYTES` of it.
fn read_limited(input: impl Read) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    input.take(MAX_BYTES + 1).read_to_end(&mut content)?;
    Ok(content)
}

/// Runs the program with our standard input and standard error, and reads what it prints.
fn output_of(words: &[String], origin: &Origin) -> Result<Vec<u8>, Error> {
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
    let content = read_limited(child.stdout.take().expect("stdout is piped above"));
    let content = content.map_err(|error| failed("can't be read").cause(error))?;
    if content.len() as u64 > MAX_BYTES {
        // It may print forever, and its exit code no longer matters.
        let _ = child.kill();
        let _ = child.wait();
        return Ok(content);
    }
    let status = child.wait().map_err(|error| failed("can't be waited for").cause(error))?;
    let how = match status.code() {
        Some(0) => return Ok(content),
        Some(code) => format!("ended with exit code {code}"),
        None => format!("was ended by a {status}"),
    };
    Err(failed(&how).hint(format!("see the output of {name} above")))
}
