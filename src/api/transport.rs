//! The one place that opens a connection: one POST, through ureq, and its failures as errors.

use std::io;
use std::time::{Duration, SystemTime};

use ureq::http::Uri;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, SocksConnector};
use ureq::{Agent, Proxy};
use zeroize::Zeroizing;

use super::answer::{self, Answer};
use super::connect::TcpRace;
use super::retry;
use super::tls::TlsConnector;
use super::trust::{EMPTY_STORE, Trust};
use super::tunnel::{self, Tunnel};
use crate::error::{Code, Error};

const USER_AGENT: &str = concat!("smartextract/", env!("CARGO_PKG_VERSION"));

/// How the endpoint is reached.
pub struct Network {
    pub trust: Trust,
    /// A proxy's URL, password included.
    pub proxy: Option<Zeroizing<String>>,
}

/// Why there is no answer, and whether there may be one a moment later.
pub struct Failure {
    pub error: Error,
    pub passing: bool,
}

impl Failure {
    /// The same, of an answer whose status had come.
    fn of(self, status: u16) -> Self {
        Self { error: self.error.status(status), ..self }
    }
}

/// Sends requests.
pub struct Client(Agent);

/// An answer, with how long its sender wants to be left alone.
pub struct Reply {
    pub answer: Answer,
    pub retry_after: Option<Duration>,
}

impl Client {
    pub fn new(network: &Network) -> Result<Self, Error> {
        let tls = TlsConnector::new(&network.trust)
            .map_err(|error| Error::new(Code::Tls, "TLS can't be set up").cause(error))?;
        // ureq takes a proxy that it can't use for none, so its refusal must end here.
        let proxy = network.proxy.as_ref().map(|url| Proxy::new(url)).transpose();
        let proxy = proxy.map_err(|error| Error::config("the proxy can't be used").cause(error))?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(proxy)
            .user_agent(USER_AGENT)
            .accept("application/json")
            .build();
        let connectors =
            ().chain(SocksConnector::default()).chain(Tunnel::default()).chain(TcpRace).chain(tls);
        Ok(Self(Agent::with_parts(config, connectors, DefaultResolver::default())))
    }

    /// One POST of a JSON body, within `budget` from name look-up to the answer's last byte.
    pub fn post(&self, endpoint: &Uri, body: &[u8], budget: Duration) -> Result<Reply, Failure> {
        let response = self
            .0
            .post(endpoint)
            .config()
            .timeout_global(Some(budget))
            .build()
            .content_type("application/json")
            .send(body);
        let mut response = response.map_err(failure)?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after =
            header("retry-after").and_then(|value| retry::retry_after(value, SystemTime::now()));
        let content_type = header("content-type").map(str::to_owned);
        let status = response.status().as_u16();
        let limit = answer::MAX_BYTES as u64;
        let body = response.body_mut().with_config().limit(limit).read_to_vec();
        let body = Zeroizing::new(body.map_err(|error| failure(error).of(status))?);
        Ok(Reply { answer: Answer { status, content_type, body }, retry_after })
    }
}

fn failure(error: ureq::Error) -> Failure {
    use ureq::Error as Ureq;
    let final_word = match &error {
        Ureq::ConnectProxyFailed(text) => tunnel::is_denied(text),
        // What a SOCKS proxy's refusal of a password comes as, too.
        Ureq::Io(error) => error.kind() == io::ErrorKind::PermissionDenied,
        _ => false,
    };
    let error = told(error);
    Failure { passing: error.code() == Code::Network && !final_word, error }
}

/// The one border where ureq's errors come in.
fn told(error: ureq::Error) -> Error {
    use ureq::Error as Ureq;
    match error {
        Ureq::Timeout(_) => timeout(),
        Ureq::Io(error) => io_failure(error),
        Ureq::Tls(text) => tls_refused(TLS_HINT).because(text),
        Ureq::HostNotFound => network("the host name can't be resolved"),
        Ureq::ConnectProxyFailed(text) => Error::new(Code::Network, "the proxy refused")
            .because(text)
            .hint("check the proxy's URL, user and password, and which hosts it lets through"),
        Ureq::BodyExceedsLimit(_) => unusable("the answer is larger than 1 MiB"),
        Ureq::LargeResponseHeader(..) => unusable("the answer's head is larger than 64 KiB"),
        Ureq::Protocol(_) | Ureq::Http(_) => unusable("the answer is not HTTP").cause(error),
        // It ended within a chunk's head, or that filled the buffers and had no end.
        Ureq::BodyStalled => network("the connection was lost").because("the body has no end"),
        other => network("the exchange failed").cause(other),
    }
}

fn io_failure(error: io::Error) -> Error {
    use io::ErrorKind as Kind;
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return tls_failure(tls);
    }
    let message = match error.kind() {
        Kind::TimedOut | Kind::WouldBlock => return timeout(),
        Kind::ConnectionRefused => "the connection was refused",
        Kind::UnexpectedEof
        | Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::BrokenPipe => "the connection was lost",
        _ => "no connection",
    };
    network(message).cause(error)
}

const TLS_HINT: &str = "find out what answers at this address";

fn tls_failure(error: &rustls::Error) -> Error {
    use rustls::{CertificateError as Certificate, Error as Tls};
    let hint = match error {
        Tls::InvalidCertificate(Certificate::UnknownIssuer) => {
            "a TLS-intercepting proxy or a private server needs its own certificate authority: \
             give its PEM file as --ca-file, SMARTEXTRACT_CA_FILE or SSL_CERT_FILE"
        }
        Tls::InvalidCertificate(
            Certificate::Expired
            | Certificate::ExpiredContext { .. }
            | Certificate::NotValidYet
            | Certificate::NotValidYetContext { .. },
        ) => "check this machine's clock; if it is right, the server needs a new certificate",
        Tls::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => "the certificate is for another host: check the token URL's host",
        Tls::General(text) if text.starts_with(EMPTY_STORE) => {
            "install the ca-certificates package, or give a PEM file as --ca-file"
        }
        Tls::InvalidMessage(_) => "this port does not speak TLS: check the token URL's port",
        _ => TLS_HINT,
    };
    tls_refused(hint).because(error.to_string())
}

fn tls_refused(hint: &str) -> Error {
    Error::new(Code::Tls, "no secure connection").hint(hint)
}

fn timeout() -> Error {
    Error::new(Code::Timeout, "the time budget is spent")
        .hint("raise --timeout, or find out what is slow: the network, a proxy or the server")
}

fn network(message: &str) -> Error {
    Error::new(Code::Network, message)
        .hint("check the network, the host name in the token URL, and whether a proxy is needed")
}

fn unusable(message: &str) -> Error {
    Error::new(Code::UnexpectedResponse, message)
        .hint("check the token URL, and whether a proxy answers instead of the API")
}
