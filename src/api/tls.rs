//! TLS failures as sentences.

use rustls::CertificateError::NotValidForNameContext;
use rustls::Error as Tls;

use super::connect::Peer;
use crate::error::{Code, Error};

const CLOCK: &str = "check this machine's clock; if it is right, {peer} needs a new certificate";
const RENEW: &str = "{peer} needs another certificate";

pub fn error(peer: Peer, error: &Tls) -> Error {
    let name = innermost_name(error);
    let known = match error {
        Tls::InvalidMessage(_) => "InvalidMessage",
        Tls::PeerIncompatible(_) => "HandshakeFailure",
        // The platform verifier of Linux found no trust store.
        Tls::General(text) if text.starts_with("No CA certificates") => "NoTrustStore",
        _ => name.trim_end_matches("Context"),
    };
    let (sentence, hint) = explanation(known);
    let reason = match error {
        // Without the names in the certificate: a server could write the secret there.
        Tls::InvalidCertificate(NotValidForNameContext { expected, .. }) => {
            format!("the certificate is for another host, not for {}", expected.to_str())
        }
        _ if sentence.is_empty() => format!("TLS: {name}"),
        Tls::InvalidCertificate(_) => sentence.to_owned(),
        _ => format!("{sentence} ({name})"),
    };
    let message = peer.fill("no secure connection to {peer}");
    Error::new(Code::Tls, message).because(reason).hint(peer.fill(hint))
}

/// Sentence and hint. Errors are known by name, because the verifiers wrap some of them in others.
fn explanation(name: &str) -> (&'static str, &'static str) {
    match name {
        "UnknownIssuer" => (
            "the certificate's issuer is not trusted",
            "behind a TLS-intercepting proxy, or with a private server, give the PEM file of its \
             authority (not its own) as --ca-file, SMARTEXTRACT_CA_FILE or SSL_CERT_FILE",
        ),
        "NoTrustStore" => (
            "the trust store contains no certificate",
            "install the ca-certificates package, or give a PEM file as --ca-file",
        ),
        "Expired" => ("the certificate has expired", CLOCK),
        "NotValidYet" => ("the certificate is not valid yet", CLOCK),
        "NotValidForName" => ("the certificate is for another host", "check the host in {url}"),
        "CaUsedAsEndEntity" => (
            "the certificate is a certificate authority's own",
            "issue a certificate for {peer} with that authority",
        ),
        "NameConstraintViolation" => {
            ("the certificate's authority may not issue it for this host", RENEW)
        }
        "InvalidPurpose" | "EkuError" => ("the certificate is not meant for a server", RENEW),
        "Revoked" => ("the certificate is revoked", RENEW),
        "BadEncoding" | "BadSignature" => ("the certificate is damaged", RENEW),
        "HandshakeFailure" | "ProtocolVersion" | "InsufficientSecurity" => (
            "no common protocol, cipher or key type was found",
            "docs/network.md lists what is supported; a server that requires a client \
             certificate, which this program does not send, may fail in the same way",
        ),
        "CertificateRequired" | "BadCertificate" => (
            "the connection was rejected",
            "{peer} may require a client certificate, which this program does not send",
        ),
        "InvalidMessage" => {
            ("the response is not TLS", "this port does not speak TLS: check the port in {url}")
        }
        _ if name.starts_with("UnsupportedSignatureAlgorithm") => (
            "the certificate's key or signature type is not supported",
            "docs/network.md lists what is supported",
        ),
        _ => ("", "find out what responds at the address in {url}"),
    }
}

/// `UnknownIssuer` of `InvalidCertificate(UnknownIssuer)`: without the fields.
fn innermost_name(error: &Tls) -> String {
    let debug = format!("{error:?}");
    let names = debug.split([' ', ')', '[', '"']).next().unwrap_or_default();
    let innermost = names.rsplit('(').find(|name| name.starts_with(char::is_alphabetic));
    innermost.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::api::connect::SERVER;

    fn lines(error: &Tls) -> Vec<String> {
        super::error(SERVER, error).lines().into_iter().map(|(_, line)| line).collect()
    }

    /// What ureq reports on a Linux without ca-certificates.
    #[test]
    fn an_empty_trust_store_says_what_to_install() {
        let lines = lines(&Tls::General("No CA certificates were loaded".to_owned()));
        assert!(lines[1].contains("the trust store contains no certificate"), "{lines:?}");
        assert!(lines[2].contains("install the ca-certificates"), "{lines:?}");
    }

    #[test]
    fn a_reason_is_a_sentence_or_else_the_innermost_name() {
        use rustls::CertificateError::{
            BadSignature, Other, Revoked, UnsupportedSignatureAlgorithmContext,
        };
        let unsupported = UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: Vec::new(),
            supported_algorithms: Vec::new(),
        };
        let other = Other(rustls::OtherError(Arc::new(std::fmt::Error)));
        let alert = |code: u8| Tls::AlertReceived(code.into());
        for (error, reason) in [
            (Revoked.into(), "the certificate is revoked"),
            (BadSignature.into(), "the certificate is damaged"),
            (unsupported.into(), "the certificate's key or signature type is not supported"),
            (other.into(), "TLS: Error"),
            (alert(80), "TLS: InternalError"),
            (alert(200), "TLS: AlertDescription"),
            (Tls::General("some text".to_owned()), "TLS: General"),
            (Tls::NoCertificatesPresented, "TLS: NoCertificatesPresented"),
        ] {
            assert_eq!(lines(&error)[1], format!("  caused by: {reason}"));
        }
    }
}
