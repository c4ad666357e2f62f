//! One exchange takes a round trip for TCP, one for TLS and one for the request, and no more.

use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::Case;
use crate::support::certificates::{Authority, token_server};
use crate::support::server::{forward, listen};

/// One side of a tunnel. It records its turns: that it sends something after the other side did.
struct Side {
    name: &'static str,
    stream: TcpStream,
    turns: Arc<Mutex<Vec<&'static str>>>,
}

impl Read for Side {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(buffer)?;
        let mut turns = self.turns.lock().unwrap();
        if length > 0 && *turns.last().unwrap() != self.name {
            turns.push(self.name);
        }
        Ok(length)
    }
}

#[test]
fn tls_and_the_request_take_one_round_trip_each() {
    let authority = Authority::new("test");
    let mut config = authority.server("localhost");
    // Tickets are no answer to anything: the server would have a turn at any time.
    Arc::get_mut(&mut config).unwrap().send_tls13_tickets = 0;
    let target = token_server(config);
    let turns = Arc::new(Mutex::new(Vec::new()));
    let recorded = turns.clone();
    let address = listen(move |_, client| {
        recorded.lock().unwrap().push("connection");
        let server = TcpStream::connect(target)?;
        let side = |name, stream: &TcpStream| {
            stream.try_clone().map(|stream| Side { name, stream, turns: recorded.clone() })
        };
        let (up, down) = (side("client", &client)?, side("server", &server)?);
        thread::spawn(move || forward(up, server));
        forward(down, client)
    });
    let url = format!("https://localhost:{}/", address.port());
    let case = Case::token(&url, "--ca-file ca.pem").file("ca.pem", &authority.pem);
    case.run().prints("t0ken\n");
    let turns = turns.lock().unwrap();
    assert_eq!(turns[..5], ["connection", "client", "server", "client", "server"]);
    // At most the farewells follow.
    assert!(!turns[5..].contains(&"connection") && turns.len() <= 7, "{turns:?}");
}
