//! The exchange: attempts within one time budget, until there is a token or a final failure.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use ureq::http::Uri;
use zeroize::Zeroizing;

use super::client::{Client, post};
use super::response::Failure;
use super::retry;
use crate::error::Error;
use crate::secret::{Key, Secret, Token};

/// A request for a token.
pub struct TokenRequest<'a> {
    pub endpoint: &'a Uri,
    pub key: &'a Key,
    pub secret: &'a Secret,
    /// The time for all network work, including retries and waits.
    pub budget: Duration,
    /// The number of further attempts after the first one.
    pub retries: u32,
}

/// The progress of an exchange.
pub enum Event<'a> {
    /// Attempt `number` of at most `of` begins, both counted from 1.
    AttemptBegins {
        number: u32,
        of: u32,
    },
    AttemptEnds {
        number: u32,
        took: Duration,
        outcome: Result<(), &'a Error>,
    },
    /// A wait of this length before the next attempt begins.
    WaitBegins(Duration),
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
    let agent = client.agent(request.endpoint)?;
    let body = Arc::new(body(request));
    let of = request.retries.saturating_add(1);
    let start = Instant::now();
    let left = || request.budget.saturating_sub(start.elapsed());
    let mut earlier: Vec<String> = Vec::new();
    let mut number = 0;
    loop {
        number += 1;
        watch(Event::AttemptBegins { number, of });
        let begin = Instant::now();
        let attempt = post(&agent, request.endpoint, &body, left())
            .and_then(|response| response.token(request.key, request.secret));
        let outcome = attempt.as_ref().map(|_| ()).map_err(|failure| &failure.error);
        watch(Event::AttemptEnds { number, took: begin.elapsed(), outcome });
        let Failure { error, is_transient, retry_after } = match attempt {
            Ok(token) => return Ok(token),
            Err(failure) => failure,
        };
        let wait = (is_transient && number < of)
            .then(|| retry::wait(number, retry_after, left(), fastrand::f64()))
            .flatten();
        let Some(wait) = wait else { return Err(error.earlier_attempts(earlier)) };
        earlier.push(error.summary());
        watch(Event::WaitBegins(wait));
        thread::sleep(wait);
    }
}

/// `{"key":"…","secret":"…"}`, in a buffer that is wiped after use.
fn body(request: &TokenRequest<'_>) -> Zeroizing<Vec<u8>> {
    #[derive(Serialize)]
    struct Body<'a> {
        key: &'a str,
        secret: &'a str,
    }
    let (key, secret) = (request.key.expose(), request.secret.expose());
    // Growing would leave a copy behind. JSON needs at most six bytes for each byte.
    let mut body = Zeroizing::new(Vec::with_capacity(6 * (key.len() + secret.len()) + 32));
    serde_json::to_writer(&mut *body, &Body { key, secret }).expect("strings are always JSON");
    body
}
