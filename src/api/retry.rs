//! Which failures are retried, and when.

use std::time::{Duration, SystemTime};

/// The wait after the first failure, before jitter; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// Whether a failure with this HTTP status is temporary.
pub const fn is_transient(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

/// The wait after failure number `failures` (from 1), or `None` if the budget ends before another
/// attempt could start.
///
/// The wait is at least `retry_after`. `jitter` (0 to 1) spreads clients that failed together.
pub fn wait(
    failures: u32,
    retry_after: Option<Duration>,
    remaining: Duration,
    jitter: f64,
) -> Option<Duration> {
    let doublings = failures.saturating_sub(1).min(10);
    let growing = (FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT);
    let (least, spread) = match retry_after {
        Some(least) => (least, growing),
        None => (growing / 2, growing / 2),
    };
    let room = remaining.saturating_sub(least);
    if room.is_zero() {
        return None;
    }
    // Half of what is left stays for the attempt itself.
    Some(least + spread.min(room / 2).mul_f64(jitter))
}

/// Why `wait` returned none.
pub fn reason_for_none(retry_after: Option<Duration>, remaining: Duration) -> String {
    let asked = match retry_after {
        Some(least) => format!("Retry-After asks to wait {} s, but ", least.as_secs()),
        None => String::new(),
    };
    format!("{asked}only {:.1} s of the budget are left", remaining.as_secs_f64())
}

/// The value of a `Retry-After` header: seconds, or a date (RFC 9110, section 10.2.3).
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit is longer than any budget.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_grow_and_are_jittered() {
        let wait = |failures, jitter| wait(failures, None, 60 * SECOND, jitter).unwrap();
        assert_eq!(wait(1, 0.0), SECOND / 4);
        assert_eq!(wait(1, 1.0), SECOND / 2);
        assert_eq!(wait(2, 1.0), SECOND);
        assert_eq!(wait(3, 1.0), 2 * SECOND);
        assert_eq!(wait(u32::MAX, 1.0), LONGEST_WAIT);
    }

    #[test]
    fn retry_after_is_a_minimum_and_past_the_budget_there_is_no_retry() {
        assert!(wait(1, Some(3 * SECOND), 60 * SECOND, 0.5).unwrap() > 3 * SECOND);
        assert_eq!(wait(1, Some(3 * SECOND), 3 * SECOND, 0.0), None);
        assert_eq!(wait(1, Some(Duration::MAX), 60 * SECOND, 1.0), None);
        assert_eq!(wait(1, None, SECOND / 8, 0.0), None);
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (value, expected) in [
            ("0", Some(Duration::ZERO)),
            (" 120 ", Some(120 * SECOND)),
            ("99999999999999999999999", Some(Duration::from_secs(u64::MAX))),
            ("Sun, 06 Nov 1994 08:49:40 GMT", Some(3 * SECOND)),
            ("Sunday, 06-Nov-94 08:49:40 GMT", Some(3 * SECOND)),
            ("Sun Nov  6 08:49:40 1994", Some(3 * SECOND)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(Duration::ZERO)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(value, now), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_wait_is_at_least_retry_after_and_leaves_time(
            failures in 1u32..100,
            after in proptest::option::of(0u64..100_000),
            remaining in 0u64..100_000,
            jitter in 0.0f64..1.0,
        ) {
            let after = after.map(Duration::from_millis);
            let remaining = Duration::from_millis(remaining);
            if let Some(wait) = wait(failures, after, remaining, jitter) {
                prop_assert!(wait < remaining);
                prop_assert!(wait >= after.unwrap_or_default());
            }
        }

        #[test]
        fn any_number_is_read_as_seconds(number in "[0-9]{1,30}") {
            let seconds = u64::try_from(number.parse::<u128>().unwrap()).unwrap_or(u64::MAX);
            let read = retry_after(&number, SystemTime::UNIX_EPOCH);
            prop_assert_eq!(read, Some(Duration::from_secs(seconds)));
        }

        /// The shortest form of a date has 24 characters.
        #[test]
        fn a_shorter_text_than_a_date_is_read_if_it_is_a_number(
            value in "\\PC{0,23}|[0-9A-Za-z ,:-]{0,23}",
        ) {
            let digits = value.trim();
            let is_number =
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let read = retry_after(&value, SystemTime::UNIX_EPOCH);
            prop_assert_eq!(read.is_some(), is_number);
        }
    }
}
