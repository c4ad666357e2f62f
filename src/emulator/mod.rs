//! A stand-in for the API, for tests without an account and without the network.
//!
//! It responds as the vendor's documentation says ("API Reference / Data Extraction API /
//! Authentication", version 4.1) at both environments' paths, and serves a page in place of the
//! component. It is not a copy of the service: the API does not accept its tokens.

mod api;
mod fault;
mod http;
mod page;

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{io, thread};

use self::http::{Request, Response};
pub use api::{Accounts, TOKEN_PATHS};
pub use fault::Fault;
pub use page::PAGE_PATHS;

/// What the emulator does.
pub struct Emulator {
    pub accounts: Accounts,
    /// How long each token request waits for its response.
    pub delay: Duration,
    pub fault: Option<Fault>,
    pub token_requests: AtomicU64,
    /// Gets a line for each request.
    pub log: fn(&str),
}

impl Emulator {
    /// Serves in threads of its own until the process ends.
    pub fn start(self, listener: TcpListener) {
        let emulator = Arc::new(self);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else {
                    // Until a connection ends, if file descriptors have run out.
                    thread::sleep(Duration::from_millis(20));
                    continue;
                };
                let connection = Arc::clone(&emulator);
                // If no thread can be created, only this connection is closed.
                let _ = thread::Builder::new().spawn(move || drop(connection.serve(&stream)));
            }
        });
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        // Ends the thread of a client that sends nothing.
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let Some(request) = Request::read(stream) else {
            (self.log)("(invalid request) 400");
            return Response::error(400, "This is not a valid request").send(stream, false);
        };
        let path = request.path.as_str();
        let is_known = TOKEN_PATHS.contains(&path) || PAGE_PATHS.contains(&path);
        let response = match request.method.as_str() {
            "POST" if TOKEN_PATHS.contains(&path) => self.token(&request),
            "GET" | "HEAD" if PAGE_PATHS.contains(&path) => {
                page::response(&request.query, |token| self.accounts.has_issued(token))
            }
            _ if is_known => Response::error(405, "This path does not accept the method"),
            _ => Response::error(404, "There is nothing at this path"),
        };
        // An unknown path may contain a secret.
        let shown_path = if is_known { path } else { "(unknown path)" };
        (self.log)(&format!("{} {shown_path} {}", request.method, response.status));
        response.send(stream, request.method == "HEAD")
    }

    fn token(&self, request: &Request) -> Response {
        thread::sleep(self.delay);
        let number = self.token_requests.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Some(fault) if fault.includes(number) => {
                Response::error(fault.status, "This failure is simulated")
            }
            _ => self.accounts.exchange(&request.content_type, &request.body),
        }
    }
}
