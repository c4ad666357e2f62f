//! A stand-in for the API, for tests without an account and without the network.
//!
//! It replies as the vendor's documentation says ("API Reference / Data Extraction API /
//! Authentication", version 4.1) at both environments' paths, and serves a page in place of the
//! component. It is not a copy of the service: the API does not accept its tokens.

mod api;
mod fault;
mod http;
mod log;
mod page;

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use http::{Reply, Request, RequestError};

pub use api::{Accounts, TOKEN_PATHS};
pub use fault::Fault;
pub use log::Log;
pub use page::PAGE_PATHS;

/// The time that a connection has, in addition to the delay.
const CONNECTION_TIME: Duration = Duration::from_secs(10);
/// Each connection has a thread. More connections wait in the system's queue.
const MAX_CONNECTIONS: usize = 1024;
/// How long to wait before the next attempt to accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What the emulator does.
pub struct Emulator {
    pub accounts: Accounts,
    /// How long each token request waits for its reply.
    pub delay: Duration,
    pub fault: Option<Fault>,
    pub token_requests: AtomicU64,
    pub log: Option<Log>,
}

impl Emulator {
    /// Serves in threads of its own until the process ends. Fails if no thread can be created.
    pub fn start(self, listener: TcpListener) -> io::Result<()> {
        let emulator = Arc::new(self);
        thread::Builder::new().spawn(move || emulator.accept(&listener)).map(drop)
    }

    fn accept(self: Arc<Self>, listener: &TcpListener) {
        loop {
            let may_accept = Arc::strong_count(&self) <= MAX_CONNECTIONS;
            // It fails if file descriptors have run out, for example, until a connection ends.
            let Some(Ok((stream, _))) = may_accept.then(|| listener.accept()) else {
                thread::sleep(ACCEPT_PAUSE);
                continue;
            };
            let emulator = Arc::clone(&self);
            let serve = move || drop(emulator.serve(&stream));
            // If no thread can be created the connection is closed, and the next one may succeed.
            let _ = thread::Builder::new().spawn(serve);
        }
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        let deadline = Instant::now() + CONNECTION_TIME + self.delay;
        let (method, path, reply) =
            match http::read_request(http::UntilDeadline { stream, deadline }) {
                Ok(request) => {
                    let (path, reply) = self.reply(&request);
                    (request.method, path, reply)
                }
                Err(RequestError::Refused(status, text)) => {
                    ("-".to_owned(), "(no request)", Reply::error(status, text))
                }
                Err(RequestError::Disconnected) => return Ok(()),
            };
        if let Some(log) = &self.log {
            log.line(format!("{method} {path} {}", reply.status));
        }
        reply.send(stream, deadline, method == "HEAD")
    }

    /// The reply, and the path for the log.
    fn reply(&self, request: &Request) -> (&'static str, Reply) {
        let one_of =
            |paths: [&'static str; 2]| paths.into_iter().find(|path| *path == request.path);
        if let Some(path) = one_of(TOKEN_PATHS) {
            (path, self.token(request))
        } else if let Some(path) = one_of(PAGE_PATHS) {
            (path, self.page(request))
        } else {
            // An unknown path is not logged: it may contain a secret.
            ("(unknown path)", Reply::error(404, "There is nothing at this path"))
        }
    }

    fn token(&self, request: &Request) -> Reply {
        if request.method != "POST" {
            return Reply::method_not_allowed("POST");
        }
        thread::sleep(self.delay);
        let number = self.token_requests.fetch_add(1, Ordering::Relaxed);
        match self.fault.and_then(|fault| fault.status_of(number)) {
            Some(status) => Reply::error(status, "This failure is simulated"),
            None => self.accounts.exchange(request.content_type.as_deref(), &request.body),
        }
    }

    fn page(&self, request: &Request) -> Reply {
        if !["GET", "HEAD"].contains(&request.method.as_str()) {
            return Reply::method_not_allowed("GET, HEAD");
        }
        page::reply(&request.query, |token| self.accounts.has_issued(token))
    }
}
