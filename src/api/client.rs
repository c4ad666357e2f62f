//! ureq: its configuration, which fails if proxy or trust store are invalid, and one request.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, SocksConnector};
use ureq::{Agent, Proxy};

use super::connect::{Network, SERVER, Stage, Step};
use super::failure::{failed, timed_out};
use super::response::{MAX_BYTES, Response};
use super::trust;
use crate::error::Error;

pub struct Client {
    endpoint: Uri,
    config: Config,
}

impl Client {
    /// The proxy is a URL with its password. Without `trusted`, the system's authorities are trusted.
    pub fn new(
        endpoint: &Uri,
        proxy: Option<&str>,
        trusted: Option<RootCerts>,
    ) -> Result<Self, Error> {
        let uses_tls = endpoint.scheme_str() == Some("https")
            || proxy.unwrap_or_default().starts_with("https:");
        let trusted = match trusted {
            Some(trusted) => trusted,
            None if uses_tls => trust::of_system()?,
            None => RootCerts::PlatformVerifier,
        };
        let tls = TlsConfig::builder()
            .root_certs(trusted)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let invalid = |error| Error::config("the proxy is invalid").cause(error);
        let proxy = match proxy {
            // ureq would connect directly without a valid one.
            Some(url) => Some(Proxy::new(url).map_err(invalid)?),
            None => None,
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .tls_config(tls)
            .proxy(proxy)
            .user_agent(concat!("smartextract/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            // More than the longest head that ureq accepts: the buffer does not grow.
            .input_buffer_size(65 << 10)
            .output_buffer_size(8 << 10)
            .build();
        Ok(Self { endpoint: endpoint.clone(), config })
    }

    /// One POST. If only the response's body is cut off, the response has the error.
    /// ureq's timeouts do not cover name resolution, slow proxies and the system's revocation checks:
    /// so it runs in a thread, which is abandoned when the budget is used up.
    pub fn post(
        &self,
        body: String,
        deadline: Instant,
        budget: Duration,
        watch: &dyn Fn(&Stage),
    ) -> Result<Response, Error> {
        let (sender, stages) = mpsc::channel();
        let network = Network { endpoint: self.endpoint.clone(), stages: sender };
        let connectors =
            ().chain(SocksConnector::default())
                .chain(ConnectProxyConnector::default())
                .chain(network.clone());
        let request = Agent::with_parts(self.config.clone(), connectors, network)
            .post(&self.endpoint)
            .content_type("application/json");
        let send = move || {
            let response = request.send(body)?;
            Ok(response.map(|mut body| body.with_config().limit(MAX_BYTES).read_to_vec()))
        };
        let mut stage = Stage { peer: SERVER, step: Step::Waiting };
        let has_proxy = self.config.proxy().is_some();
        let spawned = thread::Builder::new().spawn(send);
        let thread = spawned.map_err(|cause| failed(cause.into(), &stage, has_proxy))?;
        loop {
            match stages.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(next) => stage = next,
                Err(RecvTimeoutError::Timeout) => return Err(timed_out(budget, &stage)),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            watch(&stage);
        }
        let outcome = thread.join().expect("a panic ends the process");
        let failed = |cause| failed(cause, &stage, has_proxy);
        Ok(outcome.map_err(failed)?.map(|body| body.map_err(failed)))
    }
}
