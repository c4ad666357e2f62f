//! Which proxy is used, and how an invalid or failing proxy is reported.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver};

use crate::support::certificates::{Authority, Validity, token_server};
use crate::support::server::{Api, PATH, closed_port, listen, scripted};
use crate::support::{Case, PROXY_PASSWORD, proxy};

/// A TLS server for `api.example`: a proxy that connects to it, and a run that trusts it.
fn server_behind_proxy() -> (SocketAddr, Receiver<String>, impl Fn() -> Case) {
    let authority = Authority::new("test");
    let server = token_server(authority.server(&["api.example"], Validity::Now));
    let (proxy, heads) = proxy::connecting_to(server);
    let pem = authority.pem;
    let case =
        move || Case::token("https://api.example/auth", "--ca-file ca.pem").file("ca.pem", &pem);
    (proxy, heads, case)
}

#[test]
fn a_proxy_can_be_set_in_each_of_its_places() {
    let (proxy, heads, case) = server_behind_proxy();
    let url = format!("http://{proxy}");
    for variable in ["SMARTEXTRACT_PROXY", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        case().env(variable, &url).run().prints("t0ken\n");
    }
    case().arg("--proxy").arg(&url).run().prints("t0ken\n");
    case().arg("--proxy").arg(proxy.to_string()).run().prints("t0ken\n");
    case().profile(&format!("[profiles.default]\nproxy = \"{url}\"\n")).run().prints("t0ken\n");
    let heads: Vec<String> = heads.try_iter().collect();
    assert_eq!(heads.len(), 8);
    assert!(heads.iter().all(|head| head.starts_with("CONNECT api.example:443 HTTP/1.1\r\n")));
}

#[test]
fn the_first_place_that_has_a_proxy_wins() {
    let (proxy, _, case) = server_behind_proxy();
    let (good, bad) = (format!("http://{proxy}"), format!("http://127.0.0.1:{}", closed_port()));
    let profile = format!("[profiles.default]\nproxy = \"{bad}\"\n");
    case().profile(&profile).env("ALL_PROXY", &good).run().prints("t0ken\n");
    case().env("ALL_PROXY", &bad).env("HTTPS_PROXY", &good).run().prints("t0ken\n");
    case().env("HTTPS_PROXY", &bad).env("SMARTEXTRACT_PROXY", &good).run().prints("t0ken\n");
    let flag = case().env("SMARTEXTRACT_PROXY", &bad).arg("--proxy").arg(&good);
    flag.run().prints("t0ken\n");
}

#[test]
fn http_proxy_is_not_for_https() {
    let (_, _, case) = server_behind_proxy();
    let api = Api::giving_tokens();
    let closed = format!("http://127.0.0.1:{}", closed_port());
    Case::token(&api.url(), "").env("HTTP_PROXY", &closed).run().prints("t0ken\n");
    // Without a proxy, the name api.example can't be resolved.
    case().env("HTTP_PROXY", &closed).run().fails(20).never_says("proxy:");
}

#[test]
fn no_proxy_of_the_surroundings_gets_a_secret_in_clear_text() {
    let api = Api::giving_tokens();
    let closed = format!("http://127.0.0.1:{}", closed_port());
    Case::token(&api.url(), "").env("HTTPS_PROXY", &closed).run().prints("t0ken\n");
    Case::token(&api.url(), "").env("ALL_PROXY", &closed).run().prints("t0ken\n");
    let profile = format!("[profiles.default]\nproxy = \"{closed}\"\n");
    Case::token(&api.url(), "").profile(&profile).run().prints("t0ken\n");
    // One that is meant for this program is used.
    Case::token(&api.url(), "").arg("--proxy").arg(&closed).run().fails(20).says("proxy:");
}

#[test]
fn no_proxy_excepts_hosts_from_all_but_the_flag() {
    let authority = Authority::new("test");
    let server = token_server(authority.server(&["127.0.0.1"], Validity::Now));
    let closed = format!("http://127.0.0.1:{}", closed_port());
    let direct = || {
        Case::token(&format!("https://{server}/"), "--ca-file ca.pem")
            .file("ca.pem", &authority.pem)
    };
    let case = || direct().env("NO_PROXY", "example.com,127.0.0.1");
    case().env("ALL_PROXY", &closed).run().prints("t0ken\n");
    case().env("SMARTEXTRACT_PROXY", &closed).run().prints("t0ken\n");
    case().profile(&format!("[profiles.default]\nproxy = \"{closed}\"\n")).run().prints("t0ken\n");
    case().arg("--proxy").arg(&closed).run().fails(20);
    direct().env("no_proxy", "*").env("ALL_PROXY", &closed).run().prints("t0ken\n");
    direct().env("ALL_PROXY", &closed).run().fails(20);
}

