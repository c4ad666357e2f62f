//! The API: endpoint and credentials become a token. Knows nothing of flags and profiles.

mod client;
mod connect;
mod exchange;
mod failure;
mod response;
mod retry;
mod server_text;
mod tls;
pub mod trust;

pub use client::Client;
pub use ureq::tls::RootCerts;

pub use exchange::{TokenRequest, exchange};
