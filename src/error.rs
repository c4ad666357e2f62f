//! The one error type: what happened, its exit code, and what helps to fix it.
//!
//! Every module creates it and passes it up unchanged; only `console` prints it.

use std::fmt::{self, Write as _};

use anyhow::anyhow;
use serde::Serialize;

/// The kinds of failure that a script can distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Internal,
    Usage,
    Config,
    MissingCredentials,
    InvalidCredentials,
    KeyDisabled,
    AccessDenied,
    Network,
    Timeout,
    Tls,
    ServerError,
    UnexpectedResponse,
    RateLimited,
    NotExecutable,
    NotFound,
}

/// Each code with its exit code, its name in JSON errors and its meaning.
#[rustfmt::skip]
pub static CODES: [(Code, u8, &str, &str); 15] = [
    (Code::Internal, 1, "internal", "output could not be written, or a bug"),
    (Code::Usage, 2, "usage", "invalid arguments"),
    (Code::Config, 3, "config", "invalid profile file, environment variable or setting"),
    (Code::MissingCredentials, 4, "missing_credentials", "no key or no secret found"),
    (Code::InvalidCredentials, 10, "invalid_credentials", "401: the credentials are not valid"),
    (Code::KeyDisabled, 11, "key_disabled", "401: the key is disabled"),
    (Code::AccessDenied, 12, "access_denied", "any other 401 or 403"),
    (Code::Network, 20, "network", "name resolution, connection or proxy failed"),
    (Code::Timeout, 21, "timeout", "the time budget is used up"),
    (Code::Tls, 22, "tls", "certificate or handshake rejected"),
    (Code::ServerError, 30, "server_error", "5xx, after all retries"),
    (Code::UnexpectedResponse, 31, "unexpected_response", "redirect, other status, not JSON, or no valid token"),
    (Code::RateLimited, 32, "rate_limited", "429, after all retries"),
    (Code::NotExecutable, 126, "not_executable", "COMMAND can't be run"),
    (Code::NotFound, 127, "not_found", "COMMAND is not found"),
];

impl Code {
    fn row(self) -> (Self, u8, &'static str, &'static str) {
        *CODES.iter().find(|row| row.0 == self).expect("CODES has every code")
    }

    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        self.row().1
    }

    /// The name in JSON errors.
    fn name(self) -> &'static str {
        self.row().2
    }

    /// Whether a later attempt may succeed.
    const fn retryable(self) -> bool {
        matches!(self, Self::Network | Self::Timeout | Self::ServerError | Self::RateLimited)
    }
}

/// A failure to report to the user. No part may contain a secret.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: String,
    http_status: Option<u16>,
    retryable: bool,
    details: Vec<String>,
    hint: Option<String>,
    cause: Option<anyhow::Error>,
}

impl Error {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            http_status: None,
            retryable: code.retryable(),
            details: Vec::new(),
            hint: None,
            cause: None,
        }
    }

    /// An invalid setting, environment variable or profile file.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Code::Config, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// What the user can do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A further fact that helps to find the cause: an origin, an endpoint, an earlier attempt.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    #[must_use]
    pub fn cause(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Like `cause`, if the cause is only known as text.
    #[must_use]
    pub fn because(self, cause: impl fmt::Display + fmt::Debug + Send + Sync + 'static) -> Self {
        self.cause(anyhow!(cause))
    }

    /// The HTTP status of the response that this failure is about.
    #[must_use]
    pub const fn status(mut self, status: u16) -> Self {
        self.http_status = Some(status);
        self
    }

    /// Marks a failure that a later attempt would repeat, although others of its code may pass.
    #[must_use]
    pub const fn not_retryable(mut self) -> Self {
        self.retryable = false;
        self
    }

    pub const fn code(&self) -> Code {
        self.code
    }

    /// The message with its chain of causes, on one line.
    pub fn summary(&self) -> String {
        let mut summary = self.message.clone();
        for cause in self.causes() {
            summary.push_str(": ");
            summary.push_str(&cause);
        }
        summary
    }

    /// The causes, outermost first, without those that only repeat the line before.
    fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        for cause in self.cause.iter().flat_map(anyhow::Error::chain) {
            let text = cause.to_string();
            if !causes.last().unwrap_or(&self.message).contains(&text) {
                causes.push(text);
            }
        }
        causes
    }

    /// For people: label and text of each line.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("error:", self.message.clone())];
        lines.extend(self.causes().into_iter().map(|cause| ("", format!("  caused by: {cause}"))));
        lines.extend(self.details.iter().map(|detail| ("", format!("  {detail}"))));
        lines.extend(self.hint.iter().map(|hint| ("hint:", hint.clone())));
        lines
    }

    /// For scripts: one line of JSON without control characters.
    pub fn json(&self, warnings: &[String]) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            error: Body<'a>,
        }
        #[derive(Serialize)]
        struct Body<'a> {
            code: &'static str,
            exit_code: u8,
            message: String,
            http_status: Option<u16>,
            retryable: bool,
            #[serde(skip_serializing_if = "<[String]>::is_empty")]
            details: &'a [String],
            #[serde(skip_serializing_if = "Option::is_none")]
            hint: Option<&'a str>,
            #[serde(skip_serializing_if = "<[String]>::is_empty")]
            warnings: &'a [String],
        }
        let body = Body {
            code: self.code.name(),
            exit_code: self.code.exit_code(),
            message: self.summary(),
            http_status: self.http_status,
            retryable: self.retryable,
            details: &self.details,
            hint: self.hint.as_deref(),
            warnings,
        };
        let json = serde_json::to_string(&Line { error: body });
        escape_controls(&json.expect("strings and numbers are always JSON"))
    }
}

/// An internal failure: its outermost context is the message.
impl From<anyhow::Error> for Error {
    fn from(cause: anyhow::Error) -> Self {
        Self::new(Code::Internal, cause.to_string()).cause(cause)
    }
}

/// Escapes DEL and the C1 control characters too: JSON allows them unescaped (RFC 8259, section 7),
/// but a terminal may interpret them.
fn escape_controls(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut escaped, c| {
        if c.is_control() {
            write!(escaped, "\\u{:04x}", u32::from(c)).expect("a String never fails");
        } else {
            escaped.push(c);
        }
        escaped
    })
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
