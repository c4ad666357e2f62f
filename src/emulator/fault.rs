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
