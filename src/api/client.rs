//! ureq: its configuration, and one request.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::Uri;
use ureq::http::response::Parts;
use ureq::http::uri::Scheme;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::{
    ConnectProxyConnector, Connector, RustlsConnector, SocksConnector,
};
use ureq::{Agent, Proxy};

use super::connect::{Connect, Lookup};
use super::failure::{Failure, timed_out};
use super::response::{MAX_BYTES, Response};
use super::stage::{SERVER, Stage};
use super::{retry, trust};
use crate::error::Error;

const USER_AGENT: &str = concat!("smartextract/", env!("CARGO_PKG_VERSION"));

/// More than the longest response head that ureq accepts (64 KiB): the buffer does not grow.
const INPUT_BUFFER: usize = 65 << 10;
const OUTPUT_BUFFER: usize = 8 << 10;

/// An endpoint, and how it is reached.
pub struct Client {
    endpoint: Uri,
    proxy: Option<Proxy>,
    trusted: RootCerts,
}

impl Client {
    /// A client that connects directly or through a proxy, given as URL with its password. It
    /// trusts the operating system's certificate authorities if no others are given.
    ///
    /// # Errors
    /// The proxy's URL is invalid, or the trust store can't be used.
    pub fn new(
        endpoint: &Uri,
        proxy: Option<&str>,
        trusted: Option<RootCerts>,
    ) -> Result<Self, Error> {
        let uses_tls = endpoint.scheme() == Some(&Scheme::HTTPS)
            || proxy.unwrap_or_default().starts_with("https:");
        let trusted = match trusted {
            Some(trusted) => trusted,
            None if uses_tls => trust::of_system()?,
            None => RootCerts::PlatformVerifier,
        };
        let invalid = |error| Error::config("the proxy is invalid").cause(error);
        let proxy = match proxy {
            // ureq ignores a proxy that it can't use, so its refusal must end here.
            Some(url) => Some(Proxy::new(url).map_err(invalid)?),
            None => None,
        };
        Ok(Self { endpoint: endpoint.clone(), proxy, trusted })
    }

    /// ureq for one attempt, which drops `stages` at its end.
    fn agent(&self, stages: Sender<Stage>) -> Agent {
        let tls = TlsConfig::builder()
            .root_certs(self.trusted.clone())
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .tls_config(tls)
            .proxy(self.proxy.clone())
            .user_agent(USER_AGENT)
            .accept("application/json")
            .input_buffer_size(INPUT_BUFFER)
            .output_buffer_size(OUTPUT_BUFFER)
            .build();
        let has_proxy = self.proxy.is_some();
        let lookup = Lookup(stages.clone());
        let connectors =
            ().chain(SocksConnector::default())
                .chain(ConnectProxyConnector::default())
                .chain(Connect { tls: RustlsConnector::default(), stages, has_proxy });
        Agent::with_parts(config, connectors, lookup)
    }

    /// One POST of a JSON body, from name look-up to the response's last byte.
    ///
    /// A name look-up, a proxy that sends a byte now and then, and the platform verifiers of
    /// Windows and macOS, which may fetch revocation lists, outlast ureq's own timeouts: only a
    /// thread that is left behind keeps the budget.
    ///
    /// # Errors
    /// There is no complete response at the deadline, the end of the whole budget.
    pub fn post(
        &self,
        body: &[u8],
        deadline: Instant,
        budget: Duration,
        watch: &dyn Fn(&Stage),
    ) -> Result<Response, Failure> {
        let (sender, stages) = mpsc::channel();
        let (agent, endpoint, body) = (self.agent(sender), self.endpoint.clone(), body.to_vec());
        let mut stage = Stage::Waiting(&SERVER);
        let thread = thread::Builder::new().spawn(move || send(&agent, &endpoint, &body));
        let failure = |error, stage: &Stage| Failure::new(error, stage, self.proxy.is_some());
        let thread = thread.map_err(|error| failure(error.into(), &stage))?;
        loop {
            match stages.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(next) => stage = next,
                Err(RecvTimeoutError::Timeout) => return Err(timed_out(budget, &stage).into()),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            watch(&stage);
        }
        let outcome = thread.join().expect("a panic ends the process");
        let (head, body) = outcome.map_err(|error| failure(error, &stage))?;
        let response =
            Response { status: head.status.as_u16(), headers: head.headers, body: Vec::new() };
        match body {
            Ok(body) => Ok(Response { body, ..response }),
            // A response that is cut off is a lost connection, but status and header still count.
            Err(error) => {
                let Failure { error, is_transient, .. } = failure(error, &stage);
                let status = response.status;
                let is_transient = is_transient && (status == 200 || retry::is_transient(status));
                let retry_after = response.retry_after();
                Err(Failure { error: error.status(status), is_transient, retry_after })
            }
        }
    }
}

/// The head of the response, and its body unless that is cut off.
type Sent = (Parts, Result<Vec<u8>, ureq::Error>);

fn send(agent: &Agent, endpoint: &Uri, body: &[u8]) -> Result<Sent, ureq::Error> {
    let response = agent.post(endpoint).content_type("application/json").send(body)?;
    let (head, mut body) = response.into_parts();
    Ok((head, body.with_config().limit(MAX_BYTES).read_to_vec()))
}
