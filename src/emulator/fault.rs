//! Failures on demand: `STATUS` for every request, `STATUSxN` for the first N.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// What goes wrong, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    status: u16,
    times: u64,
}

impl FromStr for Fault {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected STATUS or STATUSxN, a status from 300 to 599";
        let (status, times) = match text.split_once('x') {
            Some((status, times)) => (status, times.parse().map_err(|_| EXPECTED)?),
            None => (text, u64::MAX),
        };
        let status = status.parse().ok().filter(|status| (300..=599).contains(status));
        Ok(Self { status: status.ok_or(EXPECTED)?, times })
    }
}

/// A fault that wears off.
pub struct Faults {
    status: Option<u16>,
    left: AtomicU64,
}

impl From<Option<Fault>> for Faults {
    fn from(fault: Option<Fault>) -> Self {
        let left = AtomicU64::new(fault.map_or(0, |fault| fault.times));
        Self { status: fault.map(|fault| fault.status), left }
    }
}

impl Faults {
    /// The status that the next request fails with, if it fails.
    pub fn next(&self) -> Option<u16> {
        let take = |left: u64| left.checked_sub(1);
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).ok()?;
        self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_lasts_as_long_as_was_asked() {
        let next = |text: &str| {
            let faults = Faults::from(text.parse().ok());
            [faults.next(), faults.next(), faults.next()]
        };
        assert_eq!(next("503x2"), [Some(503), Some(503), None]);
        assert_eq!(next("429"), [Some(429); 3]);
        assert_eq!(next("none"), [None; 3]);
        for text in ["", "x", "200", "600", "503x", "503x-1", "x2", "503 x2"] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
