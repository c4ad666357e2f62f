//! Each kind of fault, at each point of an exchange, ends in its exit code with no output.
//!
//! Faults of one topic are tested with that topic: responses and retries in `exchange`, certificates
//! in `tls`, proxies in `proxies`.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rustls::ServerConnection;

use crate::support::certificates::Authority;
use crate::support::server::{PATH, SUCCESS, listen, read_request, response};
use crate::support::{Case, PROXY_PASSWORD};

use At::{Connect, Proxy, Request, TlsRequest};
use Then::{Close, Drip, Flood, Hang};

/// When a server leaves the protocol and follows its script.
#[derive(Clone, Copy)]
enum At {
    /// As soon as there is a connection, as the server of a URL with this scheme.
    Connect(&'static str),
    /// After the request, over plain HTTP.
    Request,
    /// After the request, over TLS.
    TlsRequest,
    /// As a proxy with this scheme: after the CONNECT request if it is `http`, else at once.
    Proxy(&'static str),
}

/// What a server does after it has sent its bytes.
#[derive(Clone, Copy)]
enum Then {
    Close,
    /// Keeps the connection open and sends nothing.
    Hang,
    /// Repeats these bytes, one every 20 ms: each in time for a limit on a single read.
    Drip(&'static [u8]),
    /// Repeats these bytes, many more times than the program should read.
    Flood(&'static [u8]),
}

/// A name, when the server leaves the protocol, what it sends and does then, and what standard
/// error contains.
type Row<'a> = (&'a str, At, Vec<u8>, Then, &'a str);

/// Runs all rows at the same time, because most of them only wait.
fn check<const CODE: i32>(rows: Vec<Row>) {
    // A slow machine must not turn another failure into a timeout.
    let budget = if CODE == 21 { "1" } else { "20" };
    thread::scope(|scope| {
        for (name, at, bytes, then, stderr) in rows {
            // The name of the thread identifies a row that fails.
            let row = thread::Builder::new().name(name.to_owned());
            let check = move || {
                let outcome = case(at, bytes, then).arg("--timeout").arg(budget).run().says(stderr);
                assert_eq!(outcome.code, CODE, "{}", outcome.stderr);
                assert_eq!(outcome.stdout, if CODE == 0 { "t0ken\n" } else { "" });
            };
            row.spawn_scoped(scope, check).unwrap();
        }
    });
}

/// A run against a server that follows the script.
fn case(at: At, bytes: Vec<u8>, then: Then) -> Case {
    let authority = Authority::new("test");
    let config = authority.server("127.0.0.1");
    let address = listen(move |_, mut stream| {
        if let TlsRequest = at {
            let mut tls = ServerConnection::new(config.clone()).unwrap();
            let mut tls = rustls::Stream::new(&mut tls, &mut stream);
            read_request(&mut tls)?;
            tls.write_all(&bytes)?;
            tls.flush()?;
        } else {
            if let Request | Proxy("http") = at {
                read_request(&mut stream)?;
            }
            stream.write_all(&bytes)?;
        }
        then.run(&mut stream)
    });
    let (url, proxy) = match at {
        Connect(scheme) => (format!("{scheme}://{address}{PATH}"), String::new()),
        Request => (format!("http://{address}{PATH}"), String::new()),
        TlsRequest => (format!("https://{address}{PATH}"), String::new()),
        Proxy(scheme) => (
            "https://api.example/auth".to_owned(),
            format!("{scheme}://someone:{PROXY_PASSWORD}@{address}"),
        ),
    };
    let case = Case::token(&url, "--ca-file ca.pem").file("ca.pem", authority.pem);
    case.env("SMARTEXTRACT_PROXY", proxy)
}

impl Then {
    fn run(self, stream: &mut TcpStream) -> io::Result<()> {
        match self {
            Close => Ok(()),
            Hang => stream.read_to_end(&mut Vec::new()).map(drop),
            Drip(bytes) => bytes.iter().cycle().take(2000).try_for_each(|byte| {
                thread::sleep(Duration::from_millis(20));
                stream.write_all(&[*byte])
            }),
            Flood(bytes) => {
                let block = bytes.repeat(1 + 65_536 / bytes.len());
                (0..500).try_for_each(|_| stream.write_all(&block))
            }
        }
    }
}

/// The start of a long message of the TLS handshake.
const HANDSHAKE: &[u8] = b"\x16\x03\x03\x40\0\x02";

/// A 200 that continues with these headers and this body.
fn ok(rest: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{rest}")
}

#[test]
fn exit_20_if_a_connection_ends_too_early() {
    let body = ok("content-length: 99\r\n\r\n{");
    // Without a cause, which would be a library's internal text.
    let lost = "to the server was lost\n  endpoint:";
    check::<20>(vec![
        ("before a response", Request, vec![], Close, lost),
        ("in a body", TlsRequest, body.into(), Close, lost),
        ("in the handshake", Connect("https"), HANDSHAKE.into(), Close, "server was lost\n"),
    ]);
}

#[test]
fn exit_21_names_the_stage_that_took_the_time() {
    let (response, proxy) = ("stage:       waiting for the response", "waiting for the proxy");
    let (tls, socks) = ("TLS handshake with the server", b"\x05\0\x05\0\0\x03\xff");
    check::<21>(vec![
        ("drips in the head", Request, ok("x: ").into(), Drip(b"x"), response),
        ("drips in the TLS handshake", Connect("https"), HANDSHAKE.into(), Drip(b"x"), tls),
        ("proxy drips", Proxy("http"), ok("x: ").into(), Drip(b"x"), proxy),
        ("https proxy stalls", Proxy("https"), vec![], Hang, "handshake with the proxy"),
        ("SOCKS proxy drips", Proxy("socks5h"), socks.into(), Drip(b"x"), proxy),
        ("stalls in the tunnel", Proxy("http"), ok("\r\n").into(), Hang, tls),
    ]);
}

/// A full queue drops connection attempts. On Windows it refuses them.
#[cfg(unix)]
#[test]
fn exit_21_if_a_connection_attempt_gets_no_response() {
    let (address, _queue) = crate::support::server::unresponsive();
    Case::token(&format!("http://{address}/"), "--timeout 1.5")
        .run()
        .fails(21)
        .says("error: no response within 1.5 s\n")
        .says(&format!("stage:       connecting to {address}"))
        .says("timeout:     1.5 s (flag --timeout)")
        .says("hint: check the network and any firewall");
}

#[test]
fn exit_22_if_there_is_no_valid_tls() {
    let old = [&b"\x16\x03\x01\0\x2a\x02\0\0\x26\x03\x01"[..], &[7; 32], b"\0\0\x2f\0"].concat();
    let hint = "hint: this port does not speak TLS";
    check::<22>(vec![
        ("TLS 1.0", Connect("https"), old, Hang, "no common protocol, cipher or key"),
        ("plain text in TLS", TlsRequest, vec![], Flood(b"HTTP/1.1 200 OK\r\n\r\n"), hint),
        ("no TLS in a tunnel", Proxy("http"), ok("\r\n<html>").into(), Hang, "token URL"),
    ]);
}

#[test]
fn exit_31_if_a_response_is_invalid_or_endless() {
    let headers = ok(&"x: y\r\n".repeat(129)) + "\r\n";
    let gzip = response(200, "content-encoding: gzip\r\n", "\u{1f}");
    check::<31>(vec![
        ("SSH", Request, "SSH-2.0-OpenSSH_9.2\r\n\r\n".into(), Close, "is not valid HTTP"),
        ("folded header", Request, ok("x: y\r\n z\r\n\r\n").into(), Close, "(folded)"),
        ("129 headers", Request, headers.into(), Close, "it has more than 128 headers"),
        ("compressed", Request, gzip.into(), Close, "is compressed although not requested (gzip)"),
        ("cut off", Request, ok("\r\n{\"data\":").into(), Close, "not JSON"),
        ("endless head", Request, ok("x: ").into(), Flood(b"x"), "head is larger"),
        ("endless body", Request, ok("\r\n").into(), Flood(b" "), "larger than 1 MiB"),
    ]);
}

#[test]
fn unusual_valid_responses_are_accepted() {
    let chunk = format!("{:x};a=b\r\n{SUCCESS}\r\n0\r\nx: y\r\n\r\n", SUCCESS.len());
    let chunk = ok(&format!("transfer-encoding: chunked\r\n\r\n{chunk}"));
    check::<0>(vec![
        ("chunk extension and trailer", Request, chunk.into(), Close, ""),
        ("unknown length", TlsRequest, ok(&format!("\r\n{SUCCESS}")).into(), Close, ""),
        ("early, kept open", Connect("http"), response(200, "", SUCCESS).into(), Hang, ""),
    ]);
}
