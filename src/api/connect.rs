//! What ureq can't do when it connects: try a host's addresses side by side, keep a deadline for
//! the whole attempt, and fail without a panic if no thread can be created.

use std::error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, TcpConnector, Transport, time,
};
use ureq::{Error, Timeout};

/// RFC 8305, section 8: the recommended Connection Attempt Delay.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A failure that ureq reports as a panic, or only as a text.
#[derive(Debug)]
pub enum Fault {
    /// A name was not found.
    Lookup(io::Error),
    /// A thread could not be created.
    Thread(io::Error),
    /// There is no connection to the proxy, or it was lost.
    Proxy(Error),
    /// The proxy answered, but did not connect to the server.
    Refusal(Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookup(error) | Self::Thread(error) => error.fmt(f),
            Self::Proxy(error) | Self::Refusal(error) => error.fmt(f),
        }
    }
}

impl error::Error for Fault {}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Other(Box::new(fault))
    }
}

/// Runs a job in a thread, and waits for its result no longer than `limit`. A job that is not
/// finished by then goes on until the process ends.
pub fn within<T: Send + 'static>(
    limit: Duration,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let (sender, result) = mpsc::sync_channel(1);
    thread::Builder::new().spawn(move || sender.send(job())).map_err(Fault::Thread)?;
    result.recv_timeout(limit).map_err(|_| Error::Timeout(Timeout::Global))
}

/// Looks names up as ureq does, and names the failures.
#[derive(Debug)]
pub struct Lookup;

impl Resolver for Lookup {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let lookup = |uri: &Uri, config: &Config| {
            // Without a timeout ureq starts no thread of its own.
            DefaultResolver::default().resolve(uri, config, NextTimeout::default())
        };
        let is_address =
            uri.host().unwrap_or_default().trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let found = if is_address {
            lookup(uri, config)
        } else {
            let (uri, config) = (uri.clone(), config.clone());
            within(*timeout.after, move || lookup(&uri, &config))?
        };
        found.map_err(|error| match error {
            Error::Io(error) => Fault::Lookup(error).into(),
            other => other,
        })
    }
}

type Tcp = <TcpConnector as Connector<()>>::Out;

/// Connects to the first address that answers.
#[derive(Debug)]
pub struct TcpRace;

impl<In: Transport> Connector<In> for TcpRace {
    type Out = Either<In, Bounded<Tcp>>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        if chained.is_some() {
            return Ok(chained.map(Either::A));
        }
        let deadline = deadline(details);
        let connection = race(&alternate_families(&details.addrs), deadline, dial(details))?;
        Ok(Some(Either::B(Bounded { connection, deadline, has_received: false })))
    }
}

/// The end of the attempt: with one budget for everything, ureq sets the time to connect to what
/// was left of it when its chain of connectors began.
fn deadline(details: &ConnectionDetails) -> Instant {
    match details.now + details.timeout.after {
        time::Instant::Exact(deadline) => deadline,
        _ => Instant::now(),
    }
}

/// Connects to one address as ureq does, from any thread.
fn dial(
    details: &ConnectionDetails,
) -> impl Fn(SocketAddr, Duration) -> Result<Tcp, Error> + Clone + Send + 'static {
    let (uri, config) = (details.uri.clone(), details.config.clone());
    let current_time = details.current_time.clone();
    let run_connector = details.run_connector.clone();
    let register_shutdown = details.register_shutdown.clone();
    let timeout = details.timeout;
    move |address, left| {
        let mut addrs = Lookup.empty();
        addrs.push(address);
        let details = ConnectionDetails {
            uri: &uri,
            addrs,
            config: &config,
            request_level: false,
            resolver: &Lookup,
            now: current_time(),
            timeout: NextTimeout { after: time::Duration::Exact(left), ..timeout },
            current_time: Arc::clone(&current_time),
            run_connector: Arc::clone(&run_connector),
            register_shutdown: Arc::clone(&register_shutdown),
        };
        let connection = TcpConnector::default().connect(&details, None::<()>)?;
        connection.ok_or(Error::ConnectionFailed)
    }
}

/// The addresses with their families in turn, starting with the family of the first (RFC 8305,
/// section 4).
fn alternate_families(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut ranks = [0, 0];
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let mut ranked: Vec<_> = addresses
        .iter()
        .map(|address| {
            let is_other = address.is_ipv6() != first_is_v6;
            ranks[usize::from(is_other)] += 1;
            (ranks[usize::from(is_other)], is_other, *address)
        })
        .collect();
    ranked.sort_by_key(|&(rank, is_other, _)| (rank, is_other));
    ranked.into_iter().map(|(_, _, address)| address).collect()
}

