//! Which proxy is used, and how an invalid or failing proxy is reported.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::mpsc::{self, Receiver};

use crate::support::certificates::{Authority, token_server};
use crate::support::server::{Api, connecting_to, listen};
use crate::support::{Case, PROXY_PASSWORD};

/// Nothing listens on this port.
const CLOSED: &str = "http://127.0.0.1:1";

/// A TLS server for `api.example`: a proxy that connects to it, and a run that trusts it.
fn server_behind_proxy() -> (SocketAddr, Receiver<String>, impl Fn(&str) -> Case) {
    let authority = Authority::new("test");
    let server = token_server(authority.server("api.example"));
    let (proxy, heads) = connecting_to(server);
    let pem = authority.pem;
    let case = move |arguments: &str| {
        let arguments = format!("--ca-file ca.pem {arguments}");
        Case::token("https://api.example/auth", &arguments).file("ca.pem", &pem)
    };
    (proxy, heads, case)
}

#[test]
fn the_first_place_that_has_a_proxy_wins() {
    let (proxy, heads, case) = server_behind_proxy();
    let (good, bad) = (&format!("http://{proxy}"), CLOSED);
    for (arguments, variables, profile) in [
        (format!("--proxy {good}"), &[("SMARTEXTRACT_PROXY", bad)][..], bad),
        (format!("--proxy {proxy}"), &[], bad),
        (String::new(), &[("SMARTEXTRACT_PROXY", good), ("HTTPS_PROXY", bad)], bad),
        (String::new(), &[("HTTPS_PROXY", good), ("ALL_PROXY", bad)], bad),
        (String::new(), &[("https_proxy", good), ("all_proxy", bad)], bad),
        (String::new(), &[("ALL_PROXY", good), ("HTTP_PROXY", bad)], bad),
        (String::new(), &[("all_proxy", good)], bad),
        (String::new(), &[("HTTP_PROXY", bad)], good),
    ] {
        let mut case =
            case(&arguments).profile(&format!("[profiles.default]\nproxy = \"{profile}\"\n"));
        for (name, value) in variables {
            case = case.env(name, value);
        }
        case.run().prints("t0ken\n");
        let head = heads.recv().unwrap();
        assert!(head.starts_with("CONNECT api.example:443 HTTP/1.1\r\n"), "{head}");
    }
    // Without a proxy, the name api.example can't be resolved.
    case("").env("HTTP_PROXY", good).run().fails(20).never_says("proxy:");
}

/// A proxy of the surroundings never gets a secret in clear text, one for this program does.
#[test]
fn no_proxy_and_plain_http_bypass_the_proxy() {
    let api = Api::giving_tokens();
    let authority = Authority::new("test");
    let server = token_server(authority.server("127.0.0.1"));
    let https = &format!("https://{server}/");
    for (url, variable, no_proxy, is_bypassed) in [
        (&api.url(), "ALL_PROXY", "", true),
        (&api.url(), "profile", "", true),
        (&api.url(), "SMARTEXTRACT_PROXY", "", false),
        (https, "ALL_PROXY", "example.com,127.0.0.1", true),
        (https, "SMARTEXTRACT_PROXY", "example.com,127.0.0.1", true),
        (https, "profile", "*", true),
        (https, "--proxy", "*", false),
        (https, "ALL_PROXY", "", false),
    ] {
        let case = Case::token(url, "--ca-file ca.pem").file("ca.pem", &authority.pem);
        let case = case.env("NO_PROXY", no_proxy);
        let outcome = match variable {
            "--proxy" => case.arg("--proxy").arg(CLOSED),
            "profile" => case.profile(&format!("[profiles.default]\nproxy = \"{CLOSED}\"\n")),
            variable => case.env(variable, CLOSED),
        };
        assert_eq!(outcome.run().code == 0, is_bypassed, "{url} {variable} {no_proxy}");
    }
}

#[test]
fn a_proxys_user_and_password_are_sent_and_never_shown() {
    let (proxy, heads, case) = server_behind_proxy();
    let url = format!("http://someone:{PROXY_PASSWORD}@{proxy}");
    let shown = format!("http://so…@{proxy}");
    case("-v").env("HTTPS_PROXY", &url).run().prints("t0ken\n").says(&shown);
    assert!(heads.recv().unwrap().to_lowercase().contains("proxy-authorization: basic "));
}

#[test]
fn a_refusal_by_a_proxy_is_explained_and_not_retried() {
    let password = "check user and password";
    let rules = "ask the proxy's operator to allow the host";
    let unreached = "check the host in the token URL";
    let other = "check the proxy's URL";
    for (scheme, response, reason, hint) in [
        ("http", &b"HTTP/1.1 407 X\r\n\r\n"[..], "a valid user and password (HTTP 407)", password),
        ("http", b"HTTP/1.1 403 X\r\n\r\n", "its rules forbid the connection (HTTP 403)", rules),
        ("http", b"HTTP/1.1 502 X\r\n\r\n", "could not reach the server (HTTP 502)", unreached),
        ("http", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP", other),
        ("socks5h", b"\x05\x02\x01\x01", "password authentication failed", password),
        ("socks5h", b"\x05\xff", "no acceptable auth methods", password),
        ("socks5h", b"\x05\0\x05\x02\0\x01\0\0\0\0\0\0", "not allowed by ruleset", rules),
        ("socks5h", b"\x05\0\x05\x05\0\x01\0\0\0\0\0\0", "connection refused", unreached),
        ("socks4a", b"\0\x5b\0\0\0\0\0\0", "request rejected", other),
    ] {
        let (address, connections) = counting(response);
        let user = match scheme {
            "socks5h" => format!("someone:{PROXY_PASSWORD}@"),
            _ => String::new(),
        };
        Case::token("https://api.example/auth", "--retries 2 --format json")
            .env("HTTPS_PROXY", format!("{scheme}://{user}{address}"))
            .run()
            .fails(20)
            .says("the proxy refused the connection: ")
            .says(reason)
            .says("\"retryable\":false")
            .says(&format!("\"hint\":\"{hint}"));
        assert_eq!(connections.try_iter().count(), 1, "{reason}");
    }
}

#[test]
fn a_lost_connection_to_a_proxy_is_retried() {
    for (scheme, response) in [("http", &b"HTTP/1.1 200 O"[..]), ("socks5h", b"\x05")] {
        let (address, connections) = counting(response);
        Case::token("https://api.example/auth", "--retries 1")
            .env("HTTPS_PROXY", format!("{scheme}://{address}"))
            .run()
            .fails(20)
            .says("the connection to the proxy was lost");
        assert_eq!(connections.try_iter().count(), 2, "{scheme}");
    }
}

/// A proxy that sends this on each connection and then ends it, and counts the connections.
fn counting(response: &'static [u8]) -> (SocketAddr, Receiver<()>) {
    let (sender, connections) = mpsc::channel();
    let address = listen(move |_, mut stream| {
        let _ = sender.send(());
        stream.write_all(response)?;
        stream.shutdown(Shutdown::Write)?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    });
    (address, connections)
}
