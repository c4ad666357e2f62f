//! The way through an HTTP proxy: ureq's CONNECT, with its failures told as the proxy's.

use ureq::Error;
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, Either, Transport,
};

/// Opens a tunnel where a proxy is configured.
#[derive(Debug, Default)]
pub struct Tunnel(ConnectProxyConnector);

impl<In: Transport> Connector<In> for Tunnel {
    type Out = Either<In, Box<dyn Transport>>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(|error| match error {
            // Of whom nothing but the proxy's answer has come yet.
            Error::Protocol(flaw) => {
                Error::ConnectProxyFailed(format!("its answer is not HTTP: {flaw}"))
            }
            other => other,
        })
    }
}

/// Whether what is told of a failed tunnel is a 4xx of the proxy: ureq gives its status as text
/// alone. To repeat a wrong password may lock an account.
pub fn is_denied(text: &str) -> bool {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    numbers.any(|number| number.len() == 3 && number.starts_with('4'))
}
