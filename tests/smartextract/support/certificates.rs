//! A certificate authority for the tests, and TLS servers with its certificates.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, NameConstraints, date_time_ymd,
};
use rustls::crypto::ring::default_provider;
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
    /// Its own certificate, as in a PEM file.
    pub pem: String,
}

/// When a server's certificate is valid.
#[derive(Clone, Copy)]
pub enum Validity {
    Now,
    Expired,
    NotYet,
    /// Not for a server at all.
    ForClients,
    /// An authority's own certificate.
    OfAuthority,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        Self::limited_to(&[], name)
    }

    /// An authority that may issue certificates for these hosts only, or for any if there are none.
    pub fn limited_to(hosts: &[&str], name: &str) -> Self {
        let mut params = CertificateParams::default();
        if !hosts.is_empty() {
            let names = hosts.iter().map(|host| GeneralSubtree::DnsName((*host).to_owned()));
            let permitted_subtrees = names.collect();
            let excluded_subtrees = Vec::new();
            params.name_constraints =
                Some(NameConstraints { permitted_subtrees, excluded_subtrees });
        }
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// The configuration of a server with a certificate for these names.
    pub fn server(&self, names: &[&str], validity: Validity) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(default_provider().into());
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let (chain, key) = self.issue(names, validity);
        builder.with_no_client_auth().with_single_cert(chain, key).unwrap().into()
    }

    /// Like `server`, for a server that requires a client certificate of this authority.
    pub fn demanding_server(
        &self,
        name: &str,
        version: &'static SupportedProtocolVersion,
    ) -> Arc<ServerConfig> {
        let provider = Arc::new(default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let builder = ServerConfig::builder_with_provider(provider);
        let builder = builder.with_protocol_versions(&[version]).unwrap();
        let builder = builder.with_client_cert_verifier(verifier.build().unwrap());
        let (chain, key) = self.issue(&[name], Validity::Now);
        builder.with_single_cert(chain, key).unwrap().into()
    }

    fn issue(&self, names: &[&str], validity: Validity) -> (Chain, PrivateKeyDer<'static>) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        match validity {
            Validity::Now => {}
            Validity::Expired => params.not_after = date_time_ymd(2020, 1, 1),
            Validity::NotYet => params.not_before = date_time_ymd(3000, 1, 1),
            Validity::ForClients => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }
            Validity::OfAuthority => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        (vec![certificate.der().clone()], key.into())
    }
}

type Chain = Vec<CertificateDer<'static>>;

/// A TLS server on loopback that answers every request with a token.
pub fn token_server(config: Arc<ServerConfig>) -> SocketAddr {
    serve_tls(config, |mut stream| {
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

/// A TLS server on loopback that calls `serve` for each connection.
pub fn serve_tls(
    config: Arc<ServerConfig>,
    serve: impl Fn(StreamOwned<ServerConnection, TcpStream>) -> io::Result<()>
    + Send
    + Sync
    + Clone
    + 'static,
) -> SocketAddr {
    listen(move |_, stream| {
        let connection = ServerConnection::new(config.clone()).unwrap();
        serve(StreamOwned::new(connection, stream))
    })
}
