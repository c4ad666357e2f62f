//! A CONNECT proxy that connects every host to one address and records the requests.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use super::server::{listen, read_request};

/// A proxy that connects every request to `target`. Returns its address and the requests' heads.
pub fn connecting_to(target: SocketAddr) -> (SocketAddr, Receiver<String>) {
    let (sender, heads) = mpsc::channel();
    let address = listen(move |_, mut client| {
        let head = read_request(&mut client)?;
        let _ = sender.send(head);
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        tunnel(&client, target, |_| {})
    });
    (address, heads)
}

/// Forwards in both directions until both sides have ended. Calls `watch` before it forwards what
/// the client (`true`) or the server has sent.
pub fn tunnel(
    client: &TcpStream,
    target: SocketAddr,
    watch: impl Fn(bool) + Sync,
) -> io::Result<()> {
    let server = &TcpStream::connect(target)?;
    let forward = |mut from: &TcpStream, mut to: &TcpStream, is_client| {
        let mut buffer = [0; 16 * 1024];
        loop {
            let length = from.read(&mut buffer)?;
            if length == 0 {
                return to.shutdown(Shutdown::Write);
            }
            watch(is_client);
            to.write_all(&buffer[..length])?;
        }
    };
    thread::scope(|scope| {
        let upward = scope.spawn(|| forward(client, server, true));
        forward(server, client, false)?;
        upward.join().expect("no panic")
    })
}
