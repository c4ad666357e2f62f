//! The one error type: what happened, its exit code, and what helps to fix it.

use std::fmt;

use anyhow::anyhow;
use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Map, Value};

/// The kinds of failure that a script can distinguish. The number is the exit code, the name in
/// snake case is the code in JSON errors, and help and manual print the comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
#[repr(u8)]
pub enum Code {
    /// output could not be written, or a bug
    Internal = 1,
    /// invalid arguments
    Usage = 2,
    /// invalid profile file, environment variable or setting
    Config = 3,
    /// no key or no secret found
    MissingCredentials = 4,
    /// 401: the credentials are not valid
    InvalidCredentials = 10,
    /// 401: the key is disabled
    KeyDisabled = 11,
    /// any other 401 or 403
    AccessDenied = 12,
    /// name resolution, connection or proxy failed
    Network = 20,
    /// the time budget is used up
    Timeout = 21,
    /// certificate or handshake rejected
    Tls = 22,
    /// 5xx, after all retries
    ServerError = 30,
    /// redirect, other status, not JSON, or no valid token
    UnexpectedResponse = 31,
    /// 429, after all retries
    RateLimited = 32,
    /// COMMAND can't be run
    NotExecutable = 126,
    /// COMMAND is not found
    NotFound = 127,
}

impl Code {
    pub const fn exit_code(self) -> u8 {
        self as u8
    }
}

/// A failure to report to the user. No part may contain a secret.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: Box<str>,
    /// Of the response that this failure is about.
    pub http_status: Option<u16>,
    pub retryable: bool,
    /// Facts that help to find the cause: for people, and for scripts.
    details: Vec<String>,
    fields: Map<String, Value>,
    hint: Option<Box<str>>,
    cause: Option<anyhow::Error>,
}

impl Error {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into().into(),
            http_status: None,
            retryable: matches!(
                code,
                Code::Network | Code::Timeout | Code::ServerError | Code::RateLimited
            ),
            details: Vec::new(),
            fields: Map::new(),
            hint: None,
            cause: None,
        }
    }

    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Code::Config, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into().into());
        self
    }

    pub fn detail(mut self, name: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        self.details.push(format!("{:<12} {value}", format!("{name}:")));
        self.fields.insert(name.replace(' ', "_"), value.into());
        self
    }

    pub fn setting(mut self, name: &str, value: impl Into<String>, origin: &impl ToString) -> Self {
        let (value, origin) = (value.into(), origin.to_string());
        self.details.push(format!("{:<12} {value} ({origin})", format!("{name}:")));
        self.fields.insert(name.to_owned(), value.into());
        self.fields.insert(format!("{name}_origin"), origin.into());
        self
    }

    /// The summaries of the attempts before the one that this failure is about.
    pub fn earlier_attempts(mut self, summaries: Vec<String>) -> Self {
        for (index, summary) in summaries.iter().enumerate() {
            self.details.push(format!("attempt {}: {summary}", index + 1));
        }
        if !summaries.is_empty() {
            self.fields.insert("earlier_attempts".to_owned(), summaries.into());
        }
        self
    }

    pub fn cause(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Like `cause`, if the cause is only known as text.
    pub fn because(self, cause: impl fmt::Display + fmt::Debug + Send + Sync + 'static) -> Self {
        self.cause(anyhow!(cause))
    }

    pub const fn status(mut self, status: u16) -> Self {
        self.http_status = Some(status);
        self
    }

    /// Marks a failure that a later attempt would repeat, although others of its code may pass.
    pub const fn not_retryable(mut self) -> Self {
        self.retryable = false;
        self
    }

    pub const fn code(&self) -> Code {
        self.code
    }

    /// The message with its chain of causes, on one line.
    pub fn summary(&self) -> String {
        [vec![self.message.to_string()], self.causes()].concat().join(": ")
    }

    /// The causes, outermost first, without those that only repeat the line before.
    fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        for cause in self.cause.iter().flat_map(anyhow::Error::chain) {
            let text = cause.to_string();
            let before = causes.last().map_or(&*self.message, String::as_str);
            if !before.contains(&text) {
                causes.push(text);
            }
        }
        causes
    }

    /// For people: label and text of each line.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("error:", self.message.to_string())];
        for cause in self.causes() {
            lines.push(("", format!("  caused by: {cause}")));
        }
        for detail in &self.details {
            lines.push(("", format!("  {detail}")));
        }
        if let Some(hint) = &self.hint {
            lines.push(("hint:", hint.to_string()));
        }
        lines
    }

    /// For scripts: one line of JSON without control characters.
    pub fn json(&self, warnings: &[String]) -> String {
        #[derive(Serialize)]
        struct Body<'a> {
            code: Code,
            exit_code: u8,
            message: String,
            http_status: Option<u16>,
            retryable: bool,
            #[serde(skip_serializing_if = "Map::is_empty")]
            details: &'a Map<String, Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            hint: Option<&'a str>,
            #[serde(skip_serializing_if = "<[String]>::is_empty")]
            warnings: &'a [String],
        }
        let body = Body {
            code: self.code,
            exit_code: self.code.exit_code(),
            message: self.summary(),
            http_status: self.http_status,
            retryable: self.retryable,
            details: &self.fields,
            hint: self.hint.as_deref(),
            warnings,
        };
        let json = serde_json::to_string(&body).expect("strings and numbers are always JSON");
        escape_controls(&format!("{{\"error\":{json}}}"))
    }
}

/// An internal failure: its outermost context is the message.
impl From<anyhow::Error> for Error {
    fn from(cause: anyhow::Error) -> Self {
        Self::new(Code::Internal, cause.to_string()).cause(cause)
    }
}

/// Escapes DEL and the C1 control characters too, which a terminal may interpret.
fn escape_controls(json: &str) -> String {
    let escaped =
        |c: char| if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.into() };
    json.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_json_error_is_one_printable_line_that_reads_back(message in any::<String>()) {
            let json = Error::usage(message.clone()).json(&[]);
            prop_assert!(!json.contains(char::is_control));
            let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(parsed["error"]["message"].as_str(), Some(message.as_str()));
        }
    }
}
