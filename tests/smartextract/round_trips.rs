//! One exchange takes a round trip for TCP, one for TLS and one for the request, and no more.
//!
//! A tunnel between the program and a TLS server delays everything that they send. It can't
//! delay the TCP handshake, which the kernel makes, so connections are counted and the other two
//! round trips are timed.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::Case;
use crate::support::certificates::{Authority, Validity, serve_tls};
use crate::support::proxy::tunnel;
use crate::support::server::{SUCCESS, listen, read_request, response};

/// The number of connections, of TLS handshakes and of requests.
type Counts = Arc<[AtomicUsize; 3]>;

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::SeqCst);
}

/// A server that counts, behind a tunnel that delays in each direction.
fn distant_server(authority: &Authority, counts: &Counts, delay: Duration) -> SocketAddr {
    let counted = counts.clone();
    let config = authority.server(&["localhost"], Validity::Now);
    let server = serve_tls(config, move |mut stream| -> io::Result<()> {
        stream.conn.complete_io(&mut stream.sock)?;
        count(&counted[1]);
        read_request(&mut stream)?;
        count(&counted[2]);
        stream.write_all(response(200, "", SUCCESS).as_bytes())
    });
    let counted = counts.clone();
    listen(move |_, client| {
        count(&counted[0]);
        tunnel(&client, server, delay)
    })
}

#[test]
fn tls_and_the_request_take_one_round_trip_each() {
    let authority = Authority::new("test");
    let mut fewest = f64::INFINITY;
    // A busy machine only adds time, which counts less with each longer delay.
    for delay in [100, 200, 400, 800, 1600].map(Duration::from_millis) {
        let counts = Counts::default();
        let address = distant_server(&authority, &counts, delay);
        let url = format!("https://localhost:{}/", address.port());
        let case = Case::token(&url, "--ca-file ca.pem").file("ca.pem", &authority.pem);
        let start = Instant::now();
        case.run().prints("t0ken\n");
        let trips = start.elapsed().as_secs_f64() / (2 * delay).as_secs_f64();
        assert_eq!(counts.each_ref().map(|count| count.load(Ordering::SeqCst)), [1, 1, 1]);
        assert!(trips >= 2.0, "{trips:.2} round trips: nothing was delayed");
        fewest = fewest.min(trips);
        if fewest < 2.75 {
            return;
        }
    }
    panic!("{fewest:.2} round trips after that of TCP, instead of two");
}
