//! One request and one reply per connection: HTTP/1.1 (RFC 9112) as far as an emulator needs it.
//!
//! httparse parses the heads. Small server crates could do the rest, but oxhttp 0.3 panics on a
//! target that is not a path, and `tiny_http` 0.12 limits neither a head nor an idle client. Here
//! head, body and time are limited.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 100;
const MAX_BODY: usize = 64 * 1024;
/// A chunk's size, with extensions.
const MAX_CHUNK_LINE: u64 = 4096;

const TOO_LARGE: RequestError = RequestError::Refused(413, "The body is too large");

pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

/// Why there is no request: it is refused with a status and a text, or the client has left.
#[derive(Debug)]
pub enum RequestError {
    Refused(u16, &'static str),
    Disconnected,
}

impl From<io::Error> for RequestError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                Self::Refused(408, "The request took too long")
            }
            _ => Self::Disconnected,
        }
    }
}

/// A connection whose reads time out at the deadline, however slowly the bytes arrive.
pub struct UntilDeadline<'a> {
    pub stream: &'a TcpStream,
    pub deadline: Instant,
}

impl Read for UntilDeadline<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.stream.set_read_timeout(Some(time_left(self.deadline)?))?;
            match self.stream.read(buffer) {
                // By a forwarded signal, or when it continues after a stop.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

fn time_left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// Reads a whole request.
pub fn read_request(mut source: impl Read) -> Result<Request, RequestError> {
    let mut start = Vec::new();
    let (mut request, body, length) = loop {
        match parse_head(&start)? {
            Some((request, body, length)) if length <= MAX_HEAD => break (request, body, length),
            None if start.len() < MAX_HEAD => {}
            _ => return Err(RequestError::Refused(431, "The head is too large")),
        }
        let mut buffer = [0; 4096];
        match source.read(&mut buffer)? {
            0 => return Err(RequestError::Disconnected),
            length => start.extend_from_slice(&buffer[..length]),
        }
    };
    let mut rest = BufReader::new(start[length..].chain(source));
    request.body = match body {
        Body::Length(length) => read_exactly(&mut rest, length)?,
        Body::Chunked => read_chunks(&mut rest)?,
    };
    Ok(request)
}

fn read_exactly(input: &mut impl Read, length: usize) -> Result<Vec<u8>, RequestError> {
    if length > MAX_BODY {
        return Err(TOO_LARGE);
    }
    let mut bytes = vec![0; length];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Reads a chunked body (RFC 9112, 7.1). Trailers are not read.
fn read_chunks(input: &mut impl BufRead) -> Result<Vec<u8>, RequestError> {
    const INVALID: RequestError = RequestError::Refused(400, "The chunks are invalid");
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        input.take(MAX_CHUNK_LINE).read_until(b'\n', &mut line)?;
        let Ok(httparse::Status::Complete((_, size))) = httparse::parse_chunk_size(&line) else {
            return Err(INVALID);
        };
        if size == 0 {
            return Ok(body);
        }
        body.extend(read_exactly(input, usize::try_from(size).unwrap_or(usize::MAX))?);
        if body.len() > MAX_BODY {
            return Err(TOO_LARGE);
        }
        if read_exactly(input, 2)? != b"\r\n" {
            return Err(INVALID);
        }
    }
}

/// How a body is delimited.
enum Body {
    Length(usize),
    Chunked,
}

/// A request without its body, and the length of its head; `None` if the head is incomplete.
fn parse_head(input: &[u8]) -> Result<Option<(Request, Body, usize)>, RequestError> {
    const INVALID: RequestError = RequestError::Refused(400, "This is not a valid request");
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(input).map_err(|_| INVALID)? {
        httparse::Status::Complete(length) => length,
        httparse::Status::Partial => return Ok(None),
    };
    let values = |name: &str| -> Vec<&str> {
        let same = parsed.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        same.map(|header| std::str::from_utf8(header.value).unwrap_or_default().trim()).collect()
    };
    let body = match (&values("transfer-encoding")[..], &values("content-length")[..]) {
        ([], []) => Body::Length(0),
        ([], [length]) => Body::Length(length.parse().map_err(|_| INVALID)?),
        ([coding], []) if coding.eq_ignore_ascii_case("chunked") => Body::Chunked,
        // Two lengths are how requests are smuggled (RFC 9112, 11.2).
        _ => return Err(INVALID),
    };
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        content_type: values("content-type").first().map(|&kind| kind.to_owned()),
        body: Vec::new(),
    };
    Ok(Some((request, body, length)))
}

pub struct Reply {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
    /// The methods that the path accepts, for a 405.
    pub allow: Option<&'static str>,
}

impl Reply {
    pub fn json(status: u16, body: String) -> Self {
        Self { status, content_type: "application/json", body, allow: None }
    }

    /// An error in the shape of the documented ones.
    pub fn error(status: u16, text: &str) -> Self {
        Self::json(status, format!("{{ \"status\": \"error\", \"error\": \"{text}\" }}"))
    }

