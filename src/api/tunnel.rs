//! A tunnel through an HTTP proxy, with the proxy's failures told from the API's.

use ureq::Error;
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, Transport,
};

/// ureq's CONNECT. By itself it tells an answer of the proxy that is not HTTP as if it were the
/// API's, which has another exit code.
#[derive(Debug, Default)]
pub struct TunnelConnector(ConnectProxyConnector);

impl<In: Transport> Connector<In> for TunnelConnector {
    type Out = <ConnectProxyConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(|error| match error {
            Error::Protocol(cause) => {
                Error::ConnectProxyFailed(format!("its answer is not HTTP: {cause}"))
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