#[test]
fn an_invalid_proxy_is_never_a_direct_connection() {
    let api = Api::giving_tokens();
    for proxy in ["ftp://h:1", "http://", "http://a b", "://", "http://h:99999"] {
        let case = Case::token(&api.url().replace("http:", "https:"), "").env("ALL_PROXY", proxy);
        case.run().fails(3);
        Case::token(&api.url(), "").arg("--proxy").arg(proxy).run().fails(3);
    }
    assert!(!api.was_asked(), "a request was sent");
}

#[test]
fn a_proxys_user_and_password_are_sent_and_never_shown() {
    let (proxy, heads, case) = server_behind_proxy();
    let url = format!("http://someone:{PROXY_PASSWORD}@{proxy}");
    let shown = format!("http://so…@{proxy}");
    case().env("HTTPS_PROXY", &url).arg("-v").run().prints("t0ken\n").says(&shown);
    assert!(heads.recv().unwrap().to_lowercase().contains("proxy-authorization: basic "));
}

#[test]
fn a_refusal_by_a_proxy_is_explained_and_not_retried() {
    let password = "hint: check user and password";
    let rules = "hint: ask the proxy's operator to allow the host";
    let unreached = "hint: check the host in the token URL";
    for (status, sentence, hint) in [
        ("407", "it requires a valid user and password (HTTP 407)", password),
        ("403", "its rules forbid the connection (HTTP 403)", rules),
        ("502", "it could not reach the server (HTTP 502)", unreached),
        ("302", "its response is unexpected (HTTP 302)", "hint: check the proxy's URL"),
    ] {
        let (url, requests) = scripted(vec![format!("HTTP/1.1 {status} X\r\n\r\n")]);
        let url = url.replace(PATH, "");
        let case =
            || Case::token("https://api.example/auth", "--retries 2").env("HTTPS_PROXY", &url);
        case()
            .run()
            .fails(20)
            .says(&format!("the proxy refused the connection: {sentence}\n"))
            .says(hint)
            .says(&format!("{url} (HTTPS_PROXY)"));
        assert_eq!(requests.try_iter().count(), 1, "{status}");
        case().arg("--format=json").run().fails(20).says("\"retryable\":false");
    }
    for (scheme, response, reason, hint) in [
        ("socks5h", &b"\x05\x02\x01\x01"[..], "password authentication failed", password),
        ("socks5h", b"\x05\xff", "no acceptable auth methods", password),
        ("socks5h", b"\x05\0\x05\x02\0\x01\0\0\0\0\0\0", "not allowed by ruleset", rules),
        ("socks5h", b"\x05\0\x05\x05\0\x01\0\0\0\0\0\0", "connection refused", unreached),
        ("socks4a", b"\0\x5b\0\0\0\0\0\0", "request rejected", "hint: check the proxy's URL"),
        ("http", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP", "hint: check the proxy's URL"),
    ] {
        let (address, connections) = counting(response);
        let user = match scheme {
            "socks5h" => format!("someone:{PROXY_PASSWORD}@"),
            _ => String::new(),
        };
        Case::token("https://api.example/auth", "--retries 2")
            .env("HTTPS_PROXY", format!("{scheme}://{user}{address}"))
            .run()
            .fails(20)
            .says("the proxy refused the connection: ")
            .says(reason)
            .says(hint);
        assert_eq!(connections.try_iter().count(), 1, "{reason}");
    }
}

#[test]
fn a_lost_connection_to_a_proxy_is_retried() {
    for scheme in ["http", "socks5h"] {
        let (sender, connections) = mpsc::channel();
        let address = listen(move |_, _| sender.send(()).map_err(io::Error::other));
        Case::token("https://api.example/auth", "--retries 1")
            .env("HTTPS_PROXY", format!("{scheme}://{address}"))
            .run()
            .fails(20)
            .says("the connection to the proxy was lost");
        assert_eq!(connections.try_iter().count(), 2, "{scheme}");
    }
}

/// A server that sends this response on each connection at once, and counts the connections.
fn counting(response: &'static [u8]) -> (SocketAddr, Receiver<()>) {
    let (sender, connections) = mpsc::channel();
    let address = listen(move |_, mut stream| {
        let _ = sender.send(());
        stream.write_all(response)?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    });
    (address, connections)
}
