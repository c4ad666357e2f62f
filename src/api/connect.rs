//! What ureq can't do when it connects: report the stage, and try a host's addresses side by side.

use std::fmt;
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    pub name: &'static str,
    pub url: &'static str,
}

impl Peer {
    pub fn fill(self, text: &str) -> String {
        text.replace("{peer}", self.name).replace("{url}", self.url)
    }
}

pub const SERVER: Peer = Peer { name: "the server", url: "the token URL" };
pub const PROXY: Peer = Peer { name: "the proxy", url: "the proxy's URL" };

#[derive(Debug)]
pub enum Step {
    Resolving(String),
    Connecting(SocketAddr),
    Handshake,
    Waiting,
}

#[derive(Debug)]
pub struct Stage {
    pub peer: Peer,
    pub step: Step,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.step {
            Step::Resolving(host) => write!(f, "resolving {host}"),
            Step::Connecting(address) => write!(f, "connecting to {address}"),
            Step::Handshake => write!(f, "TLS handshake with {}", self.peer.name),
            Step::Waiting if self.peer == PROXY => f.write_str("waiting for the proxy"),
            Step::Waiting => f.write_str("waiting for the response"),
        }
    }
}

/// Looks names up; connects with TCP unless a proxy did, and with TLS if the URL demands it.
#[derive(Clone, Debug)]
pub struct Network {
    pub endpoint: Uri,
    pub stages: Sender<Stage>,
}

impl Network {
    fn enter(&self, uri: &Uri, step: Step) {
        let peer = if *uri == self.endpoint { SERVER } else { PROXY };
        // No one receives the stages of an attempt that was left behind.
        let _ = self.stages.send(Stage { peer, step });
    }
}

impl Resolver for Network {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        self.enter(uri, Step::Resolving(uri.host().unwrap_or_default().to_owned()));
        // Without a timeout ureq starts no thread.
        let found = DefaultResolver::default().resolve(uri, config, NextTimeout::default())?;
        if uri.scheme_str().unwrap_or_default().starts_with("socks") {
            // ureq connects to this proxy itself.
            self.enter(uri, Step::Waiting);
        }
        Ok(found)
    }
}

impl<In: Transport> Connector<In> for Network {
    type Out = <RustlsConnector as Connector<Either<In, Connection>>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let (config, uri) = (details.config, details.uri);
        let transport = if let Some(transport) = chained {
            Either::A(transport)
        } else {
            let stream =
                race(&details.addrs, |address| self.enter(uri, Step::Connecting(address)))?;
            stream.set_nodelay(true)?;
            let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
            Either::B(Connection { stream, buffers })
        };
        if details.needs_tls() {
            self.enter(uri, Step::Handshake);
        }
        let connected = RustlsConnector::default().connect(details, Some(transport))?;
        self.enter(uri, Step::Waiting);
        Ok(connected)
    }
}

/// Tries the addresses side by side (RFC 8305, 5 and 8). A losing attempt goes on in its thread.
fn race(addresses: &[SocketAddr], begin: impl Fn(SocketAddr)) -> Result<TcpStream, Error> {
    let (sender, results) = mpsc::channel();
    let mut failure = Error::HostNotFound;
    for &address in addresses {
        begin(address);
        let sender = sender.clone();
        thread::Builder::new().spawn(move || sender.send(TcpStream::connect(address)))?;
        // The next address is tried after the recommended delay, or at once if one has failed.
        match results.recv_timeout(Duration::from_millis(250)) {
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
        // The next read returns the reason (an alert or a response), or fails as well.
        let _ = self.stream.write_all(&self.buffers.output()[..amount]);
        Ok(())
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
    use std::io::ErrorKind;
    use std::net::{Ipv4Addr, TcpListener};

    use socket2::{Domain, Socket, Type};

    use super::*;

    /// How a race ends, if it does within this time.
    fn outcome(addresses: Vec<SocketAddr>, seconds: f32) -> &'static str {
        let (sender, outcome) = mpsc::channel();
        thread::spawn(move || sender.send(race(&addresses, |_| {})));
        match outcome.recv_timeout(Duration::from_secs_f32(seconds)) {
            Ok(Ok(_)) => "connected",
            Ok(Err(Error::Io(error))) if error.kind() == ErrorKind::ConnectionRefused => "refused",
            Ok(Err(_)) => "failed",
            Err(_) => "undecided",
        }
    }

    #[test]
    fn a_dead_address_delays_the_next_one_briefly_and_a_refusal_does_not() {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let refusing = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let listener = TcpListener::bind(any).unwrap();
        let living = listener.local_addr().unwrap();
        // An address never responds while its queue is full.
        let queue: [Socket; 9] =
            std::array::from_fn(|_| Socket::new(Domain::IPV4, Type::STREAM, None).unwrap());
        queue[0].bind(&any.into()).unwrap();
        queue[0].listen(1).unwrap();
        let dead = queue[0].local_addr().unwrap();
        for client in &queue[1..] {
            client.set_nonblocking(true).unwrap();
            let _ = client.connect(&dead);
        }
        let dead = dead.as_socket().unwrap();
        // Half a second at most, but a busy machine may need more. With the delay after each of the
        // refusals it would be 10 s. Windows repeats a refused attempt for two seconds.
        let refusals = vec![refusing; if cfg!(windows) { 1 } else { 40 }];
        for before in [vec![dead], vec![dead, dead], vec![refusing, dead], refusals] {
            assert_eq!(outcome([before, vec![living]].concat(), 5.0), "connected");
        }
        assert_eq!(outcome(vec![refusing, refusing], 30.0), "refused");
        for addresses in [vec![dead, dead], vec![dead, refusing], vec![refusing, dead]] {
            assert_eq!(outcome(addresses, 0.6), "undecided");
        }
    }
}
