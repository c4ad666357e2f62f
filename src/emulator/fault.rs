//! Simulated failures: `STATUS` for every request, `STATUSxN` for the first N.

use std::str::FromStr;

#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub status: u16,
    pub times: u64,
}

impl FromStr for Fault {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected STATUS or STATUSxN, with a status from 300 to 599";
        let (status, times) = match text.split_once('x') {
            Some((status, times)) => (status, times.parse().map_err(|_| EXPECTED)?),
            None => (text, u64::MAX),
        };
        match status.parse() {
            Ok(status @ 300..=599) => Ok(Self { status, times }),
            _ => Err(EXPECTED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_has_a_status_and_lasts_as_long_as_requested() {
        for (text, expected) in [("503x2", (503, 2)), ("429", (429, u64::MAX)), ("300x0", (300, 0))]
        {
            let fault: Fault = text.parse().unwrap();
            assert_eq!((fault.status, fault.times), expected);
        }
        for text in ["", "x", "200", "299", "600", "99999", "503x", "503x-1", "x2", "503 x2"] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
