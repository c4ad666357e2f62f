//! What each fault of the network ends in: its exit code, within the time budget, with nothing
//! on standard output. That no secret and no panic shows is seen to by `Case`.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection};
use socket2::SockRef;

use crate::support::certificates::{
    Authority, Validity, self_signed_server, serve_tls, token_server,
};
use crate::support::server::{
    PATH, SUCCESS, blackhole, closed_port, listen, read_request, response,
};
use crate::support::{Case, PROXY_PASSWORD};

const NETWORK: i32 = 20;
const TIMEOUT: i32 = 21;
const TLS: i32 = 22;
const UNEXPECTED: i32 = 31;

/// How long a run may take, whatever happens: far above any budget given here, for the machine
/// may be busy, and far below what a hang would take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A fault's name, the exit code that it ends in, what standard error tells of it, and a run.
type Fault = (&'static str, i32, &'static str, Case);

/// Runs every fault, several at once, since most of them only wait.
fn each_ends_as_it_should(faults: Vec<Fault>) {
    let waiting = Mutex::new(faults.into_iter());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().next();
                    let Some((name, code, told, case)) = next else { break };
                    let run = AssertUnwindSafe(|| ends_as_it_should(code, told, case));
                    if let Err(panic) = catch_unwind(run) {
                        let told = panic.downcast::<String>().unwrap_or_default();
                        failures.lock().unwrap().push(format!("{name}: {told}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn ends_as_it_should(code: i32, told: &str, case: Case) {
    // Where another end than a timeout is expected, a slow machine must not bring one about.
    let budget = if code == TIMEOUT { "1" } else { "12" };
    let start = Instant::now();
    let outcome = case.arg("--timeout").arg(budget).run();
    let took = start.elapsed();
    match code {
        0 => outcome.prints("t0ken\n"),
        _ => outcome.fails(code),
    }
    .says(told);
    assert!(took < PATIENCE, "it took {took:?}");
}

type Serve = fn(&mut TcpStream) -> io::Result<()>;

/// A run against a server that does as it is told from the first moment.
fn raw(scheme: &str, serve: Serve) -> Case {
    let address = listen(move |_, mut stream| serve(&mut stream));
    Case::token(&format!("{scheme}://{address}{PATH}"), "")
}

/// A run against a plain HTTP server that does as it is told once it has read the request.
fn http(serve: Serve) -> Case {
    let address = listen(move |_, mut stream| {
        read_request(&mut stream)?;
        serve(&mut stream)
    });
    Case::token(&format!("http://{address}{PATH}"), "")
}

/// A run against a plain HTTP server that answers so, and hangs up.
fn answered(answer: impl Into<Vec<u8>>) -> Case {
    let answer = answer.into();
    let address = listen(move |_, mut stream| {
        read_request(&mut stream)?;
        stream.write_all(&answer)
    });
    Case::token(&format!("http://{address}{PATH}"), "")
}

/// A run through a proxy that does as it is told from the first moment.
fn proxied(scheme: &str, serve: Serve) -> Case {
    let address = listen(move |_, mut stream| serve(&mut stream));
    through(&format!("{scheme}://someone:{PROXY_PASSWORD}@{address}"))
}

fn through(proxy: &str) -> Case {
    Case::token("https://api.example/auth", "").env("HTTPS_PROXY", proxy)
}

/// A run that trusts the server of this configuration, which is reached through `serve`.
fn trusting(
    authority: &Authority,
    serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + Clone + 'static,
) -> Case {
    let address = listen(move |_, stream| serve(stream));
    trusted(authority, address)
}

fn trusted(authority: &Authority, address: SocketAddr) -> Case {
    Case::token(&format!("https://{address}{PATH}"), "--ca-file ca.pem")
        .file("ca.pem", &authority.pem)
}

/// Keeps the connection open and says nothing, until the other side hangs up.
fn hang(stream: &mut TcpStream) -> io::Result<()> {
    stream.read_to_end(&mut Vec::new()).map(drop)
}

/// Closes the connection with a reset.
fn reset(stream: &mut TcpStream) -> io::Result<()> {
    SockRef::from(&*stream).set_linger(Some(Duration::ZERO))
}

/// Writes a byte every few moments: each in time for any limit on a single read.
fn drip(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    for byte in bytes.iter().take(2000) {
        stream.write_all(&[*byte])?;
        thread::sleep(Duration::from_millis(20));
    }
    hang(stream)
}

/// Writes a text over and over, more often than anybody should read it.
fn flood(stream: &mut TcpStream, text: &[u8]) -> io::Result<()> {
    let block = text.repeat(1 + 65_536 / text.len());
    (0..500).try_for_each(|_| stream.write_all(&block))
}

/// What the server says first in a handshake, which this makes it begin.
fn first_flight(config: &Arc<ServerConfig>, stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut connection = ServerConnection::new(config.clone()).unwrap();
    while !connection.wants_write() {
        connection.read_tls(stream)?;
        connection.process_new_packets().map_err(io::Error::other)?;
    }
    let mut flight = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut flight)?;
    }
    Ok(flight)
}

fn chunked(chunks: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}")
}