/// Tries the addresses one after the other without waiting for those that don't answer (RFC 8305,
/// section 5). An attempt that loses goes on in its thread until its time is up.
fn race<T: Send + 'static>(
    addresses: &[SocketAddr],
    deadline: Instant,
    dial: impl Fn(SocketAddr, Duration) -> Result<T, Error> + Clone + Send + 'static,
) -> Result<T, Error> {
    let left = || deadline.saturating_duration_since(Instant::now());
    let timeout = || Error::Timeout(Timeout::Connect);
    match addresses {
        [] => return Err(Error::HostNotFound),
        _ if left().is_zero() => return Err(timeout()),
        [only] => return dial(*only, left()),
        _ => {}
    }
    let (sender, results) = mpsc::channel();
    let mut waiting = addresses.iter();
    let mut running = 0;
    loop {
        if let Some(&address) = waiting.next() {
            let (sender, dial, time) = (sender.clone(), dial.clone(), left());
            let job = move || sender.send(dial(address, time));
            thread::Builder::new().spawn(job).map_err(Fault::Thread)?;
            running += 1;
        }
        // The next address is tried after the delay, or at once if one has failed.
        let patience = if waiting.len() > 0 { ATTEMPT_DELAY.min(left()) } else { left() };
        match results.recv_timeout(patience) {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => {
                running -= 1;
                if running == 0 && waiting.len() == 0 {
                    return Err(error);
                }
            }
            Err(_) if left().is_zero() => return Err(timeout()),
            Err(_) => {}
        }
    }
}

/// A connection that ends with the attempt. ureq gives each read of a proxy's answer the full time
/// again, so a proxy that sends a byte now and then would never be cut off.
#[derive(Debug)]
pub struct Bounded<T> {
    connection: T,
    deadline: Instant,
    has_received: bool,
}

impl<T> Bounded<T> {
    fn bound(&self, timeout: NextTimeout) -> Result<NextTimeout, Error> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::Timeout(timeout.reason));
        }
        Ok(NextTimeout { after: timeout.after.min(time::Duration::Exact(left)), ..timeout })
    }
}

impl<T: Transport> Transport for Bounded<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.connection.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = self.bound(timeout)?;
        match self.connection.transmit_output(amount, timeout) {
            // The other side may have sent the reason first, as an alert or an answer. If it has
            // not, the next read fails, too.
            Err(Error::Io(error)) if is_lost(&error) => Ok(()),
            result => result,
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = self.bound(timeout)?;
        let received = self.connection.await_input(timeout)?;
        if !received && !self.has_received {
            // Else ureq reports a proxy that hangs up as one that refuses.
            return Err(Error::Io(ErrorKind::UnexpectedEof.into()));
        }
        self.has_received = true;
        Ok(received)
    }

    fn is_open(&mut self) -> bool {
        self.connection.is_open()
    }
}

/// Whether the other side ended the connection.
pub fn is_lost(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
    )
}
/// The TLS error that an I/O error stands for.
pub fn as_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use socket2::{Domain, Socket, Type};

    use super::*;

    const BUDGET: Duration = Duration::from_secs(30);

    fn connect(address: SocketAddr, left: Duration) -> Result<TcpStream, Error> {
        TcpStream::connect_timeout(&address, left).map_err(|error| match error.kind() {
            ErrorKind::TimedOut => Error::Timeout(Timeout::Connect),
            _ => Error::Io(error),
        })
    }

    fn listening() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    fn refusing() -> SocketAddr {
        listening().1
    }

    /// An address that never answers, as long as the sockets live: its queue is full.
    fn dead() -> (Vec<Socket>, SocketAddr) {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let listener = socket();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut sockets = vec![listener];
        for _ in 0..8 {
            let knocking = socket();
            knocking.set_nonblocking(true).unwrap();
            let _ = knocking.connect(&address);
            sockets.push(knocking);
        }
        (sockets, address.as_socket().unwrap())
    }

    #[test]
    fn a_dead_address_delays_the_next_one_only_briefly() {
        let ((_queue, dead), (_listener, living)) = (dead(), listening());
        for addresses in [&[dead, living][..], &[dead, dead, living], &[refusing(), dead, living]] {
            let start = Instant::now();
            let stream = race(addresses, Instant::now() + BUDGET, connect).unwrap();
            assert_eq!(stream.peer_addr().unwrap(), living);
            let took = start.elapsed();
            // Half a second at most; a machine that is busy may need more, the budget is 30 s.
            assert!(took < BUDGET / 6, "{took:?}");
        }
    }

    #[test]
    fn after_a_refusal_the_next_address_is_tried_at_once() {
        let (_listener, living) = listening();
        let mut addresses = vec![refusing(); 40];
        addresses.push(living);
        let start = Instant::now();
        race(&addresses, Instant::now() + BUDGET, connect).unwrap();
        // With the delay after each of them it would be 10 s.
        assert!(start.elapsed() < BUDGET / 6);
    }

    #[test]
    fn a_lost_race_ends_with_the_last_refusal_or_a_timeout() {
        let (_queue, dead) = dead();
        let refused = |addresses: &[SocketAddr]| {
            matches!(race(addresses, Instant::now() + BUDGET, connect), Err(Error::Io(error))
                if error.kind() == ErrorKind::ConnectionRefused)
        };
        assert!(refused(&[refusing()]));
        assert!(refused(&[refusing(), refusing()]));
        for addresses in [&[dead][..], &[dead, dead], &[dead, refusing()], &[refusing(), dead]] {
            let start = Instant::now();
            let lost = race(addresses, Instant::now() + Duration::from_secs(1), connect);
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
