//! Every kind of network fault ends in its exit code, within the time budget, with no output.
//!
//! Exit codes: 20 network, 21 timeout, 22 TLS, 31 unexpected response. `Case` checks that no
//! secret and no panic shows. Faults that concern one topic only are tested with that topic:
//! status codes in `answers`, retries in `attempts`, certificates in `tls`, proxy settings in
//! `proxies`.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection};

use crate::support::certificates::{Authority, Validity, token_server};
use crate::support::server::{PATH, SUCCESS, listen, read_request, response};
use crate::support::{Case, PROXY_PASSWORD};

use At::{Connect, Handshake, Proxy, Request, TlsRequest};
use Then::{Close, Drip, Flood, Hang};

/// When a server leaves the protocol and follows its script.
#[derive(Clone, Copy)]
enum At {
    /// As soon as there is a connection, as the server of a URL with this scheme.
    Connect(&'static str),
    /// In the middle of its first message of the TLS handshake.
    Handshake,
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
    #[cfg(target_os = "linux")]
    Reset,
    /// Repeats these bytes, one every 20 ms: each in time for a limit on a single read.
    Drip(&'static [u8]),
    /// Repeats these bytes, many more times than the program should read.
    Flood(&'static [u8]),
}

/// A row of a table: a server's script, and the expected outcome.
#[derive(Clone)]
struct Fault {
    name: &'static str,
    at: At,
    bytes: Vec<u8>,
    then: Then,
    exit_code: i32,
    stderr: &'static str,
}

fn fault(
    name: &'static str,
    at: At,
    bytes: impl Into<Vec<u8>>,
    then: Then,
    exit_code: i32,
    stderr: &'static str,
) -> Fault {
    Fault { name, at, bytes: bytes.into(), then, exit_code, stderr }
}

/// Runs all rows at the same time, because most of them only wait.
fn check<const N: usize>(faults: [Fault; N]) {
    thread::scope(|scope| {
        for fault in faults {
            // The name of the thread identifies a row that fails.
            let row = thread::Builder::new().name(fault.name.to_owned());
            row.spawn_scoped(scope, move || fault.check()).unwrap();
        }
    });
}

impl Fault {
    fn check(&self) {
        // A slow machine must not turn another failure into a timeout.
        let budget = if self.exit_code == 21 { "1" } else { "12" };
        let case = self.case().arg("--timeout").arg(budget);
        let start = Instant::now();
        let outcome = case.run();
        let took = start.elapsed();
        let outcome = match self.exit_code {
            0 => outcome.prints("t0ken\n"),
            code => outcome.fails(code),
        };
        let outcome = outcome.says(self.stderr);
        if self.exit_code == 21 {
            outcome.says("time budget");
            assert!(took >= Duration::from_secs(1), "it took {took:?}");
        }
        assert!(took < Duration::from_secs(15), "it took {took:?}");
    }

    /// A run against a server that follows the script.
    fn case(&self) -> Case {
        let authority = Authority::new("test");
        let config = authority.server(&["127.0.0.1"], Validity::Now);
        let fault = self.clone();
        let address = listen(move |_, stream| fault.serve(&config, stream));
        let (url, proxy) = match self.at {
            Connect(scheme) => (format!("{scheme}://{address}{PATH}"), String::new()),
            Request => (format!("http://{address}{PATH}"), String::new()),
            Handshake | TlsRequest => (format!("https://{address}{PATH}"), String::new()),
            Proxy(scheme) => (
                "https://api.example/auth".to_owned(),
                format!("{scheme}://someone:{PROXY_PASSWORD}@{address}"),
            ),
        };
        Case::token(&url, "--ca-file ca.pem")
            .file("ca.pem", authority.pem)
            .env("SMARTEXTRACT_PROXY", proxy)
    }

    fn serve(&self, config: &Arc<ServerConfig>, mut stream: TcpStream) -> io::Result<()> {
        let mut tls = ServerConnection::new(config.clone()).unwrap();
        match self.at {
            Handshake => {
                while !tls.wants_write() {
                    if tls.read_tls(&mut stream)? == 0 {
                        return Ok(());
                    }
                    tls.process_new_packets().map_err(io::Error::other)?;
                }
                let mut message = Vec::new();
                tls.write_tls(&mut message)?;
                stream.write_all(&message[..message.len() / 2])?;
            }
            TlsRequest => {
                let mut tls = rustls::Stream::new(&mut tls, &mut stream);
                read_request(&mut tls)?;
                tls.write_all(&self.bytes)?;
                tls.flush()?;
                return self.then.run(&mut stream);
            }
            Request | Proxy("http") => drop(read_request(&mut stream)?),
            Connect(_) | Proxy(_) => {}
        }
        stream.write_all(&self.bytes)?;
        self.then.run(&mut stream)
    }
}

impl Then {
    fn run(self, stream: &mut TcpStream) -> io::Result<()> {
        match self {
            Close => Ok(()),
            Hang => stream.read_to_end(&mut Vec::new()).map(drop),
            #[cfg(target_os = "linux")]
            Then::Reset => socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO)),
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

/// A 200 that continues with these headers and this body.
fn ok(rest: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{rest}")
}

fn chunked(chunks: &str) -> String {
    ok(&format!("transfer-encoding: chunked\r\n\r\n{chunks}"))
}

#[test]
fn a_connection_that_ends_too_early_is_lost() {
    let body = ok("content-length: 99\r\n\r\n{");
    check([
        fault("before an answer", Request, "", Close, 20, "lost"),
        fault("in the head", Request, ok("content-le"), Close, 20, "lost"),
        fault("after a 100", Request, "HTTP/1.1 100 Continue\r\n\r\n", Close, 20, "lost"),
        fault("in a body", Request, body.as_str(), Close, 20, "lost"),
        fault("in a chunk", Request, chunked("99\r\n{}\r\n"), Close, 20, "lost"),
        fault("before the last chunk", Request, chunked("2\r\n{}\r\n"), Close, 20, "lost"),
        fault("in the TLS handshake", Handshake, "", Close, 20, "lost"),
        fault("in TLS, before an answer", TlsRequest, "", Close, 20, "lost"),
        fault("in TLS, in a body", TlsRequest, body, Close, 20, "lost"),
    ]);
}

/// Only on Linux is it certain that a client reads what was sent before a reset. A server that
/// closes without reading the request causes one, too.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_that_is_reset_is_lost() {
    use Then::Reset;
    let body = ok("content-length: 99\r\n\r\n{");
    check([
        fault("at once", Connect("http"), "", Reset, 20, "lost"),
        fault("request not read", Connect("http"), "", Close, 20, "lost"),
        fault("before an answer", Request, "", Reset, 20, "lost"),
        fault("in the head", Request, ok("content-le"), Reset, 20, "lost"),
        fault("in a body", Request, body.as_str(), Reset, 20, "lost"),
        fault("TLS handshake not read", Connect("https"), "", Close, 20, "lost"),
        fault("in the TLS handshake", Handshake, "", Reset, 20, "lost"),
        fault("in TLS, before an answer", TlsRequest, "", Reset, 20, "lost"),
        fault("in TLS, in a body", TlsRequest, body, Reset, 20, "lost"),
        fault("by a proxy", Proxy("http"), "", Reset, 20, ""),
    ]);
}

#[test]
fn a_server_that_stalls_or_drips_ends_in_a_timeout() {
    let body = ok("content-length: 99\r\n\r\n{");
    check([
        fault("stalls before an answer", Connect("http"), "", Hang, 21, ""),
        fault("stalls in the head", Request, ok("content-le"), Hang, 21, ""),
        fault("stalls in the body", Request, body, Hang, 21, ""),
        fault("drips in the head", Request, ok("x: "), Drip(b"x"), 21, ""),
        fault("drips in the body", Request, ok("content-length: 9999\r\n\r\n"), Drip(b" "), 21, ""),
        fault("drips chunks", Request, chunked(""), Drip(b"1\r\n \r\n"), 21, ""),
        fault("stalls before the TLS handshake", Connect("https"), "", Hang, 21, ""),
        fault("stalls in the TLS handshake", Handshake, "", Hang, 21, ""),
        fault("drips in the TLS handshake", Handshake, "", Drip(b"x"), 21, ""),
        fault("stalls in TLS", TlsRequest, "", Hang, 21, ""),
        fault("drips a TLS record", TlsRequest, "", Drip(b"\x17\x03\x03\x20\0"), 21, ""),
    ]);
}

/// A full queue drops connection attempts. On Windows it refuses them.
#[cfg(unix)]
#[test]
fn a_connection_attempt_without_an_answer_ends_in_a_timeout() {
    let (address, _queue) = crate::support::server::unresponsive();
    let direct = Case::token(&format!("http://{address}/"), "--timeout 1");
    direct.run().fails(21).says("time budget");
    let proxied = Case::token("https://api.example/auth", "--timeout 1");
    proxied.env("HTTPS_PROXY", format!("http://{address}")).run().fails(21).says("time budget");
}

#[test]
fn an_endless_answer_is_not_read_to_its_end() {
    const LARGE: &str = "larger than 1 MiB";
    let (length, denied) = ("content-length: 99999999999\r\n\r\n", "HTTP/1.1 401 X\r\n\r\n");
    check([
        fault("headers", Request, ok(""), Flood(b"x: y\r\n"), 31, ""),
        fault("header", Request, ok("x: "), Flood(b"x"), 31, "head is larger"),
        fault("declared length", Request, ok(length), Flood(b" "), 31, LARGE),
        fault("unknown length", Request, ok("\r\n"), Flood(b" "), 31, LARGE),
        fault("error body", Request, denied, Flood(b"x"), 31, LARGE),
        fault("chunks", Request, chunked(""), Flood(b"10\r\n                \r\n"), 31, LARGE),
        fault("size of a chunk", Request, chunked(""), Flood(b"0"), 20, ""),
        fault("chunk extension", Request, chunked("2;"), Flood(b"x"), 20, ""),
    ]);
}

#[test]
fn an_answer_of_unknown_length_is_judged_by_what_arrived() {
    let whole = ok(&format!("\r\n{SUCCESS}"));
    let half = &whole[..whole.len() - 7];
    check([
        fault("whole", Request, whole.as_str(), Close, 0, ""),
        fault("half", Request, half, Close, 31, "not JSON"),
        // The connection ends without the close_notify of TLS.
        fault("whole, in TLS", TlsRequest, whole.as_str(), Close, 0, ""),
        fault("half, in TLS", TlsRequest, half, Close, 31, "not JSON"),
    ]);
}

#[test]
fn unusual_valid_answers_are_accepted() {
    let chunk = format!("{:x};a=b\r\n{SUCCESS}\r\n0\r\nx: y\r\n\r\n", SUCCESS.len());
    let long = format!("x-long: {}\r\n", "x".repeat(20_000));
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".to_owned();
    check([
        fault("HTTP/1.0", Request, format!("HTTP/1.0 200 OK\r\n\r\n{SUCCESS}"), Close, 0, ""),
        fault("chunk extension and trailer", Request, chunked(&chunk), Close, 0, ""),
        fault("interim answer", Request, hints + &response(200, "", SUCCESS), Close, 0, ""),
        fault("long head", Request, response(200, &long, SUCCESS), Close, 0, ""),
        fault("early, kept open", Connect("http"), response(200, "", SUCCESS), Hang, 0, ""),
    ]);
}

#[test]
fn an_invalid_answer_is_unexpected() {
    let (upgrade, length) = ("HTTP/1.1 101 X\r\nupgrade: x\r\n\r\n", "content-length: x\r\n\r\n{}");
    check([
        fault("101", Request, upgrade, Close, 31, ""),
        fault("204", Request, "HTTP/1.1 204 X\r\n\r\n", Close, 31, "HTTP 204"),
        fault("304", Request, "HTTP/1.1 304 X\r\n\r\n", Close, 31, "HTTP 304"),
        fault("600", Request, response(600, "", SUCCESS), Close, 31, "HTTP 600"),
        fault("invalid length", Request, ok(length), Close, 31, "not HTTP"),
        fault("invalid chunk size", Request, chunked("x\r\n{}\r\n"), Close, 31, "not HTTP"),
        fault("SSH", Request, "SSH-2.0-OpenSSH_9.2\r\n\r\n", Close, 31, "not HTTP"),
        fault("HTTP/0.9", Request, SUCCESS, Close, 31, "not HTTP"),
        fault("TLS", Request, b"\x15\x03\x01\0\x02\x02\x16", Close, 31, "not HTTP"),
    ]);
}

#[test]
fn a_tls_failure_ends_in_its_own_exit_code() {
    let https = Connect("https");
    let old = [&b"\x16\x03\x01\0\x2a\x02\0\0\x26\x03\x01"[..], &[7; 32], b"\0\0\x2f\0"].concat();
    let hint = "hint: this port does not speak TLS";
    check([
        fault("SSH", https, "SSH-2.0-OpenSSH_9.2\r\n", Hang, 22, hint),
        fault("HTTP", https, "HTTP/1.1 400 Bad Request\r\n\r\n", Hang, 22, hint),
        fault("garbage", https, [0xff; 500], Hang, 22, ""),
        fault("TLS 1.0", https, old, Hang, 22, ""),
        fault("alert", https, b"\x15\x03\x03\0\x02\x02\x28", Hang, 22, "HandshakeFailure"),
        fault("garbled handshake", Handshake, [0xff; 2000], Hang, 22, ""),
        fault("plain text in TLS", TlsRequest, "", Flood(b"HTTP/1.1 200 OK\r\n\r\n"), 22, ""),
    ]);
}

#[test]
fn exit_22_if_the_server_demands_a_client_certificate() {
    let authority = Authority::new("test");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let address = token_server(authority.demanding_server("127.0.0.1", version));
        Case::token(&format!("https://{address}/"), "--ca-file ca.pem")
            .file("ca.pem", &authority.pem)
            .run()
            .fails(22);
    }
}

#[test]
fn a_faulty_proxy_is_a_network_failure() {
    let (http, https, socks5) = (Proxy("http"), Proxy("https"), Proxy("socks5h"));
    let bad_request = "HTTP/1.1 400 Bad Request\r\n\r\n";
    check([
        fault("cut off", http, "HTTP/1.1 200 O", Close, 20, ""),
        fault("endless", http, ok("x: "), Flood(b"x"), 20, "proxy"),
        fault("stalls", http, "", Hang, 21, ""),
        fault("drips", http, ok("x: "), Drip(b"x"), 21, ""),
        fault("stalls in the tunnel", http, ok("\r\n"), Hang, 21, ""),
        fault("no TLS in the tunnel", http, ok("\r\n<html>log in</html>"), Hang, 22, ""),
        fault("https, no TLS", https, bad_request, Hang, 22, ""),
        fault("https, stalls", https, "", Hang, 21, ""),
        fault("socks5, stalls", socks5, "", Hang, 21, ""),
        fault("socks5, drips", socks5, b"\x05\0\x05\0\0\x03\xff", Drip(b"x"), 21, ""),
        fault("socks5, no SOCKS", socks5, bad_request, Hang, 20, ""),
    ]);
}
