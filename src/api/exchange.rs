//! The exchange: attempts within one time budget, until there is a token or a final failure.

use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::client::Client;
use super::failure::Failure;
use super::retry;
use super::stage::Stage;
use crate::error::Error;
use crate::secret::{Key, Secret, Token};

/// A request for a token.
pub struct TokenRequest<'a> {
    pub key: &'a Key,
    pub secret: &'a Secret,
    /// The time for all network work, including retries and waits.
    pub budget: Duration,
    /// The number of further attempts after the first one.
    pub retries: u32,
}

/// The progress of an exchange. Attempts are counted from 1.
pub enum Event<'a> {
    AttemptBegins { number: u32, of: u32 },
    Stage(&'a Stage),
    AttemptEnds { number: u32, took: Duration, error: Option<&'a Error> },
    WaitBegins(Duration),
    NoRetry(&'a str),
}

/// Exchanges key and secret for a token, and reports the progress to `watch`.
///
/// A temporary failure is retried: a request has no effect that a second one could double.
///
/// # Errors
/// The failure of the last attempt, with the earlier ones as details.
pub fn exchange(
    client: &Client,
    request: &TokenRequest<'_>,
    watch: &dyn Fn(Event<'_>),
) -> Result<Token, Error> {
    let deadline = Instant::now() + request.budget;
    let body = body(request);
    let of = request.retries.saturating_add(1);
    let mut earlier: Vec<String> = Vec::new();
    let mut number = 0;
    loop {
        number += 1;
        watch(Event::AttemptBegins { number, of });
        let begin = Instant::now();
        let enter = |stage: &Stage| watch(Event::Stage(stage));
        let response = client.post(&body, deadline, request.budget, &enter);
        let outcome = response.and_then(|response| response.token(request.key, request.secret));
        let took = begin.elapsed();
        let Failure { error, is_transient, retry_after } = match outcome {
            Ok(token) => {
                watch(Event::AttemptEnds { number, took, error: None });
                return Ok(token);
            }
            Err(failure) => failure,
        };
        watch(Event::AttemptEnds { number, took, error: Some(&error) });
        if !is_transient || number == of {
            return Err(error.earlier_attempts(earlier));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(wait) = retry::wait(number, retry_after, left, fastrand::f64()) else {
            let reason = retry::reason_for_none(retry_after, left);
            watch(Event::NoRetry(&reason));
            return Err(error.earlier_attempts(earlier).detail("no retry", reason));
        };
        earlier.push(error.summary());
        watch(Event::WaitBegins(wait));
        thread::sleep(wait);
    }
}

/// `{"key":"…","secret":"…"}`.
fn body(request: &TokenRequest<'_>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        key: &'a str,
        secret: &'a str,
    }
    let body = Body { key: request.key.expose(), secret: request.secret.expose() };
    serde_json::to_vec(&body).expect("strings are always JSON")
}
