//! ureq's connectors for proxies, with their failures marked: ureq reports the answers of a SOCKS
//! proxy as I/O errors, and does not say that a host was the proxy's.

use std::error;
use std::fmt;
use std::sync::Arc;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, SocksConnector, Transport,
};

use super::connect::{Lookup, copy, is_lost};

/// A failure on the way to the proxy, or one that the proxy reports.
#[derive(Debug)]
pub enum ProxyError {
    /// There is no connection to the proxy, or it was lost.
    Connection(Error),
    /// The proxy answered, but did not connect to the server.
    Refusal(Error),
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Connection(error) | Self::Refusal(error)) = self;
        error.fmt(f)
    }
}

impl error::Error for ProxyError {}

fn on_the_way(error: Error) -> Error {
    match error {
        Error::Timeout(_) => error,
        error => Error::Other(Box::new(ProxyError::Connection(error))),
    }
}

/// Marks an error of a proxy connector: what is not from the operating system or from TLS is about
/// the proxy's answer.
fn from_handshake(error: Error) -> Error {
    match error {
        // `Other` is marked already.
        Error::Timeout(_) | Error::Other(_) => error,
        Error::Io(io) if io.raw_os_error().is_some() || is_lost(&io) => on_the_way(Error::Io(io)),
        Error::Io(io) if io.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
            on_the_way(Error::Io(io))
        }
        error => Error::Other(Box::new(ProxyError::Refusal(error))),
    }
}

/// Looks up the proxy's name.
#[derive(Debug)]
struct ProxyLookup;

impl Resolver for ProxyLookup {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        Lookup.resolve(uri, config, timeout).map_err(on_the_way)
    }
}

/// Connects through a SOCKS proxy, if one is configured.
#[derive(Debug, Default)]
pub struct SocksProxy(SocksConnector);

impl<In: Transport> Connector<In> for SocksProxy {
    type Out = <SocksConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let details = ConnectionDetails { resolver: &ProxyLookup, ..copy(details) };
        self.0.connect(&details, chained).map_err(from_handshake)
    }
}

/// Opens a tunnel through an HTTP proxy, if one is configured.
#[derive(Debug, Default)]
pub struct HttpProxy(ConnectProxyConnector);

impl<In: Transport> Connector<In> for HttpProxy {
    type Out = <ConnectProxyConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let run = details.run_connector.clone();
        let details = ConnectionDetails {
            resolver: &ProxyLookup,
            run_connector: Arc::new(move |details| run(details).map_err(on_the_way)),
            ..copy(details)
        };
        self.0.connect(&details, chained).map_err(from_handshake)
    }
}
