//! What an attempt is doing, and with whom: for the progress and for the message of a failure.

use std::fmt;
use std::net::SocketAddr;

/// The other end of a connection, for messages.
#[derive(Debug, PartialEq, Eq)]
pub struct Peer {
    pub name: &'static str,
    /// The setting that contains its address.
    pub url: &'static str,
}

pub static SERVER: Peer = Peer { name: "the server", url: "the token URL" };
pub static PROXY: Peer = Peer { name: "the proxy", url: "the proxy's URL" };

#[derive(Debug)]
pub enum Stage {
    Resolving(&'static Peer, String),
    Connecting(&'static Peer, SocketAddr),
    Handshake(&'static Peer),
    Waiting(&'static Peer),
}

impl Stage {
    pub fn peer(&self) -> &'static Peer {
        let (Self::Resolving(peer, _)
        | Self::Connecting(peer, _)
        | Self::Handshake(peer)
        | Self::Waiting(peer)) = self;
        peer
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolving(_, host) => write!(f, "resolving {host}"),
            Self::Connecting(_, address) => write!(f, "connecting to {address}"),
            Self::Handshake(peer) => write!(f, "TLS handshake with {}", peer.name),
            Self::Waiting(peer) if *peer == &PROXY => f.write_str("waiting for the proxy"),
            Self::Waiting(_) => f.write_str("waiting for the response"),
        }
    }
}
