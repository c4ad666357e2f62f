//! What ureq can't do when it connects: report the stage, try a host's addresses side by side, and
//! mark which failures are the proxy's.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, RustlsConnector,
    Transport,
};

use super::client::{Report, Stage};
use super::failure::{PROXY, SERVER, is_lost};

/// RFC 8305, section 8: the recommended Connection Attempt Delay.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Reports a stage, unless no one waits for this attempt any more.
fn enter(reports: &Sender<Report>, stage: Stage) {
    let _ = reports.send(Report::Stage(stage));
}

/// Looks names up as ureq does.
#[derive(Debug)]
pub struct Lookup(pub Sender<Report>);

impl Resolver for Lookup {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let is_proxy = match config.proxy() {
            Some(proxy) => proxy.uri() == uri,
            None => false,
        };
        enter(&self.0, Stage::Resolving(uri.host().unwrap_or_default().to_owned()));
        // Without a timeout ureq starts no thread.
        let found = DefaultResolver::default().resolve(uri, config, NextTimeout::default());
        if is_proxy {
            // A SOCKS proxy is connected to by ureq itself, which reports no stage.
            enter(&self.0, Stage::WaitingForProxy);
        }
        found.map_err(|error| {
            let peer = if is_proxy { &PROXY } else { &SERVER };
            // Behind other proxies the server's name is not looked up here.
            let is_for_socks = config.proxy().is_some() && !is_proxy;
            peer.lookup_failure(error, is_for_socks).into()
        })
    }
}

/// A connector of ureq for proxies, with its failures marked as the proxy's.
#[derive(Debug, Default)]
pub struct Proxied<C>(C);

impl<In: Transport, C: Connector<In>> Connector<In> for Proxied<C> {
    type Out = C::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(|error| PROXY.failure(error).into())
    }
}

/// The TLS of ureq, and the stages before and after it.
#[derive(Debug)]
pub struct Tls {
    tls: RustlsConnector,
    reports: Sender<Report>,
    has_proxy: bool,
}

impl Tls {
    pub fn new(reports: Sender<Report>, has_proxy: bool) -> Self {
        Self { tls: RustlsConnector::default(), reports, has_proxy }
    }
}

impl<In: Transport> Connector<In> for Tls {
    type Out = <RustlsConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        if details.needs_tls() {
            enter(&self.reports, Stage::TlsHandshake);
        }
        let connected = self.tls.connect(details, chained)?;
        // ureq connects to a CONNECT proxy with a configuration that has no proxy.
        let is_proxy = self.has_proxy && details.config.proxy().is_none();
        let next = if is_proxy { Stage::WaitingForProxy } else { Stage::WaitingForResponse };
        enter(&self.reports, next);
        Ok(connected)
    }
}

/// Connects to the first address that responds.
#[derive(Debug)]
pub struct TcpRace(pub Sender<Report>);

impl<In: Transport> Connector<In> for TcpRace {
    type Out = Either<In, Connection>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        if let Some(transport) = chained {
            return Ok(Some(Either::A(transport)));
        }
        let stream = race(&alternate_families(&details.addrs), &self.0)?;
        stream.set_nodelay(true)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Either::B(Connection { stream, buffers })))
    }
}

/// The addresses with their families in turn, starting with the family of the first (RFC 8305,
/// section 4).
fn alternate_families(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let family = addresses.first().map(SocketAddr::is_ipv6);
    let (mut turns, others): (Vec<_>, Vec<_>) =
        addresses.iter().partition(|address| Some(address.is_ipv6()) == family);
    for (index, other) in others.into_iter().enumerate() {
        turns.insert(turns.len().min(2 * index + 1), other);
    }
    turns
}

/// Tries the addresses one after the other without waiting for those that don't respond (RFC 8305,
/// section 5). An attempt that loses goes on in its thread.
fn race(addresses: &[SocketAddr], reports: &Sender<Report>) -> Result<TcpStream, Error> {
    let (sender, results) = mpsc::channel();
    let mut failure = Error::HostNotFound;
    for &address in addresses {
        enter(reports, Stage::Connecting(address.to_string()));
        if addresses.len() == 1 {
            return Ok(TcpStream::connect(address)?);
        }
        let sender = sender.clone();
        thread::Builder::new().spawn(move || sender.send(TcpStream::connect(address)))?;
        // The next address is tried after the delay, or at once if one has failed.
        match results.recv_timeout(ATTEMPT_DELAY) {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = error.into(),
            Err(_) => {}
        }
    }
    drop(sender);
    for result in results {
        match result {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error.into(),
        }
    }
    Err(failure)
}

