//! The exchange: attempts within one time budget, until there is a token or a final failure, which
//! has the earlier ones as details.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use super::client::Client;
use super::connect::Stage;
use super::{response, retry};
use crate::error::Error;
use crate::secret::{Key, Secret, Token};

pub struct TokenRequest<'a> {
    pub key: &'a Key,
    pub secret: &'a Secret,
    pub budget: Duration,
    pub retries: u32,
}

/// Exchanges key and secret for a token, and reports each step to `watch` as a line of text.
pub fn exchange(
    client: &Client,
    request: &TokenRequest<'_>,
    watch: &dyn Fn(&str),
) -> Result<Token, Error> {
    let deadline = Instant::now() + request.budget;
    let body = json!({"key": request.key.expose(), "secret": request.secret.expose()}).to_string();
    let mut earlier: Vec<String> = Vec::new();
    let mut number = 0;
    loop {
        number += 1;
        let prefix = if number == 1 { String::new() } else { format!("attempt {number}: ") };
        let enter = |stage: &Stage| watch(&format!("{prefix}{stage}"));
        let begin = Instant::now();
        let response = client.post(body.clone(), deadline, request.budget, &enter);
        let (result, retry_after) = match response {
            Ok(response) => {
                let retry_after = retry::retry_after(response.headers(), SystemTime::now());
                (response::token(response, request.key, request.secret), retry_after)
            }
            Err(error) => (Err(error), Duration::ZERO),
        };
        let took = begin.elapsed().as_secs_f64();
        let error = match result {
            Ok(token) => {
                watch(&format!("attempt {number}: success ({took:.3} s)"));
                return Ok(token);
            }
            Err(error) => error,
        };
        watch(&format!("attempt {number}: {} ({took:.3} s)", error.summary()));
        if !retry::is_transient(&error) {
            watch("no retry: this kind of failure is not retried");
            return Err(error.earlier_attempts(earlier));
        }
        if number > request.retries {
            watch("no retry: all retries are used");
            return Err(error.earlier_attempts(earlier));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match retry::wait(number, retry_after, left, fastrand::f64()) {
            Ok(wait) => {
                earlier.push(error.summary());
                watch(&format!("next attempt in {:.1} s", wait.as_secs_f64()));
                thread::sleep(wait);
            }
            Err(reason) => return Err(error.earlier_attempts(earlier).detail("no retry", reason)),
        }
    }
}
