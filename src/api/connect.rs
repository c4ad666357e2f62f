//! What ureq can't do when it connects: report the stage, and try a host's addresses side by side.

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

use super::failure::is_lost;
use super::stage::{PROXY, Peer, SERVER, Stage};

/// RFC 8305, section 8: the recommended Connection Attempt Delay.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Looks names up as ureq does.
#[derive(Debug)]
pub struct Lookup(pub Sender<Stage>);

impl Resolver for Lookup {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let peer = match config.proxy() {
            Some(proxy) if proxy.uri() == uri => &PROXY,
            _ => &SERVER,
        };
        // No one receives the stages of an attempt that was left behind.
        let _ = self.0.send(Stage::Resolving(peer, uri.host().unwrap_or_default().to_owned()));
        // Without a timeout ureq starts no thread.
        let found = DefaultResolver::default().resolve(uri, config, NextTimeout::default())?;
        if uri.scheme_str().unwrap_or_default().starts_with("socks") {
            // ureq connects to this proxy itself and reports no stage.
            let _ = self.0.send(Stage::Waiting(peer));
        }
        Ok(found)
    }
}

/// Connects with TCP unless a proxy did, and with TLS if the URL demands it.
#[derive(Debug)]
pub struct Connect {
    pub tls: RustlsConnector,
    pub stages: Sender<Stage>,
    pub has_proxy: bool,
}

impl<In: Transport> Connector<In> for Connect {
    type Out = <RustlsConnector as Connector<Either<In, Connection>>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let config = details.config;
        // ureq connects to an HTTP proxy with a configuration that has no proxy.
        let peer = if self.has_proxy && config.proxy().is_none() { &PROXY } else { &SERVER };
        let transport = if let Some(transport) = chained {
            Either::A(transport)
        } else {
            let stream = race(&details.addrs, peer, &self.stages)?;
            stream.set_nodelay(true)?;
            let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
            Either::B(Connection { stream, buffers })
        };
        if details.needs_tls() {
            let _ = self.stages.send(Stage::Handshake(peer));
        }
        let connected = self.tls.connect(details, Some(transport))?;
        let _ = self.stages.send(Stage::Waiting(peer));
        Ok(connected)
    }
}

/// Tries the addresses one after the other without waiting for those that don't respond (RFC 8305,
/// section 5). An attempt that loses goes on in its thread.
fn race(
    addresses: &[SocketAddr],
    peer: &'static Peer,
    stages: &Sender<Stage>,
) -> Result<TcpStream, Error> {
    let (sender, results) = mpsc::channel();
    let mut failure = Error::HostNotFound;
    for &address in addresses {
        let _ = stages.send(Stage::Connecting(peer, address));
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

    use socket2::{Domain, Socket, Type};

    use super::*;

    const BUDGET: Duration = Duration::from_secs(30);

    /// The outcome of a race, if it ends within the limit.
    fn race_within(limit: Duration, addresses: &[SocketAddr]) -> Option<Result<TcpStream, Error>> {
        let addresses = addresses.to_vec();
        let (sender, outcome) = mpsc::channel();
        thread::spawn(move || sender.send(race(&addresses, &SERVER, &mpsc::channel().0)));
        outcome.recv_timeout(limit).ok()
    }

    fn listening() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    fn bound() -> (Socket, SocketAddr) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        (socket, address)
    }

    /// An address that refuses connections. The socket, which is never closed, keeps the port from
    /// other tests.
    fn refusing() -> SocketAddr {
        let (socket, address) = bound();
        std::mem::forget(socket);
        address
    }

    /// An address that never responds, as long as the sockets live: its queue is full.
    fn unresponsive() -> (Vec<Socket>, SocketAddr) {
        let (listener, address) = bound();
        listener.listen(1).unwrap();
        let mut sockets = vec![listener];
        for _ in 0..8 {
            let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            client.set_nonblocking(true).unwrap();
            let _ = client.connect(&address.into());
            sockets.push(client);
        }
        (sockets, address)
    }

    #[test]
    fn a_dead_address_delays_the_next_one_only_briefly() {
        let ((_queue, dead), (_listener, living)) = (unresponsive(), listening());
        for addresses in [&[dead, living][..], &[dead, dead, living], &[refusing(), dead, living]] {
            // Half a second at most; a machine that is busy may need more, the budget is 30 s.
            let stream = race_within(BUDGET / 6, addresses).expect("in time").unwrap();
            assert_eq!(stream.peer_addr().unwrap(), living);
        }
    }

    /// Windows repeats a refused attempt for two seconds.
    #[cfg(not(windows))]
    #[test]
    fn after_a_refusal_the_next_address_is_tried_at_once() {
        let (_listener, living) = listening();
        let mut addresses = vec![refusing(); 40];
        addresses.push(living);
        // With the delay after each of them it would be 10 s.
        race_within(BUDGET / 6, &addresses).expect("in time").unwrap();
    }

    #[test]
    fn a_lost_race_ends_with_the_last_refusal_or_not_at_all() {
        let (_queue, dead) = unresponsive();
        for addresses in [&[refusing()][..], &[refusing(), refusing()]] {
            let outcome = race_within(BUDGET, addresses);
            assert!(matches!(outcome, Some(Err(Error::Io(error)))
                if error.kind() == std::io::ErrorKind::ConnectionRefused));
        }
        for addresses in [&[dead][..], &[dead, dead], &[dead, refusing()], &[refusing(), dead]] {
            assert!(race_within(Duration::from_millis(600), addresses).is_none());
        }
    }
}
