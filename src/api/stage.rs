//! What an attempt is doing, and with whom: for the progress and for the message of a failure.

use std::fmt;
use std::net::SocketAddr;

/// The other end of a connection, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    pub name: &'static str,
    /// The setting that contains its address.
    pub url: &'static str,
}

impl Peer {
    /// Inserts name and setting into a text.
    pub fn fill(self, text: &str) -> String {
        text.replace("{peer}", self.name).replace("{url}", self.url)
    }
}

pub const SERVER: Peer = Peer { name: "the server", url: "the token URL" };
pub const PROXY: Peer = Peer { name: "the proxy", url: "the proxy's URL" };

#[derive(Debug)]
pub enum Step {
    Resolving(String),
    Connecting(SocketAddr),
    Handshake,
    Waiting,
}

#[derive(Debug)]
pub struct Stage {
    pub peer: Peer,
    pub step: Step,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.step {
            Step::Resolving(host) => write!(f, "resolving {host}"),
            Step::Connecting(address) => write!(f, "connecting to {address}"),
            Step::Handshake => write!(f, "TLS handshake with {}", self.peer.name),
            Step::Waiting if self.peer == PROXY => f.write_str("waiting for the proxy"),
            Step::Waiting => f.write_str("waiting for the response"),
        }
    }
}
