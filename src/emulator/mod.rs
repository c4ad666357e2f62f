//! A stand-in for the API, which responds as the vendor's documentation says ("API Reference / Data
//! Extraction API / Authentication", version 4.1), and a page in place of the component.

mod api;
mod fault;
mod http;
mod page;

use std::collections::HashSet;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{io, thread};

pub use self::fault::Fault;
use self::http::{Request, Response};
use crate::console::Console;

pub const TOKEN_PATHS: [&str; 2] = [
    "/smart-extract-api/api/account/v1/auth/token",
    "/smart-extract-stg-api/api/account/v1/auth/token",
];
pub const PAGE_PATHS: [&str; 2] = ["/smart-extract", "/smart-extract-stg"];

#[derive(Default)]
pub struct Emulator {
    pub key: String,
    pub secret: String,
    pub disabled_key: String,
    pub delay: Duration,
    pub fault: Option<Fault>,
    pub log_requests: bool,
    pub token_requests: AtomicU64,
    pub issued: Mutex<HashSet<String>>,
}

impl Emulator {
    pub fn start(self, listener: TcpListener) {
        let emulator = Arc::new(self);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else {
                    thread::sleep(Duration::from_millis(20)); // File descriptors may have run out.
                    continue;
                };
                let emulator = Arc::clone(&emulator);
                let _ = thread::Builder::new().spawn(move || drop(emulator.serve(&stream)));
            }
        });
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        // Ends the thread of a client that sends nothing.
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let Some(request) = Request::read(stream) else {
            return Response::error(400, "This is not a valid request").send(stream, false);
        };
        let path = request.path.as_str();
        let is_known = TOKEN_PATHS.contains(&path) || PAGE_PATHS.contains(&path);
        let response = match request.method.as_str() {
            "POST" if TOKEN_PATHS.contains(&path) => self.token(&request),
            "GET" | "HEAD" if PAGE_PATHS.contains(&path) => self.page(&request.query),
            _ if is_known => Response::error(405, "This path does not accept the method"),
            _ => Response::error(404, "There is nothing at this path"),
        };
        // An unknown path may contain a secret.
        let shown_path = if is_known { path } else { "(unknown path)" };
        if self.log_requests {
            Console::log(&format!("{} {shown_path} {}", request.method, response.status));
        }
        response.send(stream, request.method == "HEAD")
    }

    fn token(&self, request: &Request) -> Response {
        thread::sleep(self.delay);
        let earlier_requests = self.token_requests.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Some(fault) if earlier_requests < fault.times => {
                Response::error(fault.status, "This failure is simulated")
            }
            _ => self.exchange(request),
        }
    }
}
