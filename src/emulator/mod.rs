//! A stand-in for the API on loopback, for tests without an account and without the network.
//!
//! Answers as the vendor's documentation says ("API Reference / Data Extraction API /
//! Authentication", version 4.1) at both environments' paths, and shows a page where the
//! component would be. Not a copy of the service: its tokens open nothing.

mod api;
mod fault;
mod page;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use oxhttp::Server;
use oxhttp::model::header::{ALLOW, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use oxhttp::model::{Body, Method, Request, Response, StatusCode};

pub use api::{Accepted, TOKEN_PATHS};
pub use fault::{Fault, Faults};
pub use page::PAGE_PATHS;

/// A client that says nothing for so long is cut off.
const IDLE: Duration = Duration::from_secs(10);
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

/// An answer before it is written.
struct Answer {
    status: u16,
    content_type: &'static str,
    body: String,
    /// A policy for a page, the methods for a 405.
    header: Option<(oxhttp::model::HeaderName, String)>,
}

impl Emulator {
    /// Serves in threads of its own until the process ends; gives the address listened to.
    pub fn start(self, listen: SocketAddr) -> io::Result<SocketAddr> {
        let emulator = Arc::new(self);
        // The server does not tell which port it was given, so a free one is looked for first;
        // where somebody else takes it in between, the next one is.
        for attempt in 1.. {
            let address = TcpListener::bind(listen)?.local_addr()?;
            let emulator = emulator.clone();
            let server = Server::new(move |request| emulator.answer(request))
                .bind(address)
                .with_global_timeout(IDLE)
                .with_max_concurrent_connections(MOST_CONNECTIONS);
            match server.spawn() {
                Ok(_) => return Ok(address),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempt < 10 => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!("the tenth attempt ends it")
    }

    fn answer(&self, request: &mut Request<Body>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let (shown, answer) = if TOKEN_PATHS.contains(&path.as_str()) {
            (path.as_str(), self.token(request))
        } else if PAGE_PATHS.contains(&path.as_str()) {
            (path.as_str(), self.page(request))
        } else {
            // Whatever was asked for here may be a secret in the wrong place.
            ("(unknown path)", api::error(404, "There is nothing at this path"))
        };
        (self.log)(request.method().as_str(), shown, answer.status);
        let response = Response::builder()
            .status(StatusCode::from_u16(answer.status).expect("checked where it was set"))
            .header(CONTENT_TYPE, answer.content_type);
        let response = match answer.header {
            Some((name, value)) => response.header(name, value),
            None => response,
        };
        response.body(Body::from(answer.body)).expect("each part is valid")
    }

    fn token(&self, request: &mut Request<Body>) -> Answer {
        if request.method() != Method::POST {
            return not_allowed("POST");
        }
        std::thread::sleep(self.delay);
        if let Some(status) = self.faults.next() {
            return api::error(status, "This failure was asked for");
        }
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_json = content_type.is_some_and(api::is_json);
        api::exchange(&self.accepted, is_json, request.body_mut())
    }

    fn page(&self, request: &Request<Body>) -> Answer {
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return not_allowed("GET, HEAD");
        }
        let nonce = api::random();
        let is_issued = |token: &str| self.accepted.has_issued(token);
        Answer {
            status: 200,
            content_type: "text/html; charset=utf-8",
            body: page::html(request.uri().query().unwrap_or_default(), is_issued, &nonce),
            header: Some((CONTENT_SECURITY_POLICY, page::policy(&nonce))),
        }
    }
}

fn not_allowed(methods: &str) -> Answer {
    let mut answer = api::error(405, "This method is not allowed here");
    answer.header = Some((ALLOW, methods.to_owned()));
    answer
}
