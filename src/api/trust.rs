//! Which certificate authorities are trusted: a PEM file's, or the operating system's.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// The certificate authorities that may vouch for the server.
#[derive(Debug)]
pub enum Trust {
    /// These alone.
    Roots(Arc<RootCertStore>),
    /// Those of the operating system, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    System,
}

impl Trust {
    /// The certificates of a PEM file, and no others.
    ///
    /// # Errors
    /// The file can't be read, holds no certificate, or holds one that can't be used.
    pub fn file(path: &Path) -> Result<Self, anyhow::Error> {
        let pem = std::fs::read(path)?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.context("not PEM")?;
            roots.add(certificate).context("a certificate in it can't be used")?;
        }
        if roots.is_empty() {
            bail!("it holds no certificate (-----BEGIN CERTIFICATE-----)");
        }
        Ok(Self::Roots(Arc::new(roots)))
    }

    /// What judges a server's certificate.
    pub fn verifier(
        &self,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, Error> {
        match self {
            Self::Roots(roots) => Ok(judge(roots.clone(), provider)?),
            Self::System => system_verifier(provider),
        }
    }
}

fn judge(
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Error> {
    WebPkiServerVerifier::builder_with_provider(roots, provider)
        .build()
        .map_err(|error| Error::General(error.to_string()))
}

/// Where the system can be asked for its judgement it is, unless variables name other roots.
#[cfg(any(windows, target_vendor = "apple"))]
fn system_verifier(provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    if ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| std::env::var_os(name).is_some()) {
        return Ok(Arc::new(FileStore { provider }));
    }
    Ok(Arc::new(rustls_platform_verifier::Verifier::new(provider)?))
}

#[cfg(not(any(windows, target_vendor = "apple")))]
#[expect(clippy::unnecessary_wraps, reason = "the signature of its twin")]
fn system_verifier(provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    Ok(Arc::new(FileStore { provider }))
}

/// A trust store of files, read when there is a certificate to judge and not before.
#[derive(Debug)]
struct FileStore {
    provider: Arc<CryptoProvider>,
}

impl FileStore {
    fn roots() -> Result<RootCertStore, Error> {
        let mut found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let reason = found.errors.pop().map(|error| format!(": {error}")).unwrap_or_default();
            return Err(Error::General(format!("{EMPTY_STORE}{reason}")));
        }
        Ok(roots)
    }
}

/// How the error for an empty trust store begins.
pub const EMPTY_STORE: &str = "the trust store holds no certificate";

impl ServerCertVerifier for FileStore {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judge = judge(Arc::new(Self::roots()?), self.provider.clone())?;
        judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
