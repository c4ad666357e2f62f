//! The trusted certificate authorities. The errors say why there are none.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_native_certs::load_native_certs;
use ureq::tls::{Certificate, RootCerts};

use crate::error::{Code, Error};

/// Reads the certificates of a PEM file, which replace the trust store.
pub fn from_pem_file(path: &Path) -> Result<RootCerts, anyhow::Error> {
    // Reading anything else may never end.
    ensure!(fs::metadata(path)?.is_file(), "it is not a regular file");
    let content = fs::read(path)?;
    // Editors on Windows write a byte order mark.
    let pem = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
    let mut store = RootCertStore::empty();
    let mut certificates = Vec::new();
    for der in CertificateDer::pem_slice_iter(pem) {
        // The cause would list bytes.
        let der = der.ok().context("it is not PEM, or it is cut off")?;
        certificates.push(Certificate::from_der(&der).to_owned());
        let number = certificates.len();
        store.add(der).with_context(|| format!("certificate {number} in it is invalid"))?;
    }
    ensure!(!certificates.is_empty(), "it contains no certificate (BEGIN CERTIFICATE)");
    Ok(certificates.into())
}

/// The system's trust store, or that of `SSL_CERT_FILE` and `SSL_CERT_DIR` if they are valid.
pub fn of_system() -> Result<RootCerts, Error> {
    let file = env::var_os("SSL_CERT_FILE");
    let directories = env::var_os("SSL_CERT_DIR").unwrap_or_default();
    if file.is_none() && directories.is_empty() {
        return Ok(RootCerts::PlatformVerifier);
    }
    let path = PathBuf::from(file.unwrap_or_default());
    let cause = if path.exists() && !path.is_file() {
        anyhow!("SSL_CERT_FILE can't be used: {} is not a regular file", path.display())
    } else {
        let mut found = load_native_certs();
        if !found.certs.is_empty() {
            return Ok(found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).into());
        }
        match found.errors.pop() {
            Some(cause) => cause.into(),
            None => anyhow!("SSL_CERT_FILE and SSL_CERT_DIR name none"),
        }
    };
    Err(Error::new(Code::Tls, "the trust store contains no certificate")
        .cause(cause)
        .hint("set SSL_CERT_FILE (a PEM file) and SSL_CERT_DIR correctly, or unset them"))
}