    pub fn method_not_allowed(allow: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::error(405, "This path does not accept the method") }
    }

    /// Writes the reply, without its body for a HEAD request, and ends the connection.
    pub fn send(&self, mut stream: &TcpStream, deadline: Instant, is_head: bool) -> io::Result<()> {
        let Self { status, content_type, body, allow } = self;
        let allow = allow.map(|methods| format!("allow: {methods}\r\n")).unwrap_or_default();
        let length = body.len();
        let body = if is_head { "" } else { body };
        let reply = format!(
            "HTTP/1.1 {status} \r\ncontent-type: {content_type}\r\n\
             content-length: {length}\r\ncache-control: no-store\r\nconnection: close\r\n{allow}\
             \r\n{body}"
        );
        stream.set_write_timeout(Some(time_left(deadline)?))?;
        stream.write_all(reply.as_bytes())?;
        stream.shutdown(Shutdown::Write)?;
        // Closing a socket with unread input resets the connection, and the reply would be lost.
        let deadline = deadline.min(Instant::now() + Duration::from_millis(500));
        let rest = UntilDeadline { stream, deadline };
        io::copy(&mut rest.take(1 << 20), &mut io::sink()).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_body_has_one_length_or_the_request_is_refused() {
        for (headers, valid) in [
            ("", true),
            ("content-length: 0\r\n", true),
            ("Transfer-Encoding: Chunked\r\n", true),
            ("content-length: 5\r\ncontent-length: 5\r\n", false),
            ("content-length: 5\r\ntransfer-encoding: chunked\r\n", false),
            ("transfer-encoding: gzip\r\n", false),
            ("content-length: -1\r\n", false),
            ("content-length: x\r\n", false),
        ] {
            let request = format!("POST / HTTP/1.1\r\n{headers}\r\n0\r\n\r\n");
            assert_eq!(read_request(request.as_bytes()).is_ok(), valid, "{headers}");
        }
    }

    #[test]
    fn a_request_that_is_too_large_is_refused_early() {
        let chunk = format!("{:x}\r\n{}\r\n", 0x1000, "x".repeat(0x1000));
        for (start, rest, expected) in [
            ("GET / HTTP/1.1\r\n", "x: y\r\n".to_owned(), 400),
            ("GET /", "x".to_owned(), 431),
            ("POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", "x".to_owned(), 413),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", chunk, 413),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", "1;x".to_owned(), 400),
        ] {
            let mut sent = start.as_bytes().to_vec();
            while sent.len() < 4 * MAX_BODY {
                sent.extend_from_slice(rest.as_bytes());
            }
            let refused = read_request(sent.as_slice()).err();
            assert!(
                matches!(refused, Some(RequestError::Refused(status, _)) if status == expected),
                "{start}: {refused:?}"
            );
        }
    }

    #[test]
    fn head_and_body_may_be_as_large_as_their_limits() {
        let x = |length: usize| "x".repeat(length);
        let head = |length: usize| format!("GET /{} HTTP/1.1\r\n\r\n", x(length - 18));
        let post = |header: &str, body: &str| format!("POST / HTTP/1.1\r\n{header}\r\n\r\n{body}");
        let whole = |length| post(&format!("content-length: {length}"), &x(length));
        let chunk = |length| format!("{length:x}\r\n{}\r\n", x(length));
        let chunks = |last| {
            let body = [chunk(MAX_BODY - 1), chunk(last), chunk(0)].concat();
            post("transfer-encoding: chunked", &body)
        };
        for (request, refused) in [
            (head(16_384), None),
            (head(16_385), Some(431)),
            (whole(65_536), None),
            (whole(65_537), Some(413)),
            (chunks(1), None),
            (chunks(2), Some(413)),
        ] {
            for first in [0, 1, 10, 4095] {
                let (first, rest) = request.as_bytes().split_at(first);
                let refusal = outcome(first.chain(rest)).err();
                assert_eq!(refusal, refused.map(Some), "{} after {}", rest.len(), first.len());
            }
        }
    }

    /// Bytes that arrive one by one.
    struct OneByOne<'a>(&'a [u8]);

    impl Read for OneByOne<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(1);
            self.0.read(&mut buffer[..length])
        }
    }

    /// The status of a refusal, or a request's path, query and body.
    fn outcome(source: impl Read) -> Result<(String, String, Vec<u8>), Option<u16>> {
        match read_request(source) {
            Ok(request) => Ok((request.path, request.query, request.body)),
            Err(RequestError::Refused(status, _)) => Err(Some(status)),
            Err(RequestError::Disconnected) => Err(None),
        }
    }

    proptest! {
        #[test]
        fn bytes_are_read_the_same_at_once_and_one_by_one(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..99),
                "(GET|CONNECT|OPTIONS) [!-~]{0,9} HTTP/1.[01]\r\n([a-z-]{1,9}: [ -~]{0,9}\r\n){0,3}\r\n"
                    .prop_map(String::into_bytes),
                ("[0-9A-Fa-f]{0,17}[;x\r\n]{0,3}[a-z]{0,20}\r\n0?\r\n").prop_map(|chunks| {
                    format!("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{chunks}").into()
                }),
                "POST /x\\?y HTTP/1.1\r\ncontent-length: [0-9]\r\n\r\n[ -~]{0,12}"
                    .prop_map(String::into_bytes),
            ],
        ) {
            prop_assert_eq!(outcome(bytes.as_slice()), outcome(OneByOne(&bytes)));
        }

        #[test]
        fn a_body_arrives_however_it_is_split_into_chunks(
            parts in proptest::collection::vec("[ -~]{1,20}", 0..9),
        ) {
            let mut request =
                b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
            for part in &parts {
                write!(request, "{:X};a=b\r\n{part}\r\n", part.len()).unwrap();
            }
            request.extend(b"0\r\n\r\n");
            let read = read_request(&request[..]).unwrap();
            prop_assert_eq!(read.body, parts.concat().into_bytes());
        }
    }
}
