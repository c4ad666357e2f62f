//! Many clients at once against a server that has had enough.

use std::collections::HashMap;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::support::Case;
use crate::support::server::{SUCCESS, read_request, response};

/// How often each client is sent away, and for how long.
const REFUSALS: usize = 2;
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// When each client, by its key, asked.
type Arrivals = HashMap<String, Vec<Instant>>;

/// A server for so many clients. It keeps them waiting until all have asked once, so that all
/// are sent away at the same moment: without jitter they would come back as one, too.
struct Busy {
    clients: usize,
    arrivals: Mutex<Arrivals>,
    all_are_here: Condvar,
}

impl Busy {
    fn start(clients: usize) -> (Arc<Self>, SocketAddr) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        // Room for all of them: a dropped knock comes again after a second by itself.
        socket.listen(4096).unwrap();
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let server =
            Arc::new(Self { clients, arrivals: Mutex::default(), all_are_here: Condvar::new() });
        let busy = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let busy = busy.clone();
                thread::spawn(move || {
                    let mut stream = stream;
                    let request = read_request(&mut stream)?;
                    stream.write_all(busy.answer(&request).as_bytes())
                });
            }
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
            self.all_are_here.notify_all();
            let patience = Duration::from_secs(40);
            let missing = |arrivals: &mut Arrivals| arrivals.len() < self.clients;
            let _ = self.all_are_here.wait_timeout_while(arrivals, patience, missing).unwrap();
        }
        response(429, &format!("retry-after: {}\r\n", RETRY_AFTER.as_secs()), "")
    }
}

/// Runs so many clients at once: all get their token, and those sent away together do not come
/// back together.
fn storm(clients: usize) {
    let start = Instant::now();
    let (server, address) = Busy::start(clients);
    thread::scope(|scope| {
        for number in 0..clients {
            let key = format!("key-of-client-{number}");
            let url = format!("http://{address}/");
            scope.spawn(move || {
                Case::token(&url, "--timeout 60 --retries 10")
                    .env("SMARTEXTRACT_KEY", key)
                    .run()
                    .prints("t0ken\n");
            });
        }
    });
    let took = start.elapsed();
    let arrivals = server.arrivals.lock().unwrap();
    assert!(arrivals.values().all(|times| times.len() == REFUSALS + 1), "too many, or too few");
    let sent_away = arrivals.values().map(|times| times[0]).max().unwrap();
    let mut seconds: Vec<Duration> =
        arrivals.values().map(|times| times[1].duration_since(sent_away)).collect();
    seconds.sort();
    assert!(seconds[0] >= RETRY_AFTER, "{:?} is too early", seconds[0]);
    let [tenth, half, nine] = [1, 5, 9].map(|tenths| seconds[clients * tenths / 10]);
    eprintln!(
        "{clients} clients, all with a token after {took:.1?}; second arrivals after the first \
         answer: first {:.3?}, tenth {tenth:.3?}, half {half:.3?}, nine tenths {nine:.3?}, last \
         {:.3?}",
        seconds[0],
        seconds[clients - 1],
    );
    // Spread evenly over the half second of the jitter it is 0.4 s.
    let spread = nine.saturating_sub(tenth);
    assert!(spread > Duration::from_millis(200), "{spread:?}");
}

#[test]
fn clients_that_are_sent_away_together_do_not_come_back_together() {
    storm(30);
}

#[test]
#[ignore = "takes all of the machine: cargo test --locked load -- --ignored --nocapture"]
fn five_hundred_clients_get_their_token_from_a_busy_server() {
    storm(500);
}
