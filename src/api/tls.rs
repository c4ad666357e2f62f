//! TLS failures as sentences.

use rustls::CertificateError::NotValidForNameContext;
use rustls::Error as Tls;

use super::stage::Peer;
use crate::error::{Code, Error};

/// How many characters of a certificate's names are shown.
const SHOWN: usize = 200;

/// The error for a TLS failure.
pub fn error(peer: &Peer, error: &Tls) -> Error {
    let name = innermost_name(error);
    let (reason, hint) = match error {
        Tls::InvalidCertificate(NotValidForNameContext { expected, presented }) => (
            format!("the certificate is for {}, not for {}", names(presented), expected.to_str()),
            format!("check the host in {}", peer.url),
        ),
        Tls::InvalidCertificate(_) => certificate(peer, &name),
        Tls::InvalidMessage(_) => (
            format!("the response is not TLS ({name})"),
            format!("this port does not speak TLS: check the port in {}", peer.url),
        ),
        // The platform verifier of Linux found no trust store.
        Tls::General(text) if text.starts_with("No CA certificates") => (
            "the trust store contains no certificate".to_owned(),
            "install the ca-certificates package, or give a PEM file as --ca-file".to_owned(),
        ),
        Tls::PeerIncompatible(_) => no_common(&name),
        Tls::AlertReceived(_) => match name.as_str() {
            "HandshakeFailure" | "ProtocolVersion" | "InsufficientSecurity" => no_common(&name),
            "CertificateRequired" | "BadCertificate" => (
                format!("{} did not accept the connection ({name})", peer.name),
                "it may require a client certificate, which this program does not send: see \
                 docs/network.md"
                    .to_owned(),
            ),
            _ => unknown(peer, &name),
        },
        _ => unknown(peer, &name),
    };
    let message = format!("no secure connection to {}", peer.name);
    Error::new(Code::Tls, message).hint(hint).because(reason)
}

fn no_common(name: &str) -> (String, String) {
    let hint = "docs/network.md lists what is supported; a server that requires a client \
                certificate, which this program does not send, may fail this way, too";
    (format!("no common protocol, cipher or key type was found ({name})"), hint.to_owned())
}

fn unknown(peer: &Peer, name: &str) -> (String, String) {
    (format!("TLS: {name}"), format!("find out what responds at the address in {}", peer.url))
}

/// A refused certificate. The verifiers wrap some errors in others, so the name identifies them.
fn certificate(peer: &Peer, name: &str) -> (String, String) {
    let new = format!("{} needs a new certificate", peer.name);
    let clock = format!("check this machine's clock; if it is right, {new}");
    let (reason, hint) = match name {
        "UnknownIssuer" => (
            "the certificate's issuer is not trusted",
            "a TLS-intercepting proxy or a private server needs its own certificate authority: \
             give the authority's PEM file (not the server's) as --ca-file, \
             SMARTEXTRACT_CA_FILE or SSL_CERT_FILE"
                .to_owned(),
        ),
        "Expired" | "ExpiredContext" => ("the certificate has expired", clock),
        "NotValidYet" | "NotValidYetContext" => ("the certificate is not valid yet", clock),
        "NotValidForName" => {
            ("the certificate is for another host", format!("check the host in {}", peer.url))
        }
        "CaUsedAsEndEntity" => (
            "the certificate is a certificate authority's own",
            format!("issue a certificate for {} with that authority", peer.name),
        ),
        "NameConstraintViolation" => {
            ("the certificate's authority may not issue certificates for this host", new)
        }
        "InvalidPurpose" | "InvalidPurposeContext" | "EkuError" => {
            ("the certificate is not meant for a server", new)
        }
        "Revoked" => ("the certificate is revoked", new),
        "BadEncoding" | "BadSignature" => ("the certificate is damaged", new),
        _ if name.starts_with("UnsupportedSignatureAlgorithm") => (
            "the certificate's key or signature type is not supported",
            format!("{new}: docs/network.md lists the key types"),
        ),
        _ => return unknown(peer, name),
    };
    (reason.to_owned(), hint)
}

/// `UnknownIssuer` of `InvalidCertificate(UnknownIssuer)`: without the fields.
fn innermost_name(error: &Tls) -> String {
    let debug = format!("{error:?}");
    let outer = debug.split([' ', ')', '[', '"']).next().unwrap_or_default();
    let names = outer.trim_end_matches('(').rsplit('(');
    let mut words = names.filter(|name| name.starts_with(char::is_alphabetic));
    words.next().unwrap_or_default().to_owned()
}

/// The names in a certificate, of which rustls gives the debug form (`DnsName("example.com")`).
fn names(presented: &[String]) -> String {
    let plain = |name: &String| {
        let name = name.split(['(', ')']).nth(1).unwrap_or_default();
        name.replace(|c: char| !(c.is_ascii_alphanumeric() || ".-*:".contains(c)), "")
    };
    let names: Vec<String> = presented.iter().map(plain).collect();
    match names.join(", ") {
        names if names.is_empty() => "no host".to_owned(),
        names if names.len() > SHOWN => format!("{}…", &names[..SHOWN]),
        names => names,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::api::stage::SERVER;

    fn lines(error: &Tls) -> Vec<String> {
        super::error(&SERVER, error).lines().into_iter().map(|(_, line)| line).collect()
    }

    /// What ureq reports on a Linux without ca-certificates.
    #[test]
    fn an_empty_trust_store_says_what_to_install() {
        let lines = lines(&Tls::General("No CA certificates were loaded".to_owned()));
        assert!(lines[1].contains("the trust store contains no certificate"), "{lines:?}");
        assert!(lines[2].contains("install the ca-certificates"), "{lines:?}");
    }

    #[test]
    fn an_error_without_a_sentence_is_shown_by_its_innermost_name() {
        let other = rustls::OtherError(Arc::new(std::fmt::Error));
        let other = Tls::InvalidCertificate(rustls::CertificateError::Other(other));
        let alert = |code: u8| Tls::AlertReceived(code.into());
        for (error, name) in [
            (other, "Error"),
            (alert(80), "InternalError"),
            (alert(200), "AlertDescription"),
            (Tls::General("some text".to_owned()), "General"),
            (Tls::NoCertificatesPresented, "NoCertificatesPresented"),
        ] {
            assert_eq!(lines(&error)[1], format!("  caused by: TLS: {name}"));
        }
    }
}
