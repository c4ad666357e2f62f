//! One exchange takes a round trip for TCP, one for TLS and one for the request, and no more.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use crate::support::Case;
use crate::support::certificates::{Authority, token_server};
use crate::support::proxy::tunnel;
use crate::support::server::listen;

/// A tunnel that records each turn: that it is connected, and then who sends, the client or the
/// server. A peer that sends several times before the other answers has one turn.
fn recording(server: SocketAddr, turns: &Arc<Mutex<Vec<&'static str>>>) -> SocketAddr {
    let turns = turns.clone();
    listen(move |_, client| {
        let add = |turn| turns.lock().unwrap().push(turn);
        add("connection");
        tunnel(&client, server, |is_client| {
            let turn = if is_client { "client" } else { "server" };
            if *turns.lock().unwrap().last().unwrap() != turn {
                add(turn);
            }
        })
    })
}

#[test]
fn tls_and_the_request_take_one_round_trip_each() {
    let authority = Authority::new("test");
    let mut config = authority.server("localhost");
    // Tickets are no answer to anything: the server would have a turn at any time.
    Arc::get_mut(&mut config).unwrap().send_tls13_tickets = 0;
    let turns = Arc::default();
    let address = recording(token_server(config), &turns);
    let url = format!("https://localhost:{}/", address.port());
    let case = Case::token(&url, "--ca-file ca.pem").file("ca.pem", &authority.pem);
    case.run().prints("t0ken\n");
    let turns = turns.lock().unwrap();
    assert_eq!(turns[..5], ["connection", "client", "server", "client", "server"]);
    // At most the farewells follow.
    assert!(!turns[5..].contains(&"connection") && turns.len() <= 7, "{turns:?}");
}
