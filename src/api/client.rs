//! ureq: its configuration, one request, and its errors as this program's.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ureq::http::Uri;
use ureq::http::uri::Scheme;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::{
    ConnectProxyConnector, Connector, RustlsConnector, SocksConnector,
};
use ureq::{Agent, Proxy};
use zeroize::Zeroizing;

use super::connect::{ConnectError, Lookup, Proxied, TcpRace, as_tls, is_lost, within};
use super::foreign_text::cleaned;
use super::response::{self, Failure, Response, unexpected};
use super::retry;
use super::trust::Trust;
use crate::error::{Code, Error};

const USER_AGENT: &str = concat!("smartextract/", env!("CARGO_PKG_VERSION"));

/// More than the longest response head that ureq accepts (64 KiB): the buffer does not grow.
const INPUT_BUFFER: usize = 65 << 10;
const OUTPUT_BUFFER: usize = 8 << 10;

const NETWORK_HINT: &str = "check the network, and whether a proxy is needed or is at fault";

/// How the endpoint is reached.
pub struct Client {
    trust: Trust,
    proxy: Option<Proxy>,
}

impl Client {
    /// A client that connects directly or through a proxy, given as URL with its password.
    ///
    /// # Errors
    /// The proxy's URL is invalid.
    pub fn new(trust: Trust, proxy: Option<&str>) -> Result<Self, Error> {
        // ureq ignores a proxy that it can't use, so its refusal must end here.
        let proxy = proxy.map(Proxy::new).transpose();
        let proxy = proxy.map_err(|error| Error::config("the proxy is invalid").cause(error))?;
        Ok(Self { trust, proxy })
    }

    /// ureq, configured for this endpoint. Without TLS no trust store is read.
    pub fn agent(&self, endpoint: &Uri) -> Result<Agent, Error> {
        let proxy_uri = self.proxy.as_ref().map(Proxy::uri);
        let mut uris = [endpoint].into_iter().chain(proxy_uri);
        let root_certs = if uris.any(|uri| uri.scheme() == Some(&Scheme::HTTPS)) {
            self.trust.root_certs()?
        } else {
            RootCerts::PlatformVerifier
        };
        let tls = TlsConfig::builder()
            .root_certs(root_certs)
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
        let connectors =
            ().chain(Proxied::<SocksConnector>::default())
                .chain(Proxied::<ConnectProxyConnector>::default())
                .chain(TcpRace)
                .chain(RustlsConnector::default());
        Ok(Agent::with_parts(config, connectors, Lookup))
    }
}

/// One POST of a JSON body, within `budget` from name look-up to the answer's last byte.
///
/// A name look-up, a proxy that sends a byte now and then, and the platform verifiers of Windows
/// and macOS, which may fetch revocation lists, outlast ureq's own timeouts: only a thread that is
/// left behind keeps the budget.
pub fn post(
    agent: &Agent,
    endpoint: &Uri,
    body: &Arc<Zeroizing<Vec<u8>>>,
    budget: Duration,
) -> Result<Response, Failure> {
    let (agent, endpoint, body) = (agent.clone(), endpoint.clone(), Arc::clone(body));
    within(budget, move || send(&agent, &endpoint, &body, budget))?
}

fn send(agent: &Agent, endpoint: &Uri, body: &[u8], budget: Duration) -> Result<Response, Failure> {
    let mut response = agent
        .post(endpoint)
        .config()
        .timeout_global(Some(budget))
        .build()
        .content_type("application/json")
        .send(body)?;
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let retry_after =
        header("retry-after").and_then(|value| retry::retry_after(value, SystemTime::now()));
    let content_type = header("content-type").map(str::to_owned);
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(response::MAX_BYTES).read_to_vec();
    // An answer that is cut off is a lost connection, but its status and header still count.
    let body = Zeroizing::new(body.map_err(|error| {
        let Failure { error, is_transient, .. } = Failure::from(error);
        let is_transient = is_transient && (status == 200 || retry::is_transient(status));
        Failure { error: error.status(status), is_transient, retry_after }
    })?);
    Ok(Response { status, content_type, retry_after, body })
}

/// Lost and failed connections are transient, a refusal by a proxy is final: to repeat a wrong
/// password may lock an account.
impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        let error = match known(error) {
            Ok(ConnectError::Proxy(error)) => match refusal(error) {
                Ok(error) => return Self { error, is_transient: false, retry_after: None },
                Err(error) => PROXY.error(error),
            },
            Ok(fault) => SERVER.error(fault.into()),
            Err(error) => SERVER.error(error),
        };
        Self { is_transient: error.code() == Code::Network, error, retry_after: None }
    }
}

fn known(error: ureq::Error) -> Result<ConnectError, ureq::Error> {
    let ureq::Error::Other(inner) = error else { return Err(error) };
    inner.downcast().map(|fault| *fault).map_err(ureq::Error::Other)
}

/// The error of a proxy that answered, but did not connect to the server; or else the given one.
fn refusal(error: ureq::Error) -> Result<Error, ureq::Error> {
    let message = match &error {
        ureq::Error::ConnectProxyFailed(_) => "the proxy refused the connection",
        // ureq reports a SOCKS proxy's answers as I/O errors.
        ureq::Error::Io(io)
            if io.raw_os_error().is_none() && !is_lost(io) && as_tls(io).is_none() =>
        {
            "the proxy refused the connection"
        }
        ureq::Error::Protocol(_) | ureq::Error::Http(_) => "the proxy's answer is invalid",
        _ => return Err(error),
    };
    let hint = "check the proxy's URL, user name and password, and which hosts it allows";
    Ok(Error::new(Code::Network, message).hint(hint).cause(error.into_io()).not_retryable())
}

