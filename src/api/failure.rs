//! ureq's errors become this program's.

use std::io::{self, ErrorKind};
use std::time::Duration;

use ureq::Error as Ureq;

use super::connect::{PROXY, Peer, SERVER, Stage, Step};
use super::tls;
use crate::error::{Code, Error};

pub const NOT_THE_API: &str = "check the token URL, whether a proxy responds instead of the API, and \
    whether the server requires a client certificate, which is not sent";

/// The error of a response that this API would not give.
pub fn unexpected(message: impl Into<String>) -> Error {
    Error::new(Code::UnexpectedResponse, message).hint(NOT_THE_API)
}

pub fn timed_out(budget: Duration, stage: &Stage) -> Error {
    let hint = match stage.step {
        Step::Resolving(_) | Step::Connecting(_) => {
            "check the network and any firewall, and whether a proxy is needed"
        }
        Step::Handshake | Step::Waiting => "raise --timeout, or try again later",
    };
    Error::new(Code::Timeout, format!("no response within {} s", budget.as_secs_f64()))
        .detail("stage", stage.to_string())
        .hint(hint)
}

pub fn failed(error: Ureq, stage: &Stage, has_proxy: bool) -> Error {
    let peer = stage.peer;
    match error {
        error if matches!(stage.step, Step::Resolving(_)) => {
            unresolved(peer, has_proxy).cause(error.into_io())
        }
        Ureq::ConnectProxyFailed(text) => match text.rsplit_once('/') {
            Some((_, status)) => refused(&format!("HTTP {status}")),
            // The proxy's response was cut off.
            None => unconnected(peer, ErrorKind::UnexpectedEof.into()),
        },
        Ureq::Protocol(_) | Ureq::Http(_) if peer == PROXY => refused("not HTTP"),
        Ureq::Protocol(_) | Ureq::Http(_) => {
            unexpected("the response is not valid HTTP").because(http_flaw(&error))
        }
        Ureq::BodyExceedsLimit(_) => unexpected("the response is larger than 1 MiB"),
        Ureq::LargeResponseHeader(..) => unexpected("the response's head is larger than 64 KiB"),
        Ureq::Rustls(cause) => tls::error(peer, &cause),
        error => match error.into_io().downcast() {
            Ok(cause) => tls::error(peer, &cause),
            Err(cause) => unconnected(peer, cause),
        },
    }
}

fn unresolved(peer: Peer, has_proxy: bool) -> Error {
    let hint = match peer {
        // Only socks4 and socks5 leave the name to this program.
        SERVER if has_proxy => {
            "use socks5h:// or socks4a:// in the proxy's URL if the proxy has to resolve the name"
        }
        _ => "check the host in {url}, and the network (DNS)",
    };
    Error::new(Code::Network, peer.fill("the host name of {peer} can't be resolved"))
        .hint(peer.fill(hint))
}

fn unconnected(peer: Peer, cause: io::Error) -> Error {
    use ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, UnexpectedEof,
    };
    let network = "check the network, and whether a proxy is needed or is at fault";
    let (how, hint) = match cause.kind() {
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => ("was lost", network),
        // What ureq reports of a SOCKS proxy's response.
        _ if peer == PROXY && cause.raw_os_error().is_none() => return refused(&cause.to_string()),
        ConnectionRefused => ("was refused", "check host and port in {url}, and any firewall"),
        _ => ("failed", network),
    };
    let message = format!("the connection to {} {how}", peer.name);
    let error = Error::new(Code::Network, message).hint(peer.fill(hint));
    match cause.kind() {
        // An internal text of a library.
        UnexpectedEof => error,
        _ => error.cause(cause),
    }
}

/// A proxy's refusal is final: repeating a wrong password may lock an account.
fn refused(reason: &str) -> Error {
    let unreached =
        ["network unreachable", "host unreachable", "connection refused", "TTL expired"];
    let (sentence, hint) = match reason {
        "HTTP 407" | "no acceptable auth methods" | "password authentication failed" => (
            "it requires a valid user and password",
            "check user and password in the proxy's URL (http://USER:PASSWORD@HOST:PORT)",
        ),
        "HTTP 403" | "connection not allowed by ruleset" => (
            "its rules forbid the connection",
            "ask the proxy's operator to allow the host in the token URL, or add it to NO_PROXY",
        ),
        _ if reason.starts_with("HTTP 5") || unreached.contains(&reason) => (
            "it could not reach the server",
            "check the host in the token URL; if it is right, ask the proxy's operator",
        ),
        _ => (
            "its response is unexpected",
            "check the proxy's URL: scheme, host, port, user and password",
        ),
    };
    let message = format!("the proxy refused the connection: {sentence} ({reason})");
    Error::new(Code::Network, message).hint(hint).not_retryable()
}

/// ureq's reason, without its internal words.
fn http_flaw(error: &Ureq) -> String {
    let text = error.to_string();
    let flaw = text.rsplit(": ").next().unwrap_or_default();
    flaw.replace("http parse resulted in too many headers", "it has more than 128 headers")
        .replace("invalid header name", "a header has an invalid name or a second line (folded)")
}