#[test]
fn faults_before_there_is_a_connection() {
    let (full, _backlog) = blackhole();
    let closed = closed_port();
    each_ends_as_it_should(vec![
        ("refused", NETWORK, "refused", Case::token(&format!("http://127.0.0.1:{closed}/"), "")),
        (
            "refused, TLS",
            NETWORK,
            "refused",
            Case::token(&format!("https://127.0.0.1:{closed}/"), ""),
        ),
        (
            "refused, IPv6",
            NETWORK,
            "connection",
            Case::token(&format!("http://[::1]:{closed}/"), ""),
        ),
        ("blackholed", TIMEOUT, "time budget", Case::token(&format!("http://{full}/"), "")),
        ("blackholed, TLS", TIMEOUT, "time budget", Case::token(&format!("https://{full}/"), "")),
        ("unknown host", NETWORK, "caused by", Case::token("https://no-such-host.invalid/", "")),
    ]);
}

#[test]
fn faults_of_a_plain_connection() {
    each_ends_as_it_should(vec![
        ("closed at once", NETWORK, "lost", raw("http", |_| Ok(()))),
        ("reset at once", NETWORK, "lost", raw("http", reset)),
        ("never an answer", TIMEOUT, "time budget", raw("http", hang)),
        (
            "an answer before the request was read",
            12,
            "HTTP 403",
            raw("http", |stream| stream.write_all(response(403, "", "").as_bytes())),
        ),
        ("closed after the request", NETWORK, "lost", http(|_| Ok(()))),
        ("reset after the request", NETWORK, "lost", http(reset)),
        ("hung after the request", TIMEOUT, "time budget", http(hang)),
        ("truncated in the status line", NETWORK, "lost", answered("HTTP/1.1 20")),
        ("truncated in the head", NETWORK, "lost", answered("HTTP/1.1 200 OK\r\ncontent-le")),
        (
            "reset in the head",
            NETWORK,
            "lost",
            http(|stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-le")?;
                reset(stream)
            }),
        ),
        (
            "hung in the head",
            TIMEOUT,
            "time budget",
            http(|stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-le")?;
                hang(stream)
            }),
        ),
        (
            "dripping head",
            TIMEOUT,
            "time budget",
            http(|stream| {
                drip(stream, format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(2000)).as_bytes())
            }),
        ),
        (
            "endless header",
            UNEXPECTED,
            "head is larger",
            http(|stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
                flood(stream, b"x")
            }),
        ),
        (
            "endless headers",
            UNEXPECTED,
            "HTTP",
            http(|stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
                flood(stream, b"x: y\r\n")
            }),
        ),
        (
            "header of 100 kB",
            UNEXPECTED,
            "head is larger",
            answered(response(200, &format!("x: {}\r\n", "x".repeat(100_000)), SUCCESS)),
        ),
        (
            "500 headers",
            UNEXPECTED,
            "not HTTP",
            answered(response(200, &"x: y\r\n".repeat(500), SUCCESS)),
        ),
        ("endless line ends", UNEXPECTED, "head is larger", http(|stream| flood(stream, b"\r\n"))),
        (
            "endless 100s",
            NETWORK,
            "",
            http(|stream| flood(stream, b"HTTP/1.1 100 Continue\r\n\r\n")),
        ),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn faults_of_a_body() {
    each_ends_as_it_should(vec![
        ("truncated", NETWORK, "lost", answered("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{")),
        (
            "no body at all",
            NETWORK,
            "lost",
            answered("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"),
        ),
        (
            "reset",
            NETWORK,
            "lost",
            http(|stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{")?;
                reset(stream)
            }),
        ),
        (
            "hung",
            TIMEOUT,
            "time budget",
            http(|stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{")?;
                hang(stream)
            }),
        ),
        (
            "dripping",
            TIMEOUT,
            "time budget",
            http(|stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n")?;
                drip(stream, &[b' '; 2000])
            }),
        ),
        (
            "dripping chunks",
            TIMEOUT,
            "time budget",
            http(|stream| {
                stream.write_all(chunked("").as_bytes())?;
                drip(stream, "1\r\n \r\n".repeat(300).as_bytes())
            }),
        ),
        (
            "endless, by its length",
            UNEXPECTED,
            "larger than 1 MiB",
            http(|stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n")?;
                flood(stream, b" ")
            }),
        ),
        (
            "endless, in chunks",
            UNEXPECTED,
            "larger than 1 MiB",
            http(|stream| {
                stream.write_all(chunked("").as_bytes())?;
                flood(stream, format!("400\r\n{}\r\n", " ".repeat(0x400)).as_bytes())
            }),
        ),
        (
            "endless, until the connection ends",
            UNEXPECTED,
            "larger than 1 MiB",
            http(|stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
                flood(stream, b" ")
            }),
        ),
        (
            "endless, of a failure",
            UNEXPECTED,
            "larger than 1 MiB",
            http(|stream| {
                stream.write_all(b"HTTP/1.1 401 Unauthorized\r\n\r\n")?;
                flood(stream, b"x")
            }),
        ),
        ("a gzip bomb", UNEXPECTED, "not JSON", bomb("gzip", b"\x1f\x8b\x08\0\0\0\0\0\x02\x03")),
        ("a deflate bomb", UNEXPECTED, "not JSON", bomb("deflate", b"\x78\xda\xec\xc1\x01\r")),
        ("a brotli bomb", UNEXPECTED, "not JSON", bomb("br", b"\xdb\xff\xff\x03\0\xf8\x2f\0")),
        ("chunks without a size", UNEXPECTED, "not HTTP", answered(chunked("\r\n{}\r\n0\r\n\r\n"))),
        ("a chunk of no number", UNEXPECTED, "not HTTP", answered(chunked("xyz\r\n{}\r\n"))),
        ("a chunk of minus one", UNEXPECTED, "not HTTP", answered(chunked("-1\r\n{}\r\n"))),
        (
            "a chunk of 2^64 and more",
            UNEXPECTED,
            "not HTTP",
            answered(chunked("fffffffffffffffff\r\n{}\r\n")),
        ),
        (
            "a chunk longer than told",
            UNEXPECTED,
            "not HTTP",
            answered(chunked("1\r\n{}\r\n0\r\n\r\n")),
        ),
        ("a chunk shorter than told", NETWORK, "lost", answered(chunked("99\r\n{}\r\n"))),
        ("chunks without an end", NETWORK, "lost", answered(chunked("2\r\n{}\r\n"))),
        ("truncated in a chunk's size", NETWORK, "lost", answered(chunked("2"))),
        ("truncated after a chunk's bytes", NETWORK, "lost", answered(chunked("2\r\n{}"))),
        ("truncated in the trailers", NETWORK, "lost", answered(chunked("2\r\n{}\r\n0\r\nx:"))),
        (
            "a body shorter than its length by far",
            NETWORK,
            "lost",
            answered(format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{SUCCESS}")),
        ),
        (
            "a body longer than its length",
            UNEXPECTED,
            "not JSON",
            answered(format!("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{SUCCESS}")),
        ),
        (
            "a length of no number",
            UNEXPECTED,
            "not HTTP",
            answered(format!("HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{SUCCESS}")),
        ),
        (
            "a length below zero",
            UNEXPECTED,
            "not HTTP",
            answered(format!("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{SUCCESS}")),
        ),
        (
            "two lengths",
            UNEXPECTED,
            "not HTTP",
            answered(response(200, "content-length: 5\r\n", SUCCESS)),
        ),
        (
            "chunks and a length",
            0,
            "",
            answered(format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n\
                 {:x}\r\n{SUCCESS}\r\n0\r\n\r\n",
                SUCCESS.len()
            )),
        ),
        (
            "an endless size of a chunk",
            NETWORK,
            "the body has no end",
            http(|stream| {
                stream.write_all(chunked("").as_bytes())?;
                flood(stream, b"0")
            }),
        ),
        (
            "an endless extension of a chunk",
            NETWORK,
            "the body has no end",
            http(|stream| {
                stream.write_all(chunked("2;").as_bytes())?;
                flood(stream, b"x")
            }),
        ),
        (
            "endless trailers",
            UNEXPECTED,
            "",
            http(|stream| {
                stream.write_all(chunked("2\r\n{}\r\n0\r\n").as_bytes())?;
                flood(stream, b"x: y\r\n")
            }),
        ),
        (
            "half a token until the connection ends",
            UNEXPECTED,
            "not JSON",
            answered("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"data\":{\"token\":\"t0"),
        ),
    ]);
}

