//! A CONNECT proxy that connects every host to one address and records the requests.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::server::{listen, read_request};

/// A proxy that connects every request to `target`. Returns its address and the requests' heads.
pub fn connecting_to(target: SocketAddr) -> (SocketAddr, Receiver<String>) {
    let (sender, heads) = mpsc::channel();
    let address = listen(move |_, mut client| {
        let head = read_request(&mut client)?;
        let _ = sender.send(head);
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        tunnel(&client, target, Duration::ZERO)
    });
    (address, heads)
}

/// Forwards in both directions until both sides have ended, each piece `delay` after it arrived.
pub fn tunnel(client: &TcpStream, target: SocketAddr, delay: Duration) -> io::Result<()> {
    let server = &TcpStream::connect(target)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    thread::scope(|scope| {
        let upward = scope.spawn(|| forward(client, server, delay));
        forward(server, client, delay)?;
        upward.join().expect("no panic")
    })
}

/// Forwards in one direction. Reading continues while pieces wait for their time, so that bytes
/// sent together arrive together.
fn forward(mut from: &TcpStream, mut to: &TcpStream, delay: Duration) -> io::Result<()> {
    let (sender, pieces) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::scope(|scope| {
        let delivery = scope.spawn(move || {
            for (due, piece) in pieces {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                to.write_all(&piece)?;
            }
            to.shutdown(Shutdown::Write)
        });
        let mut buffer = [0; 16 * 1024];
        loop {
            let length = from.read(&mut buffer)?;
            let piece = (Instant::now() + delay, buffer[..length].to_vec());
            if length == 0 || sender.send(piece).is_err() {
                break;
            }
        }
        drop(sender);
        delivery.join().expect("no panic")
    })
}
