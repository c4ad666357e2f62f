//! What one exchange costs: `smartextract token` beside curl, curl with jq, and a floor.
//!
//! `cargo bench`, or `cargo bench -- RUNS`. Everything is on loopback. The programs take turns,
//! so that a noisy moment of the machine meets all of them; the figures are medians.

#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod server;

#[cfg(target_os = "linux")]
fn main() {
    measure::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("SKIPPED: the benchmark measures with Linux's means");
}
