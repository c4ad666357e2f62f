//! A certificate authority made in the test, and TLS servers with its certificates.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion,
};

use super::server::{SUCCESS, listen, read_request, response};

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, as a file would hold it.
    pub pem: String,
}

/// What may be odd about a server's certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    Now,
    Over,
    NotYet,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// What a server with a certificate for these names needs.
    pub fn server(&self, names: &[&str], validity: Validity) -> Arc<ServerConfig> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        match validity {
            Validity::Now => {}
            Validity::Over => params.not_after = date_time_ymd(2020, 1, 1),
            Validity::NotYet => params.not_before = date_time_ymd(3000, 1, 1),
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        plain_server(certificate.der().clone(), &key)
    }

    /// The same, for a server that takes only clients with a certificate of this authority.
    pub fn demanding_server(
        &self,
        name: &str,
        version: &'static SupportedProtocolVersion,
    ) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider());
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![certificate.der().clone()], private(&key))
            .unwrap();
        Arc::new(config)
    }
}

fn plain_server(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private(key))
        .unwrap();
    Arc::new(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()))
}

/// A TLS server on loopback that answers every request with a token.
pub fn token_server(config: Arc<ServerConfig>) -> SocketAddr {
    serve_tls(config, |mut stream| {
        read_request(&mut stream)?;
        stream.write_all(response(200, "", SUCCESS).as_bytes())
    })
}

pub type TlsStream = StreamOwned<ServerConnection, std::net::TcpStream>;

/// A TLS server on loopback that does as it is told.
pub fn serve_tls(
    config: Arc<ServerConfig>,
    serve: impl Fn(TlsStream) -> io::Result<()> + Send + Sync + Clone + 'static,
) -> SocketAddr {
    listen(move |_, stream| {
        let connection = ServerConnection::new(config.clone()).unwrap();
        serve(StreamOwned::new(connection, stream))
    })
}
