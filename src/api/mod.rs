//! The API: endpoint and credentials become a token. Knows nothing of flags, variables, files.

mod answer;
mod buffers;
mod connect;
mod exchange;
mod retry;
mod tcp;
mod tls;
mod transport;
mod trust;
mod tunnel;

pub use exchange::{Call, Event, exchange};
pub use transport::{Client, Network};
pub use trust::Trust;
