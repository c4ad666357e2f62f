//! One exchange takes a round trip for TCP, one for TLS and one for the request, and no more.
//!
//! A proxy of the test's own stands between the program and a TLS server and holds back
//! whatever either of them says. What it can't delay is TCP's own handshake, which the kernel
//! makes: so that one is counted, by its connections, and the other two are timed.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::Case;
use crate::support::certificates::{Authority, Validity, serve_tls};
use crate::support::server::{SUCCESS, listen, read_request, response};

/// Of each way. Long beside what the program itself takes, even on a busy machine.
const DELAY: Duration = Duration::from_millis(100);

/// What an exchange looked like from outside.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    handshakes: AtomicUsize,
    requests: AtomicUsize,
}

/// A path to `server` that takes `DELAY` each way.
fn long_way_to(server: SocketAddr, seen: Arc<Seen>) -> SocketAddr {
    listen(move |_, client| {
        seen.connections.fetch_add(1, Ordering::SeqCst);
        let server = TcpStream::connect(server)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
        let upward = thread::spawn(move || carry(from_client, to_server));
        carry(server, client)?;
        upward.join().expect("it does not panic")
    })
}

/// Hands on what comes, each piece `DELAY` after it came. The next piece does not wait for it:
/// what was sent in one go arrives in one go.
fn carry(mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    let (sender, pieces) = mpsc::channel::<(Instant, Vec<u8>)>();
    let delivery = thread::spawn(move || -> io::Result<()> {
        for (due, piece) in pieces {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            to.write_all(&piece)?;
        }
        to.shutdown(Shutdown::Write)
    });
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        if sender.send((Instant::now() + DELAY, buffer[..length].to_vec())).is_err() {
            break;
        }
    }
    drop(sender);
    delivery.join().expect("it does not panic")
}

/// How long one exchange takes over the long way, in round trips, and what was seen of it.
fn exchange() -> (f64, Arc<Seen>) {
    let authority = Authority::new("test");
    let seen = Arc::new(Seen::default());
    let counted = seen.clone();
    let server = serve_tls(authority.server(&["localhost"], Validity::Now), move |mut stream| {
        stream.conn.complete_io(&mut stream.sock)?;
        counted.handshakes.fetch_add(1, Ordering::SeqCst);
        read_request(&mut stream)?;
        counted.requests.fetch_add(1, Ordering::SeqCst);
        stream.write_all(response(200, "", SUCCESS).as_bytes())
    });
    let url = format!("https://localhost:{}/", long_way_to(server, seen.clone()).port());
    let case = Case::token(&url, "--ca-file ca.pem").file("ca.pem", &authority.pem);
    let start = Instant::now();
    case.run().prints("t0ken\n");
    (start.elapsed().as_secs_f64() / (2 * DELAY).as_secs_f64(), seen)
}

#[test]
fn tls_and_the_request_take_one_round_trip_each() {
    // A busy machine adds time and never takes any: the shortest of a few runs is the truth.
    let mut fewest = f64::INFINITY;
    for _ in 0..5 {
        let (trips, seen) = exchange();
        for (count, what) in [
            (&seen.connections, "connections"),
            (&seen.handshakes, "handshakes"),
            (&seen.requests, "requests"),
        ] {
            assert_eq!(count.load(Ordering::SeqCst), 1, "{what}");
        }
        assert!(trips >= 2.0, "{trips:.2} round trips: the long way is not long");
        fewest = fewest.min(trips);
        if fewest < 2.5 {
            return;
        }
    }
    panic!("{fewest:.2} round trips after TCP's own, of which there should be two");
}
