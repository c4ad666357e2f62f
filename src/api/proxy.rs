//! ureq's connectors for proxies, with their failures marked: ureq reports the answers of a SOCKS
//! proxy as I/O errors, and does not say that a host was the proxy's.

use std::sync::Arc;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout, Transport};

use super::connect::{Fault, Lookup, as_tls, is_lost};

fn on_the_way(error: Error) -> Error {
    match error {
        Error::Timeout(_) => error,
        error => Fault::Proxy(error).into(),
    }
}

/// Marks an error of a proxy connector: what is not from the operating system or from TLS is about
/// the proxy's answer.
fn from_handshake(error: Error) -> Error {
    match &error {
        // `Other` is marked already.
        Error::Timeout(_) | Error::Other(_) => error,
        Error::Io(io) if is_lost(io) || io.raw_os_error().is_some() || as_tls(io).is_some() => {
            on_the_way(error)
        }
        _ => Fault::Refusal(error).into(),
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

/// A connector of ureq that connects through a proxy if one of its kind is configured.
#[derive(Debug, Default)]
pub struct Proxied<C>(C);

impl<In: Transport, C: Connector<In>> Connector<In> for Proxied<C> {
    type Out = C::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let run = details.run_connector.clone();
        let details = ConnectionDetails {
            uri: details.uri,
            addrs: details.addrs.clone(),
            config: details.config,
            request_level: details.request_level,
            resolver: &ProxyLookup,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: Arc::new(move |details| run(details).map_err(on_the_way)),
            register_shutdown: details.register_shutdown.clone(),
        };
        self.0.connect(&details, chained).map_err(from_handshake)
    }
}
