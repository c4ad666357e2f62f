//! The whole program as its users meet it: the real binary, real sockets, real shells.
//!
//! Each module is named after what it holds the program to. The binary is run through
//! `support::Case`, which sees to it that no output ever holds a secret; where a shell or a
//! terminal runs it, the module looks for itself.

mod answers;
mod attempts;
mod check;
mod completions;
mod config;
mod documents;
mod emulator;
mod environments;
mod errors;
mod exec;
mod faults;
mod formats;
mod init;
mod load;
mod manual;
#[cfg(target_os = "linux")]
mod memory;
mod output_file;
mod proxies;
mod round_trips;
mod shells;
mod sources;
mod support;
mod tls;
mod verbosity;
