//! Checks of a URL's host and port that the URL parser does not make: it replaces a port that it
//! can't read with the default one, so a secret would be sent to the wrong server.

use std::net::Ipv6Addr;

use ureq::http::uri::Authority;

/// Checks `[USER@]HOST[:PORT]`.
///
/// # Errors
/// What is wrong, as the end of a sentence, without any part of the URL.
pub fn check(authority: &Authority) -> Result<(), &'static str> {
    let text = authority.as_str();
    let (_, place) = text.rsplit_once('@').unwrap_or(("", text));
    let (host, rest) = match place.find(']') {
        Some(end) => place.split_at(end + 1),
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    if host.is_empty() {
        return Err("a URL without a host");
    }
    if host.starts_with('[') && bare(host).parse::<Ipv6Addr>().is_err() {
        return Err("a URL whose host is not an IPv6 address");
    }
    let port_is_fine = match rest.strip_prefix(':') {
        Some(port) => port.parse().is_ok_and(|port: u16| port != 0) && !port.starts_with('+'),
        None => rest.is_empty(),
    };
    if port_is_fine { Ok(()) } else { Err("a URL whose port is not a number from 1 to 65535") }
}

/// A URL's host, without the brackets of an IPv6 address.
pub fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_port_is_rejected() {
        for (text, fine) in [
            ("h", true),
            ("h:1", true),
            ("u:p@h:65535", true),
            ("[::1]", true),
            ("[::1]:80", true),
            ("h:0", false),
            ("h:65536", false),
            ("h:99999", false),
            ("h:abc", false),
            ("h:", false),
            ("h:-1", false),
            ("h:+1", false),
            ("u@", false),
            (":80", false),
            ("[::1]x:1", false),
            ("[127.0.0.1]", false),
        ] {
            let accepted = text.parse().is_ok_and(|authority| check(&authority).is_ok());
            assert_eq!(accepted, fine, "{text}");
        }
    }
}
