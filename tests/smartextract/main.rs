//! The whole program as its users run it: the real binary, real sockets, real shells.
//!
//! What the program prints is in `tests/cmd`. Here is what such a case can't show. `support::Case`
//! checks that no output contains a secret.

// Tests for Unix leave imports and helpers unused elsewhere.
#![cfg_attr(windows, allow(unused_imports, dead_code))]

#[cfg(unix)]
mod cases;
#[cfg(unix)]
mod command;
mod completions;
mod documents;
#[cfg(unix)]
mod emulator;
#[cfg(unix)]
mod examples;
mod exchange;
mod faults;
mod init;
#[cfg(target_os = "linux")]
mod memory;
mod output;
mod proxies;
mod round_trips;
mod settings;
// Not on Windows, where the shells that come with Git read arguments in another way.
#[cfg(unix)]
mod shells;
mod support;
mod tls;
