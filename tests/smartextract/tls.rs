//! Which servers are trusted, and how a TLS failure is reported.

use crate::support::Case;
use crate::support::certificates::{Authority, token_server};
use crate::support::server::Api;

/// A server on localhost, and the certificate of its authority as a PEM file.
fn server() -> (String, String) {
    let authority = Authority::new("test authority");
    let address = token_server(authority.server("localhost"));
    (format!("https://localhost:{}/", address.port()), authority.pem)
}

#[test]
fn a_certificate_file_is_trusted_from_flag_variable_and_profile() {
    let (url, pem) = server();
    // With a byte order mark, as an editor on Windows writes it.
    let case = || Case::token(&url, "").file("ca.pem", format!("\u{feff}{pem}"));
    case().arg("--ca-file").arg("ca.pem").run().prints("t0ken\n");
    case().env("SMARTEXTRACT_CA_FILE", "ca.pem").run().prints("t0ken\n");
    let path = if cfg!(windows) { "../../ca.pem" } else { "~/ca.pem" };
    let profile = format!("[profiles.default]\nca_file = \"{path}\"\n");
    case().profile(&profile).run().prints("t0ken\n");
}

#[test]
fn ssl_cert_file_and_ssl_cert_dir_name_the_trust_store() {
    let (url, pem) = server();
    let case = || Case::token(&url, "").file("certs/ca.pem", &pem);
    case().env("SSL_CERT_FILE", "certs/ca.pem").run().prints("t0ken\n");
    case().env("SSL_CERT_DIR", "certs").run().prints("t0ken\n");
    // With both variables, certificates of the file and of the directory are trusted.
    let both = || case().env("SSL_CERT_DIR", "certs").env("SSL_CERT_FILE", "other.pem");
    both().file("other.pem", Authority::new("other").pem).run().prints("t0ken\n");
    both().run().prints("t0ken\n");
}

#[test]
fn a_certificate_file_replaces_the_trust_store() {
    let (url, pem) = server();
    let case = Case::token(&url, "--ca-file foreign.pem").env("SSL_CERT_FILE", "ca.pem");
    let foreign = Authority::new("foreign").pem;
    case.file("foreign.pem", foreign).file("ca.pem", pem).run().fails(22);
}

#[cfg(unix)]
#[test]
fn a_certificate_file_that_may_have_no_end_is_refused() {
    for script in ["mkfifo ca", "mkdir ca", "ln -s /dev/zero ca"] {
        for (variable, code) in [("SSL_CERT_FILE", 22), ("SMARTEXTRACT_CA_FILE", 3)] {
            let script = format!("{script}; smartextract token --timeout 5");
            let case = Case::script("sh", &script).against("https://localhost:1/");
            case.env(variable, "ca").run().fails(code).says("is not a regular file");
        }
    }
}

#[test]
fn without_tls_no_trust_store_is_needed() {
    let api = Api::giving_tokens();
    Case::token(&api.url(), "").env("SSL_CERT_FILE", "missing.pem").run().prints("t0ken\n");
}
