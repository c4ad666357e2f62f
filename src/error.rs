//! The one error of this program: what happened, its exit code, what helps to mend it.
//!
//! Any room makes one and hands it up untouched; only `console` prints it.

use std::fmt;

use anyhow::anyhow;
use serde::Serialize;

/// The classes of failure that a script can tell apart, as the exit code table names them.
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

impl Code {
    pub const ALL: [Self; 15] = [
        Self::Internal,
        Self::Usage,
        Self::Config,
        Self::MissingCredentials,
        Self::InvalidCredentials,
        Self::KeyDisabled,
        Self::AccessDenied,
        Self::Network,
        Self::Timeout,
        Self::Tls,
        Self::ServerError,
        Self::UnexpectedResponse,
        Self::RateLimited,
        Self::NotExecutable,
        Self::NotFound,
    ];

    const fn row(self) -> (u8, &'static str, &'static str) {
        match self {
            Self::Internal => (1, "internal", "output could not be written, or a bug"),
            Self::Usage => (2, "usage", "unusable arguments"),
            Self::Config => (3, "config", "profile file, variable or setting is unusable"),
            Self::MissingCredentials => (4, "missing_credentials", "no key or no secret anywhere"),
            Self::InvalidCredentials => (10, "invalid_credentials", "401: credentials not valid"),
            Self::KeyDisabled => (11, "key_disabled", "401: the key is disabled"),
            Self::AccessDenied => (12, "access_denied", "any other 401 or 403"),
            Self::Network => (20, "network", "no connection, or it was lost"),
            Self::Timeout => (21, "timeout", "the time budget is spent"),
            Self::Tls => (22, "tls", "certificate or handshake refused"),
            Self::ServerError => (30, "server_error", "5xx, after the retries"),
            Self::UnexpectedResponse => (31, "unexpected_response", "an unusable answer"),
            Self::RateLimited => (32, "rate_limited", "429, after the retries"),
            Self::NotExecutable => (126, "not_executable", "COMMAND can't be run"),
            Self::NotFound => (127, "not_found", "COMMAND is not found"),
        }
    }

    /// The process's exit code.
    pub const fn exit_code(self) -> u8 {
        self.row().0
    }

    /// The name that JSON errors carry.
    pub const fn name(self) -> &'static str {
        self.row().1
    }

    /// A few words for the table in help and manual.
    pub const fn meaning(self) -> &'static str {
        self.row().2
    }

    /// Whether the same call may work a little later.
    pub const fn retryable(self) -> bool {
        matches!(self, Self::Network | Self::Timeout | Self::ServerError | Self::RateLimited)
    }
}

/// A failure on its way to the user. No part of it may hold a secret.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: String,
    http_status: Option<u16>,
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
            details: Vec::new(),
            hint: None,
            cause: None,
        }
    }

    /// A setting, a variable or the profile file is unusable.
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

    /// One more line that helps to find the fault: an origin, an endpoint, an earlier attempt.
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

    /// The same, for a cause that is only known as text.
    #[must_use]
    pub fn because(self, cause: impl fmt::Display + fmt::Debug + Send + Sync + 'static) -> Self {
        self.cause(anyhow!(cause))
    }

    /// The status of the answer that this failure is about.
    #[must_use]
    pub const fn status(mut self, status: u16) -> Self {
        self.http_status = Some(status);
        self
    }

    pub const fn code(&self) -> Code {
        self.code
    }

    /// The message with its whole chain of causes, on one line.
    pub fn summary(&self) -> String {
        let mut summary = self.message.clone();
        for cause in self.causes() {
            summary.push_str(": ");
            summary.push_str(&cause);
        }
        summary
    }

    /// The causes, outermost first, without those that only repeat the one before.
    fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        for cause in self.cause.iter().flat_map(anyhow::Error::chain) {
            let text = cause.to_string();
            if causes.last().is_none_or(|last| !last.contains(&text)) {
                causes.push(text);
            }
        }
        causes
    }

    /// For people: `error:`, causes, details, `hint:`, a line each as label and text.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("error:", self.message.clone())];
        lines.extend(self.causes().into_iter().map(|cause| ("", format!("  caused by: {cause}"))));
        lines.extend(self.details.iter().map(|detail| ("", format!("  {detail}"))));
        lines.extend(self.hint.iter().map(|hint| ("hint:", hint.clone())));
        lines
    }

    /// For scripts: one line of JSON, `warnings` only where there are any.
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
            retryable: self.code.retryable(),
            details: &self.details,
            hint: self.hint.as_deref(),
            warnings,
        };
        serde_json::to_string(&Line { error: body }).expect("strings and numbers are always JSON")
    }
}
