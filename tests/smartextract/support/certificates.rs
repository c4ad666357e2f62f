//! A certificate authority for the tests, and TLS servers with its certificates.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{
    ALL_VERSIONS, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion,
};

use super::server::{SUCCESS, listen, read_request, response};

type Change = fn(&mut CertificateParams);
type Version = &'static SupportedProtocolVersion;

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, as in a PEM file.
    pub pem: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    /// An authority whose own certificate is changed in this way.
    pub fn with(name: &str, change: Change) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// The configuration of a server with a valid certificate for this name.
    pub fn server(&self, name: &str) -> Arc<ServerConfig> {
        self.server_with(name, |_| {})
    }

    /// Like `server`, with a certificate that is changed in this way.
    pub fn server_with(&self, name: &str, change: Change) -> Arc<ServerConfig> {
        self.config(name, change, ALL_VERSIONS, WebPkiClientVerifier::no_client_auth())
    }

    /// Like `server`, for a server that requires a client certificate of this authority.
    pub fn demanding_server(&self, name: &str, version: Version) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        let provider = default_provider().into();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
        self.config(name, |_| {}, &[version], verifier.build().unwrap())
    }

    fn config(
        &self,
        name: &str,
        change: Change,
        versions: &[Version],
        clients: Arc<dyn ClientCertVerifier>,
    ) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let builder = ServerConfig::builder_with_provider(default_provider().into());
        let builder = builder.with_protocol_versions(versions).unwrap();
        let builder = builder.with_client_cert_verifier(clients);
        builder.with_single_cert(vec![certificate.der().clone()], key.into()).unwrap().into()
    }
}

/// A TLS server on loopback that answers every request with a token.
pub fn token_server(config: Arc<ServerConfig>) -> SocketAddr {
    listen(move |_, stream| {
        let connection = ServerConnection::new(config.clone()).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let request = read_request(&mut stream);
        if request.is_ok() {
            stream.write_all(response(200, "", SUCCESS).as_bytes())?;
        }
        // If data is unread when the connection closes, Windows drops an alert that was sent.
        stream.sock.shutdown(Shutdown::Write)?;
        io::copy(&mut stream.sock, &mut io::sink())?;
        request.map(drop)
    })
}
