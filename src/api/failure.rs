//! A failed attempt, and ureq's errors as this program's.

use std::io::{self, ErrorKind};
use std::time::Duration;

use ureq::Error as Ureq;

use super::stage::{PROXY, Peer, SERVER, Stage};
use super::tls;
use crate::error::{Code, Error};

pub const NOT_THE_API: &str =
    "check the token URL, and whether a proxy responds instead of the API";

/// An attempt without a token.
#[derive(Debug)]
pub struct Failure {
    pub error: Error,
    /// Whether another attempt may succeed.
    pub is_transient: bool,
    /// The least wait before it.
    pub retry_after: Option<Duration>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { is_transient: error.code() == Code::Network, error, retry_after: None }
    }
}

impl Failure {
    /// The failure of a stage. Lost and failed connections are transient.
    pub fn new(error: Ureq, stage: &Stage, has_proxy: bool) -> Self {
        let peer = stage.peer();
        if let Stage::Resolving(..) = stage {
            return unresolved(peer, has_proxy).cause(error.into_io()).into();
        }
        if *peer == PROXY {
            if let Some(reason) = refusal(&error) {
                return refused(&reason);
            }
        }
        let error = match error {
            Ureq::Io(cause) => match as_tls(&cause) {
                Some(cause) => tls::error(peer, cause),
                None => io_error(peer, cause),
            },
            Ureq::Rustls(cause) => tls::error(peer, &cause),
            // Without a status: the proxy's response was cut off.
            Ureq::ConnectProxyFailed(_) => connection(peer, "was lost"),
            Ureq::Protocol(_) | Ureq::Http(_) => {
                unexpected("the response is not valid HTTP").because(http_flaw(&error.to_string()))
            }
            Ureq::BodyExceedsLimit(_) => unexpected("the response is larger than 1 MiB"),
            Ureq::LargeResponseHeader(..) => {
                unexpected("the response's head is larger than 64 KiB")
            }
            error => connection(peer, "failed").cause(error),
        };
        Self::from(error)
    }
}

/// The error of a response that this API would not give.
pub fn unexpected(message: impl Into<String>) -> Error {
    Error::new(Code::UnexpectedResponse, message).hint(NOT_THE_API)
}

pub fn timed_out(budget: Duration, stage: &Stage) -> Error {
    let hint = match stage {
        Stage::Resolving(..) | Stage::Connecting(..) => {
            "check the network and any firewall, and whether a proxy is needed"
        }
        Stage::Handshake(_) | Stage::Waiting(_) => "raise --timeout, or try again later",
    };
    Error::new(Code::Timeout, format!("no response within {} s", budget.as_secs_f64()))
        .detail("stage", stage.to_string())
        .hint(hint)
}

fn unresolved(peer: &Peer, has_proxy: bool) -> Error {
    let hint = if has_proxy && *peer == SERVER {
        // Only socks4 and socks5 leave the name to this program.
        "use socks5h:// or socks4a:// in the proxy's URL if the proxy has to resolve the name"
            .to_owned()
    } else {
        format!("check the host in {}, and the network (DNS)", peer.url)
    };
    let message = format!("the host name of {} can't be resolved", peer.name);
    Error::new(Code::Network, message).hint(hint)
}

fn io_error(peer: &Peer, cause: io::Error) -> Error {
    if cause.kind() == ErrorKind::ConnectionRefused {
        let hint = format!("check host and port in {}, and any firewall", peer.url);
        return connection(peer, "was refused").hint(hint).cause(cause);
    }
    if !is_lost(&cause) {
        return connection(peer, "failed").cause(cause);
    }
    let lost = connection(peer, "was lost");
    // Other causes are internal texts of a library.
    if cause.raw_os_error().is_some() { lost.cause(cause) } else { lost }
}

fn connection(peer: &Peer, how: &str) -> Error {
    Error::new(Code::Network, format!("the connection to {} {how}", peer.name))
        .hint("check the network, and whether a proxy is needed or is at fault")
}

/// Why a proxy did not connect to the server: its HTTP status, or what ureq reports of SOCKS.
fn refusal(error: &Ureq) -> Option<String> {
    match error {
        Ureq::ConnectProxyFailed(text) => {
            let (_, status) = text.rsplit_once('/')?;
            Some(format!("HTTP {status}"))
        }
        Ureq::Protocol(_) | Ureq::Http(_) => Some("not HTTP".to_owned()),
        Ureq::Io(io) if io.raw_os_error().is_none() && !is_lost(io) && as_tls(io).is_none() => {
            Some(io.to_string())
        }
        _ => None,
    }
}

/// A proxy's refusal is final: repeating a wrong password may lock an account.
fn refused(reason: &str) -> Failure {
    let (sentence, hint) = match reason {
        "HTTP 401"
        | "HTTP 407"
        | "no acceptable auth methods"
        | "password authentication failed" => (
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

/// The TLS error in an I/O error.
fn as_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
