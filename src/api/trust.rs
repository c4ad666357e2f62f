//! Which certificate authorities are trusted: a PEM file's, or the operating system's.

mod files;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{Error, RootCertStore};

pub use files::EMPTY_STORE;
use files::FileStore;

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
        return Ok(Arc::new(FileStore::new(provider)));
    }
    Ok(Arc::new(rustls_platform_verifier::Verifier::new(provider)?))
}

#[cfg(not(any(windows, target_vendor = "apple")))]
#[expect(clippy::unnecessary_wraps, reason = "the signature of its twin")]
fn system_verifier(provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    Ok(Arc::new(FileStore::new(provider)))
}