/// An answer said to be compressed, that a reader who believes it would blow up.
fn bomb(encoding: &str, start: &[u8]) -> Case {
    let body = [start, &vec![0; 60_000]].concat();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    answered([head.as_bytes(), &body].concat())
}

#[test]
fn answers_that_are_odd_and_good_all_the_same() {
    let good = |head: &str| answered(format!("{head}\r\n\r\n{SUCCESS}"));
    let length = SUCCESS.len();
    each_ends_as_it_should(vec![
        ("HTTP/1.0", 0, "", good("HTTP/1.0 200 OK")),
        ("no length, and closed", 0, "", good("HTTP/1.1 200 OK\r\nconnection: close")),
        ("no length, and closed unannounced", 0, "", good("HTTP/1.1 200 OK")),
        ("no reason phrase", 0, "", good("HTTP/1.1 200")),
        ("another case", 0, "", good(&format!("HTTP/1.1 200 OK\r\nCONTENT-LENGTH: {length}"))),
        (
            "the same length twice",
            0,
            "",
            answered(response(200, &format!("content-length: {length}\r\n"), SUCCESS)),
        ),
        (
            "duplicate headers",
            0,
            "",
            answered(response(200, "content-type: text/html\r\nx: 1\r\nx: 2\r\n", SUCCESS)),
        ),
        ("a header that is not ASCII", 0, "", answered(response(200, "x: ü\r\n", SUCCESS))),
        (
            "chunks with extensions",
            0,
            "",
            answered(chunked(&format!("{length:x};a=b\r\n{SUCCESS}\r\n0\r\n\r\n"))),
        ),
        (
            "chunks with trailers",
            0,
            "",
            answered(chunked(&format!("{length:X}\r\n{SUCCESS}\r\n0\r\nx: y\r\n\r\n"))),
        ),
        (
            "more after the end",
            0,
            "",
            answered(response(200, "", SUCCESS) + &response(500, "", "")),
        ),
        ("a 100 first", 0, "", good("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")),
        ("a 102 first", 0, "", good("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK")),
        (
            "a 103 with headers first",
            0,
            "",
            good("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK"),
        ),
    ]);
}

