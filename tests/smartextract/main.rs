//! The whole program as its users run it: the real binary, real sockets, real shells.
//!
//! `support::Case` runs the binary and checks that no output contains a secret. Modules that start
//! it from a shell or on a terminal check that themselves.

// Tests for Unix leave imports and helpers unused elsewhere.
#![cfg_attr(windows, allow(unused_imports, dead_code))]

mod answers;
mod attempts;
mod check;
mod completions;
mod config;
mod documents;
mod emulator;
mod emulator_command;
mod environments;
mod errors;
#[cfg(unix)]
mod examples;
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
// Not on Windows, where the shells that come with Git read arguments in another way.
#[cfg(unix)]
mod shells;
mod sources;
mod support;
mod tls;
mod verbosity;
