//! Which certificate authorities are trusted: a PEM file's, or the operating system's.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_native_certs::load_native_certs;
use ureq::tls::{Certificate, RootCerts};

use crate::error::{Code, Error};

/// Ten times the size of a large trust store.
const MAX_BYTES: u64 = 16 << 20;

/// The certificate authorities that may vouch for the server.
pub enum Trust {
    /// These and no others.
    File(Arc<Vec<Certificate<'static>>>),
    /// The operating system's, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    System,
}

impl Trust {
    /// Reads the certificates of a PEM file.
    ///
    /// # Errors
    /// The file can't be read, is not a regular file or is larger than 16 MiB, is not PEM,
    /// contains no certificate, or contains an invalid one.
    pub fn from_pem_file(path: &Path) -> Result<Self, anyhow::Error> {
        check_file(path)?;
        let mut pem = Vec::new();
        File::open(path)?.take(MAX_BYTES).read_to_end(&mut pem)?;
        // Editors on Windows write a byte order mark.
        let pem = pem.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&pem);
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
        Ok(Self::File(Arc::new(certificates)))
    }

    /// The certificates for ureq. Reads what the two variables name, as nothing else checks it.
    pub fn root_certs(&self) -> Result<RootCerts, Error> {
        match self {
            Self::File(certificates) => Ok(RootCerts::Specific(certificates.clone())),
            Self::System => {
                let file = env::var_os("SSL_CERT_FILE");
                let directories =
                    env::var_os("SSL_CERT_DIR").filter(|directories| !directories.is_empty());
                if file.is_none() && directories.is_none() {
                    return Ok(RootCerts::PlatformVerifier);
                }
                named_by_variables(file.as_deref())
            }
        }
    }
}

fn named_by_variables(file: Option<&OsStr>) -> Result<RootCerts, Error> {
    if let Some(file) = file.map(Path::new).filter(|file| file.exists()) {
        check_file(file).map_err(|cause| {
            let message = format!("SSL_CERT_FILE can't be used: {}", file.display());
            Error::config(message).cause(cause).hint("set it to a PEM file, or unset it")
        })?;
    }
    let mut found = load_native_certs();
    if found.certs.is_empty() {
        let error = Error::new(Code::Tls, "the trust store contains no certificate")
            .hint("set SSL_CERT_FILE (a PEM file) and SSL_CERT_DIR correctly, or unset them");
        return Err(match found.errors.pop() {
            _ if file.is_some_and(OsStr::is_empty) => error.because("SSL_CERT_FILE is empty"),
            Some(cause) => error.cause(cause),
            None => error.because("SSL_CERT_FILE and SSL_CERT_DIR name none"),
        });
    }
    let certificates = found.certs.iter().map(|der| Certificate::from_der(der).to_owned());
    Ok(RootCerts::Specific(Arc::new(certificates.collect())))
}

/// Checks that reading this path ends: a pipe may block forever, a device may have no end.
fn check_file(path: &Path) -> Result<(), anyhow::Error> {
    let metadata = fs::metadata(path)?;
    ensure!(metadata.is_file(), "it is not a regular file");
    ensure!(metadata.len() <= MAX_BYTES, "it is larger than {} MiB", MAX_BYTES >> 20);
    Ok(())
}
