//! The whole program as its users meet it: the real binary, real sockets, real shells.
//!
//! Each module is named after what it holds the program to. Every run of the binary goes
//! through `support::Case`, which sees to it that no output ever holds a secret.

mod answers;
mod attempts;
mod documents;
mod environments;
mod errors;
mod faults;
mod formats;
mod load;
#[cfg(target_os = "linux")]
mod memory;
mod proxies;
mod shells;
mod sources;
mod support;
mod tls;
mod verbosity;
