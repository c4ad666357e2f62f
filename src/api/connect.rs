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
        let time = time_left(details);
        let end = Instant::now() + time;
        let stream = race(&take_turns(&details.addrs), time)?;
        Ok(Some(Either::B(TcpTransport::new(stream, end)?)))
    }
}

/// What is left of the time to connect in, which was set when the chain of connectors began.
/// It is the budget's whole rest, since that is the only limit that is ever set.
fn time_left(details: &ConnectionDetails) -> Duration {
    match details.now + details.timeout.after {
        time::Instant::Exact(deadline) => deadline.saturating_duration_since(Instant::now()),
        _ => *details.timeout.after,
    }
}

/// The same, as ureq's transports take it.
pub fn next_timeout(details: &ConnectionDetails) -> NextTimeout {
    NextTimeout { after: time::Duration::Exact(time_left(details)), ..details.timeout }
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
fn race(addresses: &[SocketAddr], time: Duration) -> Result<TcpStream, Error> {
    let deadline = Instant::now() + time;
    let left = || deadline.saturating_duration_since(Instant::now());
    if let [only] = addresses {
        return connect(*only, time).map_err(as_timeout);
    }
    let (sender, results) = mpsc::channel();
    let mut waiting = addresses.iter();
    let mut running = 0;
    loop {
        if let Some(&address) = waiting.next() {
            let sender = sender.clone();
            let time = left();
            thread::spawn(move || sender.send(connect(address, time)));
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
    use super::*;

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
