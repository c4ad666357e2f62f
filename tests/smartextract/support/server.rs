//! Servers on loopback: mockito for correct responses, and plain sockets for everything else.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use mockito::{Mock, Server, ServerGuard};
use socket2::{Domain, Socket, Type};

pub const PATH: &str = "/smart-extract-api/api/account/v1/auth/token";
pub const SUCCESS: &str = r#"{ "data": { "token": "t0ken" } }"#;

/// An API that always gives this answer.
pub struct Api {
    server: ServerGuard,
    mock: Mock,
}

impl Api {
    pub fn answering(status: usize, body: &str) -> Self {
        let mut server = Server::new();
        let mock = server.mock("POST", PATH).with_status(status).with_body(body);
        let mock = mock.with_header("content-type", "application/json").expect_at_least(1);
        Self { mock: mock.create(), server }
    }

    pub fn giving_tokens() -> Self {
        Self::answering(200, SUCCESS)
    }

    pub fn url(&self) -> String {
        self.server.url() + PATH
    }

    pub fn was_asked(&self) -> bool {
        self.mock.matched()
    }
}

/// An HTTP response with a JSON body.
pub fn response(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{headers}\r\n{body}"
    )
}

/// A listener on loopback that calls `serve` for each connection, numbered from 0, in a new thread.
/// It ends with the test process.
pub fn listen(
    serve: impl Fn(usize, TcpStream) -> io::Result<()> + Send + Sync + Clone + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            let serve = serve.clone();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            // If a connection breaks, the test sees it in the outcome of the run.
            thread::spawn(move || serve(number, stream));
        }
    });
    address
}

/// A plain HTTP server that answers request n with response n, and further requests with the last
/// response. Returns its URL and the requests that it receives.
pub fn scripted(responses: Vec<String>) -> (String, Receiver<String>) {
    let (sender, requests) = mpsc::channel();
    let address = listen(move |number, mut stream| {
        let request = read_request(&mut stream)?;
        let _ = sender.send(request);
        let response = responses.get(number).or(responses.last()).expect("a response");
        stream.write_all(response.as_bytes())
    });
    (format!("http://{address}{PATH}"), requests)
}

/// A CONNECT proxy that connects every request to `target`. Returns its address and the heads of
/// the requests.
pub fn connecting_to(target: SocketAddr) -> (SocketAddr, Receiver<String>) {
    let (sender, heads) = mpsc::channel();
    let address = listen(move |_, mut client| {
        let _ = sender.send(read_request(&mut client)?);
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        let server = TcpStream::connect(target)?;
        let (up, down) = (client.try_clone()?, server.try_clone()?);
        thread::spawn(move || forward(up, server));
        forward(down, client)
    });
    (address, heads)
}

/// Forwards in one direction until that one has ended.
pub fn forward(mut from: impl Read, mut to: TcpStream) -> io::Result<()> {
    io::copy(&mut from, &mut to)?;
    to.shutdown(Shutdown::Write)
}

/// Reads a request: its head, and as much body as it declares.
pub fn read_request(stream: &mut impl Read) -> io::Result<String> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut body)?;
    request.extend(body);
    Ok(String::from_utf8_lossy(&request).into_owned())
}

/// An address that never answers a connection attempt, because its queue is full and nothing
/// accepts connections. That lasts until the returned sockets are dropped. (Windows refuses
/// instead.)
#[cfg(unix)]
pub fn unresponsive() -> (SocketAddr, [Socket; 9]) {
    // More than any system queues beyond a backlog of one.
    let sockets: [Socket; 9] =
        std::array::from_fn(|_| Socket::new(Domain::IPV4, Type::STREAM, None).unwrap());
    sockets[0].bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    sockets[0].listen(1).unwrap();
    let address = sockets[0].local_addr().unwrap();
    for client in &sockets[1..] {
        client.set_nonblocking(true).unwrap();
        let _ = client.connect(&address);
    }
    (address.as_socket().unwrap(), sockets)
}
