//! One request and one answer a connection: HTTP/1.1 (RFC 9112) as far as an emulator needs it.
//!
//! Heads are parsed by httparse. The small server crates that would do the rest do not keep their
//! heads: oxhttp 0.3 panics on a target that is no path, `tiny_http` 0.12 limits neither a head nor
//! an idle client. Here all that a client can do is bounded: its head, its body, and its time.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 100;
const MAX_BODY: usize = 64 * 1024;

/// What was asked.
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

/// What is answered.
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
    /// One header more: a policy for a page, the methods for a 405.
    pub header: Option<(&'static str, String)>,
}

/// Why there is no request: an answer for it, or nobody left to answer.
pub enum Unusable {
    Refused(u16, &'static str),
    Gone,
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                Self::Refused(408, "The request took too long")
            }
            _ => Self::Gone,
        }
    }
}

/// A connection that has to have done its work by a certain time.
pub struct Connection {
    stream: TcpStream,
    deadline: Instant,
    /// What has come and was not used yet.
    input: Vec<u8>,
}

impl Connection {
    pub fn new(stream: TcpStream, time: Duration) -> Self {
        Self { stream, deadline: Instant::now() + time, input: Vec::new() }
    }

    fn time_left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }

    /// Reads some more; nothing more where the client has ended.
    fn read_more(&mut self) -> Result<(), Unusable> {
        self.stream.set_read_timeout(Some(self.time_left()?))?;
        let mut piece = [0; 4096];
        match self.stream.read(&mut piece)? {
            0 => Err(Unusable::Gone),
            amount => {
                self.input.extend_from_slice(&piece[..amount]);
                Ok(())
            }
        }
    }

    /// Reads a whole request.
    pub fn request(&mut self) -> Result<Request, Unusable> {
        let (mut request, framing) = loop {
            if let Some((request, framing, length)) = parse_head(&self.input)? {
                self.input.drain(..length);
                break (request, framing);
            }
            if self.input.len() > MAX_HEAD {
                return Err(Unusable::Refused(431, "The head is too large"));
            }
            self.read_more()?;
        };
        if framing.expects_continue {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        request.body = match framing.length {
            Length::Known(length) if length > MAX_BODY => {
                return Err(Unusable::Refused(413, "The body is too large"));
            }
            Length::Known(length) => self.take(length)?,
            Length::Chunked => self.chunks()?,
        };
        Ok(request)
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>, Unusable> {
        while self.input.len() < length {
            self.read_more()?;
        }
        Ok(self.input.drain(..length).collect())
    }

    fn chunks(&mut self) -> Result<Vec<u8>, Unusable> {
        const BROKEN: Unusable = Unusable::Refused(400, "The chunks are broken");
        let mut body = Vec::new();
        loop {
            let (begin, size) = loop {
                match httparse::parse_chunk_size(&self.input) {
                    Ok(httparse::Status::Complete((begin, size))) => break (begin, size),
                    Ok(httparse::Status::Partial) if self.input.len() < MAX_HEAD => {
                        self.read_more()?;
                    }
                    _ => return Err(BROKEN),
                }
            };
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size > MAX_BODY - body.len() {
                return Err(Unusable::Refused(413, "The body is too large"));
            }
            self.take(begin)?;
            if size == 0 {
                // Trailers are left: nothing is read after them.
                return Ok(body);
            }
            body.extend(self.take(size)?);
            if self.take(2)? != b"\r\n" {
                return Err(BROKEN);
            }
        }
    }

    /// Writes the answer, to a HEAD without its body, and ends the connection.
    pub fn answer(mut self, answer: &Answer, is_head: bool) -> io::Result<()> {
        let Answer { status, content_type, body, header } = answer;
        let more = header.as_ref().map(|(name, value)| format!("{name}: {value}\r\n"));
        let head = format!(
            "HTTP/1.1 {status} {}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\
             cache-control: no-store\r\nconnection: close\r\n{}\r\n",
            reason(*status),
            body.len(),
            more.unwrap_or_default(),
        );
        let body = if is_head { "" } else { body };
        self.write([head.as_str(), body].concat().as_bytes())?;
        self.stream.shutdown(Shutdown::Write)?;
        // To close with input unread would reset the connection, answer and all.
        self.stream.set_read_timeout(Some(self.time_left()?.min(Duration::from_millis(500))))?;
        io::copy(&mut (&self.stream).take(1 << 20), &mut io::sink()).map(drop)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.set_write_timeout(Some(self.time_left()?))?;
        self.stream.write_all(bytes)
    }
}

/// How a body is delimited.
struct Framing {
    length: Length,
    expects_continue: bool,
}

enum Length {
    Known(usize),
    Chunked,
}

/// A head, how its body is delimited, and its length; `None` where it is not all there yet.
fn parse_head(input: &[u8]) -> Result<Option<(Request, Framing, usize)>, Unusable> {
    const BROKEN: Unusable = Unusable::Refused(400, "This is not a request");
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(input).map_err(|_| BROKEN)? {
        httparse::Status::Complete(length) => length,
        httparse::Status::Partial => return Ok(None),
    };
    let all = |name: &str| -> Vec<&str> {
        let same = parsed.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        same.map(|header| std::str::from_utf8(header.value).unwrap_or_default().trim()).collect()
    };
    let body = match (&all("transfer-encoding")[..], &all("content-length")[..]) {
        ([], []) => Length::Known(0),
        ([], [length]) => Length::Known(length.parse().map_err(|_| BROKEN)?),
        ([coding], []) if coding.eq_ignore_ascii_case("chunked") => Length::Chunked,
        // Both, or one of them twice: what a smuggled request looks like.
        _ => return Err(BROKEN),
    };
    let expects_continue =
        all("expect").iter().any(|what| what.eq_ignore_ascii_case("100-continue"));
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        content_type: all("content-type").first().map(|kind| (*kind).to_owned()),
        body: Vec::new(),
    };
    Ok(Some((request, Framing { length: body, expects_continue }, length)))
}

/// The reason phrase, which nobody reads but people.
const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "As Asked",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_body_has_one_length_or_is_refused() {
        for (headers, fine) in [
            ("", true),
            ("content-length: 5\r\n", true),
            ("Transfer-Encoding: Chunked\r\n", true),
            ("content-length: 5\r\ncontent-length: 5\r\n", false),
            ("content-length: 5\r\ntransfer-encoding: chunked\r\n", false),
            ("transfer-encoding: gzip\r\n", false),
            ("content-length: -1\r\n", false),
            ("content-length: x\r\n", false),
        ] {
            let head = format!("POST / HTTP/1.1\r\n{headers}\r\n");
            assert_eq!(parse_head(head.as_bytes()).is_ok(), fine, "{headers}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_request_a_part_of_one_or_refused(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..99),
                "(GET|CONNECT|OPTIONS) [!-~]{0,9} HTTP/1.[01]\r\n([a-z-]{1,9}: [ -~]{0,9}\r\n){0,3}\r\n"
                    .prop_map(String::into_bytes),
            ],
        ) {
            if let Ok(Some((_, _, length))) = parse_head(&bytes) {
                prop_assert!(length <= bytes.len());
            }
        }
    }
}
