//! A CONNECT proxy that leads every host to one address, and keeps what it was asked.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use super::server::{listen, read_request};

/// A proxy that leads to `target`, and the heads of the requests that it gets.
pub fn leading_to(target: SocketAddr) -> (SocketAddr, Receiver<String>) {
    let (sender, heads) = mpsc::channel();
    let address = listen(move |_, mut client| {
        let head = read_request(&mut client)?;
        let _ = sender.send(head);
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        tunnel(client, TcpStream::connect(target)?)
    });
    (address, heads)
}

/// A proxy that answers every request so and hangs up.
pub fn answering(answer: &'static str) -> SocketAddr {
    listen(move |_, mut client| {
        read_request(&mut client)?;
        client.write_all(answer.as_bytes())
    })
}

fn tunnel(client: TcpStream, server: TcpStream) -> io::Result<()> {
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let upward = thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        to_server.shutdown(Shutdown::Write)
    });
    let (mut from_server, mut to_client) = (server, client);
    io::copy(&mut from_server, &mut to_client)?;
    to_client.shutdown(Shutdown::Write)?;
    let _ = upward.join();
    Ok(())
}
