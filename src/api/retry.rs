//! Which failures are retried, and when; if not, the error says why.

use std::time::{Duration, SystemTime};

use ureq::http::HeaderMap;

use crate::error::{Code, Error};

/// The wait after failure number `failures` (from 1), with a jitter from 0 to 1.
pub fn wait(
    failures: u32,
    retry_after: Duration,
    remaining: Duration,
    jitter: f64,
) -> Result<Duration, String> {
    let growing = Duration::from_millis(500) * 2_u32.pow((failures - 1).min(4));
    let least = retry_after.max(growing / 2);
    let room = remaining.saturating_sub(least);
    if !room.is_zero() {
        // Half of what is left stays for the attempt itself.
        return Ok(least + growing.min(room / 2).mul_f64(jitter));
    }
    let left = format!("only {:.1} s of the budget are left", remaining.as_secs_f64());
    match retry_after.as_secs() {
        0 => Err(left),
        asked => Err(format!("Retry-After asks to wait {asked} s, but {left}")),
    }
}

/// Whether another attempt may succeed. A connection may also be lost after the status.
pub fn is_transient(error: &Error) -> bool {
    let may_pass = matches!(error.http_status, None | Some(200 | 429 | 500 | 502 | 503 | 504));
    error.retryable && may_pass && error.code() != Code::Timeout
}

/// The value of a `Retry-After` header, seconds or a date (RFC 9110, section 10.2.3), or zero.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Duration {
    let Some(header) = headers.get("retry-after") else { return Duration::ZERO };
    let value = header.to_str().unwrap_or_default().trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Duration::from_secs(value.parse().unwrap_or(u64::MAX));
    }
    let date = httpdate::parse_http_date(value).unwrap_or(now);
    date.duration_since(now).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use ureq::http::header::RETRY_AFTER;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn read(value: &str, now: SystemTime) -> Duration {
        retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]), now)
    }

    #[test]
    fn waits_grow_and_are_jittered() {
        let wait = |failures, jitter| wait(failures, Duration::ZERO, 60 * SECOND, jitter).unwrap();
        assert_eq!(wait(1, 0.0), SECOND / 4);
        assert_eq!(wait(1, 1.0), SECOND * 3 / 4);
        assert_eq!(wait(2, 1.0), SECOND * 3 / 2);
        assert_eq!(wait(3, 1.0), 3 * SECOND);
        assert_eq!(wait(u32::MAX, 1.0), 12 * SECOND);
    }

    #[test]
    fn retry_after_is_a_minimum_and_past_the_budget_there_is_no_retry() {
        let reason = |least, left| wait(1, least, left, 0.5).unwrap_err();
        assert_eq!(wait(1, 3 * SECOND, SECOND * 7 / 2, 1.0).unwrap(), SECOND * 13 / 4);
        assert_eq!(
            reason(3 * SECOND, 3 * SECOND),
            "Retry-After asks to wait 3 s, but only 3.0 s of the budget are left"
        );
        assert!(reason(Duration::MAX, 60 * SECOND).contains("only 60.0 s"));
        assert_eq!(reason(Duration::ZERO, SECOND / 8), "only 0.1 s of the budget are left");
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (value, seconds) in [
            ("0", 0),
            (" 120 ", 120),
            ("99999999999999999999999", u64::MAX),
            ("Sun, 06 Nov 1994 08:49:40 GMT", 3),
            ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
            ("", 0),
            ("-1", 0),
            ("1.5", 0),
            ("soon", 0),
        ] {
            assert_eq!(read(value, now), Duration::from_secs(seconds), "{value}");
        }
    }
}
