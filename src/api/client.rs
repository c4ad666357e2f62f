//! ureq: its configuration, and one request.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::Uri;
use ureq::http::uri::Scheme;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, SocksConnector};
use ureq::{Agent, Proxy};

use super::connect::{Lookup, Proxied, TcpRace, Tls};
use super::failure::{Failure, SERVER};
use super::response::{MAX_BYTES, Response};
use super::{retry, trust};
use crate::error::{Code, Error};

const USER_AGENT: &str = concat!("smartextract/", env!("CARGO_PKG_VERSION"));

/// More than the longest response head that ureq accepts (64 KiB): the buffer does not grow.
const INPUT_BUFFER: usize = 65 << 10;
const OUTPUT_BUFFER: usize = 8 << 10;

/// What an attempt is doing.
pub enum Stage {
    Resolving(String),
    /// To an address, with its port.
    Connecting(String),
    TlsHandshake,
    WaitingForProxy,
    WaitingForResponse,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolving(host) => write!(f, "resolving {host}"),
            Self::Connecting(address) => write!(f, "connecting to {address}"),
            Self::TlsHandshake => f.write_str("TLS handshake"),
            Self::WaitingForProxy => f.write_str("waiting for the proxy"),
            Self::WaitingForResponse => f.write_str("waiting for the response"),
        }
    }
}

/// What the thread of an attempt reports.
pub enum Report {
    Stage(Stage),
    End(Result<Response, Failure>),
}

/// The time for all network work.
pub struct Budget {
    pub total: Duration,
    start: Instant,
}

impl Budget {
    pub fn start(total: Duration) -> Self {
        Self { total, start: Instant::now() }
    }

    pub fn left(&self) -> Duration {
        self.total.saturating_sub(self.start.elapsed())
    }
}

/// An endpoint, and how it is reached.
pub struct Client {
    agent: Agent,
    endpoint: Uri,
    sender: Sender<Report>,
    reports: Receiver<Report>,
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
        let mut uses_tls = endpoint.scheme() == Some(&Scheme::HTTPS);
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(USER_AGENT)
            .accept("application/json")
            .input_buffer_size(INPUT_BUFFER)
            .output_buffer_size(OUTPUT_BUFFER);
        if let Some(url) = proxy {
            // ureq ignores a proxy that it can't use, so its refusal must end here.
            let proxy = Proxy::new(url)
                .map_err(|error| Error::config("the proxy is invalid").cause(error))?;
            uses_tls |= proxy.uri().scheme() == Some(&Scheme::HTTPS);
            config = config.proxy(Some(proxy));
        }
        let trusted = match trusted {
            Some(trusted) => trusted,
            None if uses_tls => trust::of_system()?,
            None => RootCerts::PlatformVerifier,
        };
        let tls = TlsConfig::builder()
            .root_certs(trusted)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let (sender, reports) = mpsc::channel();
        let connectors =
            ().chain(Proxied::<SocksConnector>::default())
                .chain(Proxied::<ConnectProxyConnector>::default())
                .chain(TcpRace(sender.clone()))
                .chain(Tls::new(sender.clone(), proxy.is_some()));
        let lookup = Lookup(sender.clone());
        let agent = Agent::with_parts(config.tls_config(tls).build(), connectors, lookup);
        Ok(Self { agent, endpoint: endpoint.clone(), sender, reports })
    }

    /// One POST of a JSON body, within `budget` from name look-up to the response's last byte.
    ///
    /// A name look-up, a proxy that sends a byte now and then, and the platform verifiers of
    /// Windows and macOS, which may fetch revocation lists, outlast ureq's own timeouts: only a
    /// thread that is left behind keeps the budget.
    pub fn post(
        &self,
        body: &Arc<[u8]>,
        budget: &Budget,
        watch: &dyn Fn(&Stage),
    ) -> Result<Response, Failure> {
        let (agent, endpoint) = (self.agent.clone(), self.endpoint.clone());
        let (body, sender) = (Arc::clone(body), self.sender.clone());
        thread::Builder::new()
            .spawn(move || sender.send(Report::End(send(&agent, &endpoint, &body))))
            .map_err(|error| SERVER.failure(error.into()))?;
        let mut current = None;
        loop {
            match self.reports.recv_timeout(budget.left()) {
                Ok(Report::Stage(stage)) => {
                    watch(&stage);
                    current = Some(stage);
                }
                Ok(Report::End(outcome)) => return outcome,
                Err(_) => return Err(timed_out(budget.total, current.as_ref()).into()),
            }
        }
    }
}

fn send(agent: &Agent, endpoint: &Uri, body: &[u8]) -> Result<Response, Failure> {
    let sent = agent.post(endpoint).content_type("application/json").send(body);
    let (head, mut body) = sent.map_err(|error| SERVER.failure(error))?.into_parts();
    let mut response =
        Response { status: head.status.as_u16(), headers: head.headers, body: Vec::new() };
    match body.with_config().limit(MAX_BYTES).read_to_vec() {
        Ok(body) => {
            response.body = body;
            Ok(response)
        }
        // A response that is cut off is a lost connection, but its status and header still count.
        Err(error) => {
            let Failure { error, is_transient, .. } = SERVER.failure(error);
            Err(Failure {
                error: error.status(response.status),
                is_transient: is_transient
                    && (response.status == 200 || retry::is_transient(response.status)),
                retry_after: response.retry_after(),
            })
        }
    }
}

fn timed_out(total: Duration, stage: Option<&Stage>) -> Error {
    let error = Error::new(Code::Timeout, format!("no response within {} s", total.as_secs_f64()));
    let Some(stage) = stage else { return error.hint("raise --timeout") };
    let hint = match stage {
        Stage::Resolving(_) => "check the network (DNS), and whether a proxy is needed",
        Stage::Connecting(_) => {
            "check the network, and whether a proxy is needed: a firewall may drop the packets"
        }
        Stage::WaitingForProxy => "check the proxy, or raise --timeout",
        Stage::TlsHandshake | Stage::WaitingForResponse => {
            "raise --timeout, or try again later: the server or the network is slow"
        }
    };
    error.detail(format!("stage:       {stage}")).hint(hint)
}
