//! Where a secret comes from, and the one place that fetches it from there.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use zeroize::Zeroizing;

use super::origin::{Origin, Setting};
use crate::error::{Code, Error};
use crate::secret::{Flaw, Key, Secret, trimmed, without_line_end};

/// More than any secret, and small enough to read what is none.
const MAX_BYTES: u64 = 64 * 1024;

/// What the host application proves itself with.
#[derive(Debug)]
pub struct Credentials {
    pub key: Setting<Key>,
    pub secret: Setting<SecretSource>,
}

/// A secret, or where it waits to be read.
#[derive(Clone, Debug)]
pub enum SecretSource {
    Value(Secret),
    File(PathBuf),
    StandardInput,
    /// Program and arguments; run without a shell.
    Command(Vec<String>),
}

impl SecretSource {
    /// A path as flags, variables and profiles give it: `-` is standard input.
    pub fn from_path(path: PathBuf) -> Self {
        if path == Path::new("-") { Self::StandardInput } else { Self::File(path) }
    }
}

impl Setting<SecretSource> {
    /// Fetches the secret; a warning where white space had to be taken off.
    pub fn read(&self) -> Result<(Secret, Option<String>), Error> {
        let (content, place) = match &self.value {
            SecretSource::Value(secret) => return Ok((secret.clone(), None)),
            SecretSource::File(path) => {
                let place = format!("the secret file {}", path.display());
                (contents(path, &place, &self.origin)?, place)
            }
            SecretSource::StandardInput => {
                let place = "standard input".to_owned();
                (capped(io::stdin().lock(), &place, &self.origin)?, place)
            }
            SecretSource::Command(words) => {
                let place = format!("the output of {}", words[0]);
                (output_of(words, &place, &self.origin)?, place)
            }
        };
        let text = std::str::from_utf8(&content).map_err(|_| {
            Error::config(format!("{place} is not UTF-8 text ({})", self.origin))
                .hint("on Windows, write the file as UTF-8, not as UTF-16")
        })?;
        clean::<Secret>(without_line_end(text), &format!("{place} ({})", self.origin), "secret")
    }
}

/// A key or a secret without the white space around it, with a warning where there was some.
///
/// # Errors
/// `missing_credentials` where nothing is left, `config` for a control character inside.
pub fn clean<T: From<Zeroizing<String>>>(
    text: &str,
    place: &str,
    what: &str,
) -> Result<(T, Option<String>), Error> {
    match trimmed(text) {
        Ok((value, cut)) => {
            let warning =
                cut.then(|| format!("white space around the {what} was taken off: {place}"));
            Ok((T::from(value), warning))
        }
        Err(Flaw::Empty) => {
            Err(Error::new(Code::MissingCredentials, format!("the {what} is empty: {place}")))
        }
        Err(Flaw::Control(position)) => Err(Error::config(format!(
            "the {what} holds a control character, at its character {position}: {place}"
        ))
        .hint(format!("a line break or an escape code was copied along: set the {what} anew"))),
    }
}

fn contents(path: &Path, place: &str, origin: &Origin) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = File::open(path).map_err(|error| unreadable(place, origin, error))?;
    capped(file, place, origin)
}

fn unreadable(place: &str, origin: &Origin, error: io::Error) -> Error {
    Error::config(format!("{place} can't be read ({origin})")).cause(error)
}

fn capped(source: impl Read, place: &str, origin: &Origin) -> Result<Zeroizing<Vec<u8>>, Error> {
    // With room for all that may come, the buffer never moves and leaves no copy behind.
    let limit = usize::try_from(MAX_BYTES).expect("64 KiB fit") + 1;
    let mut content = Zeroizing::new(Vec::with_capacity(limit));
    source
        .take(MAX_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(|error| unreadable(place, origin, error))?;
    if content.len() == limit {
        let message = format!("{place} is larger than 64 KiB ({origin})");
        return Err(
            Error::config(message).hint("is it the right one? It must hold the secret alone")
        );
    }
    Ok(content)
}

/// Runs the program, its standard error and input being ours, and takes what it prints.
fn output_of(words: &[String], place: &str, origin: &Origin) -> Result<Zeroizing<Vec<u8>>, Error> {
    let program = &words[0];
    let failed =
        |what: String| Error::config(format!("secret_command: {program} {what} ({origin})"));
    let mut child = Command::new(program)
        .args(&words[1..])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed("can't be run".to_owned()).cause(error))?;
    let output = child.stdout.take().expect("asked for above");
    let content = capped(output, place, origin);
    if content.is_err() {
        // It may go on printing for ever; its exit code no longer matters.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| failed("was lost".to_owned()).cause(error))?;
    let content = content?;
    if !status.success() {
        return Err(failed(describe(status)).hint(format!("see what {program} said above")));
    }
    Ok(content)
}

fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        None => format!("was ended by a {status}"),
    }
}
