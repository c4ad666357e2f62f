//! Which certificate authorities are trusted: a PEM file's, or the operating system's.

use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, ensure};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_native_certs::load_native_certs;
use ureq::tls::{Certificate, RootCerts};

use crate::error::{Code, Error};

/// Ten times the size of a large trust store.
const MAX_BYTES: u64 = 16 << 20;

/// Reads the certificates of a PEM file, which replace the trust store.
///
/// # Errors
/// The file can't be read, is not a regular file or is larger than 16 MiB, is not PEM, contains no
/// certificate, or contains an invalid one.
pub fn from_pem_file(path: &Path) -> Result<RootCerts, anyhow::Error> {
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
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

/// The operating system's trust store, or the one that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
/// That one is read here, because nothing else checks it.
///
/// # Errors
/// There is no certificate in it.
pub fn of_system() -> Result<RootCerts, Error> {
    let file = env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let directories = env::var_os("SSL_CERT_DIR").unwrap_or_default();
    if file.is_none() && directories.is_empty() {
        return Ok(RootCerts::PlatformVerifier);
    }
    match named_by_variables(file.as_deref()) {
        Ok(certificates) => Ok(RootCerts::Specific(Arc::new(certificates))),
        Err(cause) => Err(Error::new(Code::Tls, "the trust store contains no certificate")
            .cause(cause)
            .hint("set SSL_CERT_FILE (a PEM file) and SSL_CERT_DIR correctly, or unset them")),
    }
}

fn named_by_variables(file: Option<&Path>) -> Result<Vec<Certificate<'static>>, anyhow::Error> {
    match file {
        Some(file) if file.exists() => check_file(file)
            .with_context(|| format!("SSL_CERT_FILE can't be used: {}", file.display()))?,
        _ => {}
    }
    let mut found = load_native_certs();
    if !found.certs.is_empty() {
        return Ok(found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect());
    }
    ensure!(file != Some(Path::new("")), "SSL_CERT_FILE is empty");
    match found.errors.pop() {
        Some(cause) => Err(cause.into()),
        None => Err(anyhow!("SSL_CERT_FILE and SSL_CERT_DIR name none")),
    }
}

/// Checks that reading this path ends: a pipe may block forever, a device may have no end.
fn check_file(path: &Path) -> Result<(), anyhow::Error> {
    let metadata = fs::metadata(path)?;
    ensure!(metadata.is_file(), "it is not a regular file");
    ensure!(metadata.len() <= MAX_BYTES, "it is larger than {} MiB", MAX_BYTES >> 20);
    Ok(())
}
