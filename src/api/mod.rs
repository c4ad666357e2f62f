//! The API: endpoint and credentials become a token. Knows nothing of flags and profiles.

mod client;
mod connect;
mod exchange;
mod foreign_text;
mod response;
mod retry;
mod trust;

pub use client::Client;
pub use exchange::{Event, TokenRequest, exchange};
pub use trust::Trust;