/// A connection without time limits of its own: `Client::post` limits the whole attempt.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffers: LazyBuffers,
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        match self.stream.write_all(&self.buffers.output()[..amount]) {
            // The other side may have sent the reason first, as an alert or a response. If it has
            // not, the next read fails, too.
            Err(error) if is_lost(&error) => Ok(()),
            result => Ok(result?),
        }
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        let length = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(length);
        Ok(length > 0)
    }

    /// ureq asks whether another request can use it: a retry gets a new connection.
    fn is_open(&mut self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use socket2::{Domain, Socket, Type};

    use super::*;

    const BUDGET: Duration = Duration::from_secs(30);

    fn race_within(limit: Duration, addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
        let addresses = addresses.to_vec();
        within(limit, move || race(&addresses))?
    }

    fn listening() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// An address that refuses connections. The socket, which is never closed, keeps the port from
    /// other tests.
    fn refusing() -> SocketAddr {
        let socket = bound();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        std::mem::forget(socket);
        address
    }

    fn bound() -> Socket {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket
    }

    /// An address that never answers, as long as the sockets live: its queue is full.
    fn unresponsive() -> (Vec<Socket>, SocketAddr) {
        let listener = bound();
        listener.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut sockets = vec![listener];
        for _ in 0..8 {
            let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            client.set_nonblocking(true).unwrap();
            let _ = client.connect(&address);
            sockets.push(client);
        }
        (sockets, address.as_socket().unwrap())
    }

    #[test]
    fn a_dead_address_delays_the_next_one_only_briefly() {
        let ((_queue, dead), (_listener, living)) = (unresponsive(), listening());
        for addresses in [&[dead, living][..], &[dead, dead, living], &[refusing(), dead, living]] {
            let start = Instant::now();
            let stream = race_within(BUDGET, addresses).unwrap();
            assert_eq!(stream.peer_addr().unwrap(), living);
            let took = start.elapsed();
            // Half a second at most; a machine that is busy may need more, the budget is 30 s.
            assert!(took < BUDGET / 6, "{took:?}");
        }
    }

    /// Windows repeats a refused attempt for two seconds.
    #[cfg(not(windows))]
    #[test]
    fn after_a_refusal_the_next_address_is_tried_at_once() {
        let (_listener, living) = listening();
        let mut addresses = vec![refusing(); 40];
        addresses.push(living);
        let start = Instant::now();
        race_within(BUDGET, &addresses).unwrap();
        // With the delay after each of them it would be 10 s.
        assert!(start.elapsed() < BUDGET / 6);
    }

    #[test]
    fn a_lost_race_ends_with_the_last_refusal_or_a_timeout() {
        let (_queue, dead) = unresponsive();
        let refused = |addresses: &[SocketAddr]| {
            matches!(race_within(BUDGET, addresses), Err(Error::Io(error))
                if error.kind() == ErrorKind::ConnectionRefused)
        };
        assert!(refused(&[refusing()]));
        assert!(refused(&[refusing(), refusing()]));
        for addresses in [&[dead][..], &[dead, dead], &[dead, refusing()], &[refusing(), dead]] {
            let start = Instant::now();
            let lost = race_within(Duration::from_secs(1), addresses);
            assert!(matches!(lost, Err(Error::Timeout(_))), "{lost:?}");
            assert!(start.elapsed() < BUDGET / 3);
        }
    }

    #[test]
    fn families_alternate() {
        let addresses = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        for (given, turns) in [
            (&["[::1]:1", "[::2]:1", "1.1.1.1:1"][..], &["[::1]:1", "1.1.1.1:1", "[::2]:1"][..]),
            (&["1.1.1.1:1", "1.1.1.2:1", "[::1]:1"], &["1.1.1.1:1", "[::1]:1", "1.1.1.2:1"]),
            (&["[::1]:1", "1.1.1.1:1", "1.1.1.2:1"], &["[::1]:1", "1.1.1.1:1", "1.1.1.2:1"]),
            (&["1.1.1.1:1"], &["1.1.1.1:1"]),
            (&[], &[]),
        ] {
            assert_eq!(alternate_families(&addresses(given)), addresses(turns));
        }
    }

    #[test]
    fn a_job_that_outlasts_its_limit_is_left_behind() {
        assert_eq!(within(BUDGET, || 1).unwrap(), 1);
        let start = Instant::now();
        let outcome = within(Duration::from_millis(20), || thread::sleep(BUDGET));
        assert!(matches!(outcome, Err(Error::Timeout(_))), "{outcome:?}");
        assert!(start.elapsed() < BUDGET / 2);
    }
}