#[test]
fn each_class_of_status() {
    let status = |status| answered(response(status, "", SUCCESS));
    each_ends_as_it_should(vec![
        ("100 alone", NETWORK, "lost", answered("HTTP/1.1 100 Continue\r\n\r\n")),
        ("101", UNEXPECTED, "", answered("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n")),
        ("201", UNEXPECTED, "HTTP 201", status(201)),
        ("202", UNEXPECTED, "HTTP 202", status(202)),
        ("204", UNEXPECTED, "HTTP 204", answered("HTTP/1.1 204 No Content\r\n\r\n")),
        ("204 with a body", UNEXPECTED, "HTTP 204", status(204)),
        ("205", UNEXPECTED, "HTTP 205", status(205)),
        ("206", UNEXPECTED, "HTTP 206", status(206)),
        ("300", UNEXPECTED, "redirect", status(300)),
        ("301 without a place", UNEXPECTED, "redirect", status(301)),
        (
            "302 to itself",
            UNEXPECTED,
            "redirect",
            answered(response(302, &format!("location: {PATH}\r\n"), "")),
        ),
        (
            "307 to nonsense",
            UNEXPECTED,
            "redirect",
            answered(response(307, "location: http://[\r\n", "")),
        ),
        ("304", UNEXPECTED, "HTTP 304", answered("HTTP/1.1 304 Not Modified\r\n\r\n")),
        ("400", UNEXPECTED, "HTTP 400", status(400)),
        ("401", 12, "HTTP 401", status(401)),
        ("403", 12, "HTTP 403", status(403)),
        ("404", UNEXPECTED, "HTTP 404", status(404)),
        ("407 of a server", UNEXPECTED, "HTTP 407", status(407)),
        ("408", UNEXPECTED, "HTTP 408", status(408)),
        ("413", UNEXPECTED, "HTTP 413", status(413)),
        ("418", UNEXPECTED, "HTTP 418", status(418)),
        ("429", 32, "HTTP 429", status(429)),
        ("500", 30, "HTTP 500", status(500)),
        ("503", 30, "HTTP 503", status(503)),
        ("511", 30, "HTTP 511", status(511)),
        ("600", UNEXPECTED, "HTTP 600", status(600)),
        ("999", UNEXPECTED, "HTTP 999", status(999)),
        ("000", UNEXPECTED, "not HTTP", answered("HTTP/1.1 000 X\r\n\r\n")),
        ("1000", UNEXPECTED, "not HTTP", status(1000)),
    ]);
}

