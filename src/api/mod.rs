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

#[cfg(any(fuzzing, test))]
pub use answer::{Answer, read as read_answer};
pub use exchange::{Call, Event, exchange};
#[cfg(any(fuzzing, test))]
pub use retry::{retry_after, wait};
pub use transport::{Client, Network};
pub use trust::Trust;
