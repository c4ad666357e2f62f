//! Which servers are trusted, and how a TLS failure is reported.

#[cfg(unix)]
use std::path::Path;

use crate::support::certificates::{Authority, Validity, token_server};
use crate::support::server::Api;
use crate::support::{Case, Outcome};

/// A server on localhost, and the certificate of its authority as a PEM file.
fn server(validity: Validity, name: &str) -> (String, String) {
    let authority = Authority::new("test authority");
    let address = token_server(authority.server(&[name], validity));
    (format!("https://localhost:{}/", address.port()), authority.pem)
}

#[test]
fn a_certificate_file_is_trusted_from_flag_variable_and_profile() {
    let (url, pem) = server(Validity::Now, "localhost");
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
    let (url, pem) = server(Validity::Now, "localhost");
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
    let (url, pem) = server(Validity::Now, "localhost");
    let foreign = Authority::new("foreign").pem;
    Case::token(&url, "--ca-file foreign.pem")
        .file("foreign.pem", foreign)
        .file("ca.pem", pem)
        .env("SSL_CERT_FILE", "ca.pem")
        .run()
        .fails(22);
}

#[test]
fn exit_22_for_each_certificate_that_is_refused() {
    let issuer = "caused by: the certificate's issuer is not trusted\n";
    let other = "caused by: the certificate is for another host, not for localhost\n";
    for (validity, name, trusted, said, hint) in [
        (Validity::Now, "localhost", false, issuer, "hint: behind a TLS-intercepting proxy"),
        (Validity::Expired, "localhost", true, "has expired\n", "hint: check this machine's clock"),
        (
            Validity::NotYet,
            "localhost",
            true,
            "not valid yet\n",
            "hint: check this machine's clock",
        ),
        (Validity::Now, "other.example", true, other, "hint: check the host in the token URL"),
        (
            Validity::ForClients,
            "localhost",
            true,
            "is not meant for a server\n",
            "hint: the server",
        ),
    ] {
        let (url, pem) = server(validity, name);
        let pem = if trusted { pem } else { Authority::new("foreign").pem };
        Case::token(&url, "--ca-file ca.pem --retries 3")
            .file("ca.pem", pem)
            .run()
            .fails(22)
            .says(said)
            .says(hint)
            .never_says("attempt 1");
    }
}

#[test]
fn exit_22_with_a_hint_if_an_authority_uses_its_own_certificate_as_a_server() {
    let (config, pem) = Authority::self_signed_server("localhost");
    let url = format!("https://localhost:{}/", token_server(config).port());
    let case = Case::token(&url, "--ca-file server.pem").file("server.pem", pem);
    case.run().fails(22).says("certificate authority's own").says("hint: issue a certificate");
}

#[test]
fn exit_22_if_an_authority_is_limited_to_other_hosts() {
    let authority = Authority::limited_to("other.example");
    let address = token_server(authority.server(&["localhost"], Validity::Now));
    Case::token(&format!("https://localhost:{}/", address.port()), "--ca-file ca.pem")
        .file("ca.pem", authority.pem)
        .run()
        .fails(22)
        .says("the certificate's authority may not issue it for this host\n");
}

#[test]
fn exit_22_if_the_variables_name_no_certificate() {
    let (url, _) = server(Validity::Now, "localhost");
    for (variable, value, cause) in [
        ("SSL_CERT_FILE", "missing.pem", "missing.pem"),
        ("SSL_CERT_FILE", "", "at ''"),
        ("SSL_CERT_DIR", "missing", "missing"),
    ] {
        Case::token(&url, "")
            .env(variable, value)
            .run()
            .fails(22)
            .says("trust store contains no certificate")
            .says(cause)
            .says("hint: set SSL_CERT_FILE");
    }
}

#[test]
#[cfg(unix)]
fn a_certificate_file_that_may_have_no_end_is_refused() {
    let case = || Case::token("https://localhost:1/", "--timeout 5");
    let directory = tempfile::TempDir::new().unwrap();
    let fifo = directory.path().join("fifo");
    assert!(crate::support::isolated("mkfifo").arg(&fifo).status().unwrap().success());
    for path in [Path::new("/dev/zero"), &fifo, directory.path()] {
        let refused = |outcome: Outcome| outcome.says("is not a regular file");
        refused(case().env("SSL_CERT_FILE", path).run().fails(22))
            .says("SSL_CERT_FILE can't be used");
        refused(case().env("SMARTEXTRACT_CA_FILE", path).run().fails(3))
            .says("(SMARTEXTRACT_CA_FILE)");
    }
}

#[test]
fn without_tls_no_trust_store_is_needed() {
    let api = Api::giving_tokens();
    Case::token(&api.url(), "").env("SSL_CERT_FILE", "missing.pem").run().prints("t0ken\n");
}

#[test]
fn an_invalid_certificate_file_is_a_config_error() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (content, said) in [
        ("", "no certificate"),
        ("no PEM at all", "no certificate"),
        (broken, "certificate 1 in it is invalid"),
        (&format!("{}{broken}", Authority::new("good").pem), "certificate 2 in it is invalid"),
        ("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "not PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n", "cut off"),
    ] {
        Case::token("https://localhost:1/", "--ca-file ca.pem")
            .file("ca.pem", content)
            .run()
            .fails(3)
            .says("ca.pem")
            .says(said);
    }
    Case::token("https://localhost:1/", "--ca-file missing.pem").run().fails(3).says("missing.pem");
}
