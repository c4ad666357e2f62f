//! The least that an exchange over TLS costs: the program that all others are compared with.
//!
//! rustls with ring and one certificate authority, an address instead of a name, one request as
//! it stands, one answer printed as it comes. No argument parsing, no JSON, no error that helps.
//! A program of its own, for what else a program holds is felt when it is loaded.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, ca_file, request] = &arguments[..] else {
        println!("the benchmark `exchange` runs this program");
        return;
    };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect(address).unwrap();
    socket.set_nodelay(true).unwrap();
    let mut stream = StreamOwned::new(connection, socket);
    stream.write_all(&fs::read(request).unwrap()).unwrap();
    let mut answer = [0; 4096];
    let length = stream.read(&mut answer).unwrap();
    io::stdout().write_all(&answer[..length]).unwrap();
}
