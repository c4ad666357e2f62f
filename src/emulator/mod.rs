//! A stand-in for the API on loopback, for tests without an account and without the network.
//!
//! Answers as the vendor's documentation says ("API Reference / Data Extraction API /
//! Authentication", version 4.1) at both environments' paths, and shows a page where the
//! component would be. Not a copy of the service: its tokens open nothing.

mod api;
mod fault;
mod http;
mod page;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use http::{Answer, Connection, Request, Unusable};

pub use api::{Accepted, TOKEN_PATHS};
pub use fault::{Fault, Faults};
pub use page::PAGE_PATHS;

/// The time of a connection, beside the delay that was asked for.
const TIME: Duration = Duration::from_secs(10);
const MOST_CONNECTIONS: usize = 512;

/// Is told of each request: method, path, status.
pub type Log = Box<dyn Fn(&str, &str, u16) + Send + Sync>;

/// What the emulator does.
pub struct Emulator {
    pub accepted: Accepted,
    pub delay: Duration,
    pub faults: Faults,
    pub log: Log,
}

impl Emulator {
    /// Serves in threads of its own until the process ends; gives the address listened to.
    pub fn start(self, listen: SocketAddr) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(listen)?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            let emulator = Arc::new(self);
            let open = Arc::new(AtomicUsize::new(0));
            for stream in listener.incoming().flatten() {
                // One too many is hung up on; who comes back later finds room.
                if open.fetch_add(1, Ordering::SeqCst) >= MOST_CONNECTIONS {
                    open.fetch_sub(1, Ordering::SeqCst);
                    continue;
                }
                let (emulator, ended) = (emulator.clone(), open.clone());
                let thread = thread::Builder::new().spawn(move || {
                    // A client that is gone has nobody to tell.
                    let _ = emulator.serve(stream);
                    ended.fetch_sub(1, Ordering::SeqCst);
                });
                // Where the system has no thread left, it is hung up on, too.
                if thread.is_err() {
                    open.fetch_sub(1, Ordering::SeqCst);
                }
            }
        });
        Ok(address)
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut connection = Connection::new(stream, TIME + self.delay);
        match connection.request() {
            Ok(request) => {
                let (path, answer) = self.answer(&request);
                (self.log)(&request.method, path, answer.status);
                connection.answer(&answer, request.method == "HEAD")
            }
            Err(Unusable::Refused(status, text)) => {
                (self.log)("-", "(no request)", status);
                connection.answer(&api::error(status, text), false)
            }
            Err(Unusable::Gone) => Ok(()),
        }
    }

    /// The answer, and the path as it is logged.
    fn answer(&self, request: &Request) -> (&'static str, Answer) {
        let path = request.path.as_str();
        if let Some(known) = TOKEN_PATHS.into_iter().find(|known| *known == path) {
            (known, self.token(request))
        } else if let Some(known) = PAGE_PATHS.into_iter().find(|known| *known == path) {
            (known, self.page(request))
        } else {
            // Whatever was asked for here may be a secret in the wrong place.
            ("(unknown path)", api::error(404, "There is nothing at this path"))
        }
    }

    fn token(&self, request: &Request) -> Answer {
        if request.method != "POST" {
            return not_allowed("POST");
        }
        thread::sleep(self.delay);
        if let Some(status) = self.faults.next() {
            return api::error(status, "This failure was asked for");
        }
        api::exchange(&self.accepted, request.content_type.as_deref(), &request.body)
    }

    fn page(&self, request: &Request) -> Answer {
        if !["GET", "HEAD"].contains(&request.method.as_str()) {
            return not_allowed("GET, HEAD");
        }
        let nonce = api::random();
        Answer {
            status: 200,
            content_type: "text/html; charset=utf-8",
            body: page::html(&request.query, |token| self.accepted.has_issued(token), &nonce),
            header: Some(("content-security-policy", page::policy(&nonce))),
        }
    }
}

fn not_allowed(methods: &str) -> Answer {
    let mut answer = api::error(405, "This method is not allowed here");
    answer.header = Some(("allow", methods.to_owned()));
    answer
}