/// The other end of a connection, for messages.
struct Peer {
    name: &'static str,
    /// The setting that contains its address.
    url: &'static str,
}

const SERVER: Peer = Peer { name: "the server", url: "the token URL" };
const PROXY: Peer = Peer { name: "the proxy", url: "the proxy's URL" };

impl Peer {
    fn error(&self, error: ureq::Error) -> Error {
        use ureq::Error as Ureq;
        match known(error) {
            Ok(ConnectError::Lookup(error)) => {
                let hint = format!("check the host in {}, and the network (DNS)", self.url);
                let message = format!("the host name of {} can't be resolved", self.name);
                Error::new(Code::Network, message).hint(hint).cause(error)
            }
            Ok(fault) => Error::new(Code::Network, "no thread can be created")
                .hint("raise the limit on processes or on memory (ulimit, container)")
                .cause(fault),
            Err(Ureq::Timeout(_)) => Error::new(Code::Timeout, "the time budget is used up").hint(
                "raise --timeout, or find out what is slow: the network, a proxy or the server",
            ),
            Err(Ureq::Io(error)) => self.io_error(error),
            Err(Ureq::Rustls(error)) => self.tls_error(&error),
            Err(Ureq::Tls(reason)) => self.tls(format!("check {}", self.url), reason.to_owned()),
            Err(Ureq::BodyExceedsLimit(_)) => unexpected("the answer is larger than 1 MiB"),
            Err(Ureq::LargeResponseHeader(..)) => {
                unexpected("the answer's head is larger than 64 KiB")
            }
            Err(error @ (Ureq::Protocol(_) | Ureq::Http(_))) => {
                unexpected("the answer is not HTTP").cause(error)
            }
            Err(error) => self.failed("failed", NETWORK_HINT).cause(error),
        }
    }

    fn io_error(&self, error: io::Error) -> Error {
        if let Some(error) = as_tls(&error) {
            return self.tls_error(error);
        }
        let failed = if is_lost(&error) {
            self.failed("was lost", NETWORK_HINT)
        } else if error.kind() == ErrorKind::ConnectionRefused {
            let hint = format!("check host and port in {}, and any firewall", self.url);
            self.failed("was refused", hint)
        } else {
            self.failed("failed", NETWORK_HINT)
        };
        failed.cause(error)
    }

    fn failed(&self, how: &str, hint: impl Into<String>) -> Error {
        Error::new(Code::Network, format!("the connection to {} {how}", self.name)).hint(hint)
    }

    fn tls_error(&self, error: &rustls::Error) -> Error {
        use rustls::{CertificateError as Certificate, Error as Tls};
        let Self { name, url } = self;
        let hint = match error {
            Tls::InvalidCertificate(Certificate::UnknownIssuer) => {
                "a TLS-intercepting proxy or a private server needs its own certificate authority: \
                 give the authority's PEM file (not the server's) as --ca-file, \
                 SMARTEXTRACT_CA_FILE or SSL_CERT_FILE"
                    .to_owned()
            }
            Tls::InvalidCertificate(Certificate::Other(reason))
                if reason.to_string().contains("CaUsedAsEndEntity") =>
            {
                format!("issue a certificate for {name}: it uses that of the authority itself")
            }
            Tls::InvalidCertificate(
                Certificate::Expired
                | Certificate::ExpiredContext { .. }
                | Certificate::NotValidYet
                | Certificate::NotValidYetContext { .. },
            ) => format!(
                "check this machine's clock; if it is right, {name} needs a new certificate"
            ),
            Tls::InvalidCertificate(
                Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
            ) => format!("the certificate is for another host: check {url}"),
            Tls::InvalidMessage(_) => {
                format!("this port does not speak TLS: check the port in {url}")
            }
            // The platform verifier of Linux found no trust store.
            Tls::General(_) => {
                "install the ca-certificates package, or give a PEM file as --ca-file".to_owned()
            }
            _ => format!("find out what answers at the address in {url}"),
        };
        // It may quote the names in the certificate.
        self.tls(hint, cleaned(&error.to_string()))
    }

    fn tls(&self, hint: String, reason: String) -> Error {
        let message = format!("no secure connection to {}", self.name);
        Error::new(Code::Tls, message).hint(hint).because(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_for_another_reason_does_not_blame_a_self_signed_certificate() {
        let reason = rustls::OtherError(Arc::new(io::Error::other("reason")));
        let error = rustls::Error::InvalidCertificate(rustls::CertificateError::Other(reason));
        let (_, hint) = Failure::from(ureq::Error::Rustls(error)).error.lines().pop().unwrap();
        assert!(hint.contains("find out what answers"), "{hint}");
    }

    /// What ureq reports on a Linux without ca-certificates.
    #[test]
    fn an_empty_trust_store_is_a_tls_failure_that_says_what_to_install() {
        let reason = "No CA certificates were loaded from the system".to_owned();
        let failure = Failure::from(ureq::Error::Rustls(rustls::Error::General(reason)));
        assert_eq!(failure.error.code(), Code::Tls);
        assert!(!failure.is_transient);
        let lines = failure.error.lines();
        assert!(lines.iter().any(|(_, line)| line.contains("install the ca-certificates")));
    }
}
