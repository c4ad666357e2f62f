//! A failed attempt, and ureq's errors as this program's.

use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

use ureq::Error as Ureq;

use super::tls;
use crate::error::{Code, Error};

pub const NOT_THE_API: &str =
    "check the token URL, and whether a proxy responds instead of the API";
const NETWORK_HINT: &str = "check the network, and whether a proxy is needed or is at fault";

/// An attempt without a token.
#[derive(Debug)]
pub struct Failure {
    pub error: Error,
    /// Whether another attempt may succeed.
    pub is_transient: bool,
    /// The least wait before it.
    pub retry_after: Option<Duration>,
}

/// Lost and failed connections are transient.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { is_transient: error.code() == Code::Network, error, retry_after: None }
    }
}

/// ureq passes a connector's failure on.
impl From<Failure> for Ureq {
    fn from(failure: Failure) -> Self {
        Self::Other(Box::new(failure))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error.summary())
    }
}

impl std::error::Error for Failure {}

/// The error of a response that this API would not give.
pub fn unexpected(message: impl Into<String>) -> Error {
    Error::new(Code::UnexpectedResponse, message).hint(NOT_THE_API)
}

/// The other end of a connection, for messages.
#[derive(PartialEq, Eq)]
pub struct Peer {
    pub name: &'static str,
    /// The setting that contains its address.
    pub url: &'static str,
}

pub const SERVER: Peer = Peer { name: "the server", url: "the token URL" };
pub const PROXY: Peer = Peer { name: "the proxy", url: "the proxy's URL" };

impl Peer {
    pub fn failure(&self, error: Ureq) -> Failure {
        let error = match error {
            Ureq::Other(inner) => match inner.downcast() {
                Ok(failure) => return *failure,
                Err(inner) => self.failed("failed", NETWORK_HINT).because(inner.to_string()),
            },
            Ureq::ConnectProxyFailed(text) => match text.rsplit_once('/') {
                Some((_, status)) => return refused(&format!("HTTP {status}")),
                None => self.failed("was lost", NETWORK_HINT),
            },
            Ureq::Io(cause) => match as_tls(&cause) {
                Some(cause) => tls::error(self, cause),
                None if *self == PROXY && is_text(&cause) => return refused(&cause.to_string()),
                None => self.io_error(cause),
            },
            Ureq::Rustls(cause) => tls::error(self, &cause),
            Ureq::Protocol(_) | Ureq::Http(_) if *self == PROXY => return refused("not HTTP"),
            Ureq::Protocol(_) | Ureq::Http(_) => {
                unexpected("the response is not valid HTTP").because(http_flaw(&error.to_string()))
            }
            Ureq::BodyExceedsLimit(_) => unexpected("the response is larger than 1 MiB"),
            Ureq::LargeResponseHeader(..) => {
                unexpected("the response's head is larger than 64 KiB")
            }
            error => self.failed("failed", NETWORK_HINT).cause(error),
        };
        Failure::from(error)
    }

    /// A host name that can't be resolved. With `socks4` and `socks5` this program resolves the
    /// server's.
    pub fn lookup_failure(&self, error: Ureq, is_for_socks: bool) -> Failure {
        let hint = if is_for_socks {
            "use socks5h:// or socks4a:// in the proxy's URL if the proxy has to resolve the name"
                .to_owned()
        } else {
            format!("check the host in {}, and the network (DNS)", self.url)
        };
        let message = format!("the host name of {} can't be resolved", self.name);
        Error::new(Code::Network, message).hint(hint).cause(error.into_io()).into()
    }

    fn io_error(&self, cause: io::Error) -> Error {
        if cause.kind() == ErrorKind::ConnectionRefused {
            let hint = format!("check host and port in {}, and any firewall", self.url);
            return self.failed("was refused", hint).cause(cause);
        }
        if !is_lost(&cause) {
            return self.failed("failed", NETWORK_HINT).cause(cause);
        }
        let lost = self.failed("was lost", NETWORK_HINT);
        // Other causes are internal texts of a library.
        if cause.raw_os_error().is_some() { lost.cause(cause) } else { lost }
    }

    fn failed(&self, how: &str, hint: impl Into<String>) -> Error {
        Error::new(Code::Network, format!("the connection to {} {how}", self.name)).hint(hint)
    }
}

/// A proxy's refusal is final: repeating a wrong password may lock an account. `reason` is its HTTP
/// status, or what ureq reports of a SOCKS proxy.
fn refused(reason: &str) -> Failure {
    let (sentence, hint) = match reason {
        "HTTP 407" | "no acceptable auth methods" | "password authentication failed" => (
            "it requires a valid user and password",
            "check user and password in the proxy's URL (http://USER:PASSWORD@HOST:PORT)",
        ),
        "HTTP 403" | "connection not allowed by ruleset" => (
            "its rules forbid the connection",
            "ask the proxy's operator to allow the host in the token URL, or add it to NO_PROXY",
        ),
        "network unreachable" | "host unreachable" | "connection refused" | "TTL expired" => {
            UNREACHED
        }
        _ if reason.starts_with("HTTP 5") => UNREACHED,
        _ => (
            "its response is unexpected",
            "check the proxy's URL: scheme, host, port, user and password",
        ),
    };
    let message = format!("the proxy refused the connection: {sentence} ({reason})");
    let error = Error::new(Code::Network, message).hint(hint).not_retryable();
    Failure { error, is_transient: false, retry_after: None }
}

const UNREACHED: (&str, &str) = (
    "it could not reach the server",
    "check the host in the token URL; if it is right, ask the proxy's operator",
);

/// ureq's reason, without its internal words.
fn http_flaw(text: &str) -> String {
    let text = text.trim_start_matches("protocol: ").trim_start_matches("http parse fail: ");
    match text {
        "http parse resulted in too many headers" => "it has more than 128 headers".to_owned(),
        "invalid header name" => {
            "a header's name is invalid, or a header continues on a second line (folded)".to_owned()
        }
        _ => text.to_owned(),
    }
}

/// Whether the other side ended the connection.
pub fn is_lost(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

/// Whether it is ureq's report of a SOCKS proxy's refusal.
fn is_text(error: &io::Error) -> bool {
    error.raw_os_error().is_none() && !is_lost(error)
}

/// The TLS error in an I/O error.
fn as_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
