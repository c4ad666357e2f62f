//! One request and one response per connection: as much of HTTP/1.1 (RFC 9112) as a stand-in needs.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

#[derive(Default)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub content_type: String,
    pub body: Vec<u8>,
}

impl Request {
    pub fn read(input: impl Read) -> Option<Self> {
        let mut input = BufReader::new(input.take(64 << 10));
        let first = read_line(&mut input)?;
        let (method, rest) = first.split_once(' ')?;
        let (target, _) = rest.split_once(" HTTP/1.")?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let [method, path, query] = [method, path, query].map(str::to_owned);
        let mut request = Self { method, path, query, ..Self::default() };
        let mut length = 0;
        let mut is_chunked = false;
        loop {
            let header = read_line(&mut input)?;
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(':')?;
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-type" => request.content_type = value.into(),
                "content-length" => length = value.parse().ok()?,
                "transfer-encoding" => is_chunked = value.eq_ignore_ascii_case("chunked"),
                _ => {}
            }
        }
        if is_chunked {
            request.body = read_chunks(&mut input)?;
        } else {
            input.take(length).read_to_end(&mut request.body).ok()?;
        }
        Some(request)
    }
}

fn read_line(input: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    input.read_line(&mut line).ok()?;
    Some(line.strip_suffix("\r\n")?.to_owned())
}

/// Reads a chunked body (RFC 9112, 7.1), without the trailers.
fn read_chunks(input: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(input)?;
        let (size, _extensions) = line.split_once(';').unwrap_or((&line, ""));
        let size = u64::from_str_radix(size.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        input.take(size).read_to_end(&mut body).ok()?;
        if !read_line(input)?.is_empty() {
            return None;
        }
    }
}

pub struct Response {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
}

impl Response {
    pub fn json(status: u16, body: String) -> Self {
        Self { status, content_type: "application/json", body }
    }

    pub fn error(status: u16, text: &str) -> Self {
        Self::json(status, format!("{{ \"status\": \"error\", \"error\": \"{text}\" }}"))
    }

    pub fn send(&self, mut stream: &TcpStream, is_head: bool) -> io::Result<()> {
        let (status, content_type, length) = (self.status, self.content_type, self.body.len());
        let body = if is_head { "" } else { &self.body };
        let response = format!(
            "HTTP/1.1 {status} \r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\
             cache-control: no-store\r\nconnection: close\r\n\r\n{body}"
        );
        stream.write_all(response.as_bytes())?;
        stream.shutdown(Shutdown::Write)?;
        // Closing a socket with unread input resets the connection, and the response would be lost.
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        io::copy(&mut stream.take(1 << 20), &mut io::sink()).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_body_arrives_however_it_is_split_into_chunks_and_other_bytes_do_no_harm(
            parts in proptest::collection::vec("[ -~]{1,20}", 0..9),
            other in "\\PC*",
        ) {
            let head = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n";
            let _ = Request::read(format!("{head}{other}").as_bytes());
            let mut request = format!("{head}\r\n").into_bytes();
            for part in &parts {
                write!(request, "{:X};a=b\r\n{part}\r\n", part.len()).unwrap();
            }
            request.extend(b"0\r\n\r\n");
            let body = Request::read(&*request).unwrap().body;
            prop_assert_eq!(body, parts.concat().into_bytes());
        }
    }
}
