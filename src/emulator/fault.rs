//! Simulated failures: `STATUS` for every request, `STATUSxN` for the first N.

use std::str::FromStr;

/// The failure of some requests, or of all.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    status: u16,
    times: u64,
}

impl Fault {
    /// The status that this request fails with, if it fails; the first one has number 0.
    pub fn status_of(self, request: u64) -> Option<u16> {
        (request < self.times).then_some(self.status)
    }
}

impl FromStr for Fault {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected STATUS or STATUSxN, with a status from 300 to 599";
        let (status, times) = match text.split_once('x') {
            Some((status, times)) => (status, times.parse().map_err(|_| EXPECTED)?),
            None => (text, u64::MAX),
        };
        let status = status.parse().ok().filter(|status| (300..=599).contains(status));
        Ok(Self { status: status.ok_or(EXPECTED)?, times })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fault_has_a_status_and_lasts_as_long_as_requested() {
        let statuses = |text: &str| {
            let fault: Fault = text.parse().unwrap();
            [0, 1, 2].map(|request| fault.status_of(request))
        };
        assert_eq!(statuses("503x2"), [Some(503), Some(503), None]);
        assert_eq!(statuses("429"), [Some(429); 3]);
        assert_eq!(statuses("300x0"), [None; 3]);
        for text in ["", "x", "200", "600", "503x", "503x-1", "x2", "503 x2"] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_status_from_300_to_599_or_an_error(text in "[0-9x+ -]{0,8}|\\PC*") {
            if let Some(status) = text.parse().ok().and_then(|fault: Fault| fault.status_of(0)) {
                prop_assert!((300..=599).contains(&status));
            }
        }
    }
}