#[test]
fn another_protocol() {
    each_ends_as_it_should(vec![
        ("SSH", UNEXPECTED, "not HTTP", answered("SSH-2.0-OpenSSH_9.2\r\n")),
        (
            "SSH, to TLS",
            TLS,
            "does not speak TLS",
            raw("https", |stream| {
                stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n")?;
                hang(stream)
            }),
        ),
        ("SMTP", UNEXPECTED, "not HTTP", answered("220 mail.example ESMTP\r\n")),
        (
            "HTTP, to TLS",
            TLS,
            "does not speak TLS",
            raw("https", |stream| {
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")?;
                hang(stream)
            }),
        ),
        ("TLS, to HTTP", UNEXPECTED, "not HTTP", answered(*b"\x15\x03\x01\0\x02\x02\x16")),
        ("HTTP/2, preface", UNEXPECTED, "not HTTP", answered("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
        ("HTTP/2, settings", UNEXPECTED, "not HTTP", answered(*b"\0\0\0\x04\0\0\0\0\0")),
        ("HTTP/2 in words", UNEXPECTED, "not HTTP", answered("HTTP/2 200 OK\r\n\r\n")),
        ("HTTP/0.9", UNEXPECTED, "not HTTP", answered(SUCCESS)),
        ("garbage", UNEXPECTED, "not HTTP", answered([0xff; 500])),
        (
            "garbage, to TLS",
            TLS,
            "no secure connection",
            raw("https", |stream| {
                stream.write_all(&[0xff; 500])?;
                hang(stream)
            }),
        ),
        ("zeros, to TLS", TLS, "no secure connection", raw("https", |stream| flood(stream, b"\0"))),
    ]);
}

#[test]
fn faults_of_a_handshake() {
    let authority = Authority::new("test authority");
    let config = authority.server(&["127.0.0.1"], Validity::Now);
    let in_handshake = |serve: fn(&mut TcpStream, &[u8]) -> io::Result<()>| {
        let config = config.clone();
        trusting(&authority, move |mut stream| {
            let flight = first_flight(&config, &mut stream)?;
            serve(&mut stream, &flight)
        })
    };
    each_ends_as_it_should(vec![
        ("closed before", NETWORK, "lost", raw("https", |_| Ok(()))),
        ("reset before", NETWORK, "lost", raw("https", reset)),
        ("hung before", TIMEOUT, "time budget", raw("https", hang)),
        ("closed after the hello", NETWORK, "lost", in_handshake(|_, _| Ok(()))),
        (
            "truncated",
            NETWORK,
            "lost",
            in_handshake(|stream, flight| stream.write_all(&flight[..flight.len() / 2])),
        ),
        (
            "reset",
            NETWORK,
            "lost",
            in_handshake(|stream, flight| {
                stream.write_all(&flight[..flight.len() / 2])?;
                reset(stream)
            }),
        ),
        (
            "hung",
            TIMEOUT,
            "time budget",
            in_handshake(|stream, flight| {
                stream.write_all(&flight[..flight.len() / 2])?;
                hang(stream)
            }),
        ),
        ("dripping", TIMEOUT, "time budget", in_handshake(drip)),
        (
            "garbled",
            TLS,
            "no secure connection",
            in_handshake(|stream, flight| {
                let mut flight = flight.to_vec();
                flight.iter_mut().skip(200).for_each(|byte| *byte = !*byte);
                stream.write_all(&flight)?;
                hang(stream)
            }),
        ),
    ]);
}

#[test]
fn each_refusal_of_tls() {
    let authority = Authority::new("test authority");
    let certified = |name: &str, validity| {
        trusted(&authority, token_server(authority.server(&[name], validity)))
    };
    let alert = |serve: Serve| raw("https", serve);
    let versions = [&rustls::version::TLS12, &rustls::version::TLS13];
    let [demanding_12, demanding_13] = versions.map(|version| {
        trusted(&authority, token_server(authority.demanding_server("127.0.0.1", version)))
    });
    let foreign = certified("127.0.0.1", Validity::Now);
    let foreign = foreign.file("ca.pem", Authority::new("foreign").pem);
    let own = trusted(&authority, token_server(self_signed_server("127.0.0.1")));
    each_ends_as_it_should(vec![
        ("foreign authority", TLS, "UnknownIssuer", foreign),
        ("self-signed", TLS, "UnknownIssuer", own),
        ("expired", TLS, "expired", certified("127.0.0.1", Validity::Over)),
        ("not yet valid", TLS, "not valid yet", certified("127.0.0.1", Validity::NotYet)),
        ("another address", TLS, "not valid for name", certified("127.0.0.2", Validity::Now)),
        ("another name", TLS, "not valid for name", certified("localhost", Validity::Now)),
        ("a client certificate demanded, TLS 1.2", TLS, "", demanding_12),
        ("a client certificate demanded, TLS 1.3", TLS, "CertificateRequired", demanding_13),
        (
            "alert: protocol version",
            TLS,
            "ProtocolVersion",
            alert(|stream| {
                stream.write_all(b"\x15\x03\x01\0\x02\x02\x46")?;
                hang(stream)
            }),
        ),
        (
            "alert: handshake failure",
            TLS,
            "HandshakeFailure",
            alert(|stream| {
                stream.write_all(b"\x15\x03\x03\0\x02\x02\x28")?;
                hang(stream)
            }),
        ),
        (
            "alert: unrecognised name",
            TLS,
            "UnrecognisedName",
            alert(|stream| {
                stream.write_all(b"\x15\x03\x03\0\x02\x02\x70")?;
                hang(stream)
            }),
        ),
        (
            "a server of TLS 1.0",
            TLS,
            "no secure connection",
            alert(|stream| {
                let hello = [&b"\x02\0\0\x26\x03\x01"[..], &[7; 32], b"\0\0\x2f\0"].concat();
                stream.write_all(b"\x16\x03\x01\0\x2a")?;
                stream.write_all(&hello)?;
                hang(stream)
            }),
        ),
    ]);
}

#[test]
fn faults_inside_tls() {
    let authority = Authority::new("test authority");
    let config = authority.server(&["127.0.0.1"], Validity::Now);
    let inside = |head: &'static str, after: Serve| {
        let address = serve_tls(config.clone(), move |mut stream| {
            read_request(&mut stream)?;
            stream.write_all(head.as_bytes())?;
            stream.flush()?;
            after(&mut stream.sock)
        });
        trusted(&authority, address)
    };
    let in_drops = {
        let config = config.clone();
        trusting(&authority, move |stream| {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream);
            read_request(&mut stream)?;
            // One record, so that no part of it can be used before all of it has come.
            stream.conn.writer().write_all(response(200, "", &" ".repeat(9000)).as_bytes())?;
            let mut record = Vec::new();
            stream.conn.write_tls(&mut record)?;
            drip(&mut stream.sock, &record)
        })
    };
    each_ends_as_it_should(vec![
        ("closed after the request", NETWORK, "lost", inside("", |_| Ok(()))),
        ("reset after the request", NETWORK, "lost", inside("", reset)),
        ("hung after the request", TIMEOUT, "time budget", inside("", hang)),
        ("truncated in the head", NETWORK, "lost", inside("HTTP/1.1 2", |_| Ok(()))),
        ("reset in the head", NETWORK, "lost", inside("HTTP/1.1 2", reset)),
        (
            "reset in the body",
            NETWORK,
            "lost",
            inside("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", reset),
        ),
        (
            "hung in the body",
            TIMEOUT,
            "time budget",
            inside("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", hang),
        ),
        // An answer that only its end delimits is whole by TLS's farewell alone.
        (
            "no farewell, and all of the token",
            NETWORK,
            "lost",
            inside("HTTP/1.1 200 OK\r\n\r\n{\"data\":{\"token\":\"t0ken\"}}", |_| Ok(())),
        ),
        (
            "no farewell, and half of the token",
            NETWORK,
            "lost",
            inside("HTTP/1.1 200 OK\r\n\r\n{\"data\":{\"token\":\"t0", |_| Ok(())),
        ),
        ("a record that drips", TIMEOUT, "time budget", in_drops),
        (
            "plain text in between",
            TLS,
            "no secure connection",
            inside("", |stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
                hang(stream)
            }),
        ),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn faults_of_a_proxy() {
    let (full, _backlog) = blackhole();
    let refusing = |answer: &'static str| {
        let address = listen(move |_, mut stream| {
            read_request(&mut stream)?;
            stream.write_all(answer.as_bytes())
        });
        through(&format!("http://someone:{PROXY_PASSWORD}@{address}"))
    };
    each_ends_as_it_should(vec![
        (
            "closed port",
            NETWORK,
            "refused",
            through(&format!("http://127.0.0.1:{}", closed_port())),
        ),
        ("blackholed", TIMEOUT, "time budget", through(&format!("http://{full}"))),
        ("unknown host", NETWORK, "caused by", through("http://no-such-proxy.invalid:3128")),
        ("407", NETWORK, "407", refusing("HTTP/1.1 407 X\r\ncontent-length: 0\r\n\r\n")),
        ("403", NETWORK, "403", refusing("HTTP/1.1 403 X\r\ncontent-length: 0\r\n\r\n")),
        ("502", NETWORK, "502", refusing("HTTP/1.1 502 X\r\ncontent-length: 0\r\n\r\n")),
        ("302", NETWORK, "302", refusing("HTTP/1.1 302 X\r\nlocation: /login\r\n\r\n")),
        ("garbage", NETWORK, "proxy", refusing("\u{1}\u{2}garbage\r\n\r\n")),
        ("SSH", NETWORK, "proxy", refusing("SSH-2.0-OpenSSH_9.2\r\n")),
        ("empty", NETWORK, "", refusing("")),
        ("truncated", NETWORK, "", refusing("HTTP/1.1 200 O")),
        ("reset", NETWORK, "", proxied("http", reset)),
        ("hung", TIMEOUT, "time budget", proxied("http", hang)),
        (
            "dripping",
            TIMEOUT,
            "time budget",
            proxied("http", |stream| {
                read_request(stream)?;
                drip(stream, format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(2000)).as_bytes())
            }),
        ),
        (
            "endless",
            NETWORK,
            "proxy",
            proxied("http", |stream| {
                read_request(stream)?;
                stream.write_all(b"HTTP/1.1 200 OK\r\nx: ")?;
                flood(stream, b"x")
            }),
        ),
        (
            "hung inside the tunnel",
            TIMEOUT,
            "time budget",
            proxied("http", |stream| {
                read_request(stream)?;
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
                hang(stream)
            }),
        ),
        (
            "no TLS inside the tunnel",
            TLS,
            "no secure connection",
            refusing("HTTP/1.1 200 OK\r\n\r\n<html>log in</html>"),
        ),
        (
            "https, not speaking TLS",
            TLS,
            "no secure connection",
            proxied("https", |stream| {
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")?;
                hang(stream)
            }),
        ),
        ("https, hung", TIMEOUT, "time budget", proxied("https", hang)),
        ("socks5, hung", TIMEOUT, "time budget", proxied("socks5h", hang)),
        ("socks5, closed", NETWORK, "", proxied("socks5h", |_| Ok(()))),
        (
            "socks5, garbage",
            NETWORK,
            "",
            proxied("socks5h", |stream| {
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")?;
                hang(stream)
            }),
        ),
        (
            "socks5, wrong password",
            NETWORK,
            "",
            proxied("socks5h", |stream| {
                stream.write_all(b"\x05\x02\x01\x01")?;
                hang(stream)
            }),
        ),
        (
            "socks5, refusing",
            NETWORK,
            "",
            proxied("socks5h", |stream| {
                stream.write_all(b"\x05\0\x05\x05\0\x01\0\0\0\0\0\0")?;
                hang(stream)
            }),
        ),
        (
            "socks5, dripping",
            TIMEOUT,
            "time budget",
            proxied("socks5h", |stream| {
                stream.write_all(b"\x05\0\x05\0\0\x03\xff")?;
                drip(stream, &[b'x'; 2000])
            }),
        ),
        (
            "socks4a, refusing",
            NETWORK,
            "",
            proxied("socks4a", |stream| {
                stream.write_all(b"\0\x5b\0\0\0\0\0\0")?;
                hang(stream)
            }),
        ),
    ]);
}
