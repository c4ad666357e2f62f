//! Many clients at the same time, with an overloaded server.

use std::collections::HashMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::Case;
use crate::support::server::{SUCCESS, listen, read_request, response};

/// How often each client is refused, and the minimum wait that it is given.
const REFUSALS: usize = 2;
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// When each client, identified by its key, sent its requests.
type Arrivals = HashMap<String, Vec<Instant>>;

/// A server that sends no answer until all clients have sent a request. So all are refused at the
/// same time, and without jitter all would retry at the same time.
struct Busy {
    clients: usize,
    arrivals: Mutex<Arrivals>,
    all_have_sent: Condvar,
}

impl Busy {
    fn start(clients: usize) -> (Arc<Self>, SocketAddr) {
        let all_have_sent = Condvar::new();
        let server = Arc::new(Self { clients, arrivals: Mutex::default(), all_have_sent });
        let busy = server.clone();
        let address = listen(move |_, mut stream| {
            let request = read_request(&mut stream)?;
            stream.write_all(busy.answer(&request).as_bytes())
        });
        (server, address)
    }

    fn answer(&self, request: &str) -> String {
        let body = request.split_once("\r\n\r\n").unwrap().1;
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let mut arrivals = self.arrivals.lock().unwrap();
        let times = arrivals.entry(body["key"].as_str().unwrap().to_owned()).or_default();
        times.push(Instant::now());
        let count = times.len();
        if count > REFUSALS {
            return response(200, "", SUCCESS);
        }
        if count == 1 {
            self.all_have_sent.notify_all();
            let limit = Duration::from_secs(40);
            let missing = |arrivals: &mut Arrivals| arrivals.len() < self.clients;
            drop(self.all_have_sent.wait_timeout_while(arrivals, limit, missing).unwrap());
        }
        response(429, &format!("retry-after: {}\r\n", RETRY_AFTER.as_secs()), "")
    }
}

/// Runs this many clients at the same time: each gets its token, and their retries are spread.
fn overload(clients: usize) {
    let (server, address) = Busy::start(clients);
    thread::scope(|scope| {
        for number in 0..clients {
            scope.spawn(move || {
                Case::token(&format!("http://{address}/"), "--timeout 60 --retries 10")
                    .env("SMARTEXTRACT_KEY", format!("key-of-client-{number}"))
                    .run()
                    .prints("t0ken\n");
            });
        }
    });
    let arrivals = server.arrivals.lock().unwrap();
    assert!(arrivals.values().all(|times| times.len() == REFUSALS + 1), "too many, or too few");
    let refused = arrivals.values().map(|times| times[0]).max().unwrap();
    let waits = arrivals.values().map(|times| times[1].duration_since(refused));
    let mut waits: Vec<Duration> = waits.collect();
    waits.sort();
    assert!(waits[0] >= RETRY_AFTER, "{:?} is too early", waits[0]);
    // Spread evenly over the half second of the jitter it is 0.4 s.
    let spread = waits[clients * 9 / 10].saturating_sub(waits[clients / 10]);
    assert!(spread > Duration::from_millis(200), "{spread:?}");
}

#[test]
fn clients_that_are_refused_together_do_not_retry_together() {
    overload(30);
}

#[test]
#[ignore = "uses the whole machine: cargo test --locked load -- --ignored"]
fn five_hundred_clients_get_their_token_from_an_overloaded_server() {
    overload(500);
}
