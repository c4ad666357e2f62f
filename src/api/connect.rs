//! Opening a TCP connection to a host of several addresses, one of which may be dead.
//!
//! RFC 8305 ("Happy Eyeballs"): families take turns (section 4), and an address that does not
//! answer has 250 ms before the next is tried beside it (section 5). ureq by itself would wait
//! for most of the budget.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{
    ConnectionDetails, Connector, Either, NextTimeout, Transport, time,
};
use ureq::{Error, Timeout};

use super::tcp::TcpTransport;

/// RFC 8305, section 8: the recommended Connection Attempt Delay.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects to the first address that answers.
#[derive(Debug)]
pub struct TcpRace;

impl<In: Transport> Connector<In> for TcpRace {
    type Out = Either<In, TcpTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        if chained.is_some() {
            return Ok(chained.map(Either::A));
        }
        let deadline = deadline(details);
        let stream = race(&take_turns(&details.addrs), deadline)?;
        Ok(Some(Either::B(TcpTransport::new(stream, deadline)?)))
    }
}

/// When the attempt has to have ended. ureq gives the time to connect as what was left when its
/// chain of connectors began; with one budget for all that is the end of the attempt.
fn deadline(details: &ConnectionDetails) -> Instant {
    match details.now + details.timeout.after {
        time::Instant::Exact(deadline) => deadline,
        _ => Instant::now(),
    }
}

/// What is left by now, as ureq's transports take it.
pub fn time_left(details: &ConnectionDetails) -> NextTimeout {
    let left = deadline(details).saturating_duration_since(Instant::now());
    NextTimeout { after: time::Duration::Exact(left), ..details.timeout }
}

/// The addresses with their families in turn, beginning with that of the first.
fn take_turns(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut one, mut other): (Vec<SocketAddr>, Vec<SocketAddr>) =
        addresses.iter().partition(|address| address.is_ipv6() == first_is_v6);
    one.reverse();
    other.reverse();
    let mut turns = Vec::with_capacity(addresses.len());
    while let Some(address) = one.pop() {
        turns.push(address);
        turns.extend(other.pop());
    }
    turns.extend(other.into_iter().rev());
    turns
}

/// Tries one address after the other, each beside those that have not answered yet.
///
/// An attempt that loses goes on in its thread until the time is up or the process ends.
fn race(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Error> {
    let left = || deadline.saturating_duration_since(Instant::now());
    match addresses {
        [] => return Err(Error::HostNotFound),
        [only] => return connect(*only, left()).map_err(as_timeout),
        _ => {}
    }
    let (sender, results) = mpsc::channel();
    let mut waiting = addresses.iter();
    let mut running = 0;
    loop {
        if let Some(&address) = waiting.next() {
            let sender = sender.clone();
            let time = left();
            thread::Builder::new().spawn(move || sender.send(connect(address, time)))?;
            running += 1;
        }
        // The next one starts after the delay, or at once where one has failed.
        let patience = if waiting.len() > 0 { ATTEMPT_DELAY.min(left()) } else { left() };
        match results.recv_timeout(patience) {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => {
                running -= 1;
                if running == 0 && waiting.len() == 0 {
                    return Err(as_timeout(error));
                }
            }
            Err(_) if left().is_zero() => return Err(as_timeout(io::ErrorKind::TimedOut.into())),
            Err(_) => {}
        }
    }
}

fn connect(address: SocketAddr, time: Duration) -> io::Result<TcpStream> {
    if time.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    TcpStream::connect_timeout(&address, time)
}

fn as_timeout(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::TimedOut => Error::Timeout(Timeout::Connect),
        _ => Error::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use socket2::{Domain, Socket, Type};

    use super::*;

    const BUDGET: Duration = Duration::from_secs(30);

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
    fn a_dead_address_costs_no_more_than_a_moment() {
        let ((_queue, dead), (_listener, living)) = (dead(), listening());
        for addresses in [&[dead, living][..], &[dead, dead, living], &[refusing(), dead, living]] {
            let start = Instant::now();
            let stream = race(addresses, Instant::now() + BUDGET).unwrap();
            assert_eq!(stream.peer_addr().unwrap(), living);
            let took = start.elapsed();
            // Half a second at most; a machine that is busy may need more, the budget is 30 s.
            assert!(took < BUDGET / 6, "{took:?}");
        }
    }

    #[test]
    fn a_refusal_is_not_waited_for() {
        let (_listener, living) = listening();
        let mut addresses = vec![refusing(); 40];
        addresses.push(living);
        let start = Instant::now();
        race(&addresses, Instant::now() + BUDGET).unwrap();
        // With the delay after each of them it would be 10 s.
        assert!(start.elapsed() < BUDGET / 6);
    }

    #[test]
    fn the_last_refusal_or_the_end_of_the_time_is_what_a_lost_race_ends_in() {
        let (_queue, dead) = dead();
        let refused = |addresses: &[SocketAddr]| {
            matches!(race(addresses, Instant::now() + BUDGET), Err(Error::Io(error))
                if error.kind() == io::ErrorKind::ConnectionRefused)
        };
        assert!(refused(&[refusing()]));
        assert!(refused(&[refusing(), refusing()]));
        for addresses in [&[dead][..], &[dead, dead], &[dead, refusing()], &[refusing(), dead]] {
            let start = Instant::now();
            let lost = race(addresses, Instant::now() + Duration::from_secs(1));
            assert!(matches!(lost, Err(Error::Timeout(_))), "{lost:?}");
            assert!(start.elapsed() < BUDGET / 3);
        }
    }

    #[test]
    fn families_take_turns() {
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
            assert_eq!(take_turns(&addresses(given)), addresses(turns));
        }
    }
}
