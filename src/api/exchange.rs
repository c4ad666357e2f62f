//! The exchange: attempts within one time budget until there is a token or no use in another.

use std::time::{Duration, Instant};

use serde::Serialize;
use ureq::http::Uri;
use zeroize::Zeroizing;

use super::transport::{Client, Failure, Reply};
use super::{answer, retry};
use crate::error::Error;
use crate::secret::{Key, Secret, Token};

/// What is asked for, where, and for how long.
pub struct Call<'a> {
    pub endpoint: &'a Uri,
    pub key: &'a Key,
    pub secret: &'a Secret,
    /// For everything on the network, retries and waits included.
    pub budget: Duration,
    pub retries: u32,
}

/// What happens on the way, for whoever watches.
pub enum Event<'a> {
    /// An attempt ended, number `number` from 1: well, or with an error.
    Attempt {
        number: u32,
        took: Duration,
        outcome: Result<(), &'a Error>,
    },
    Wait(Duration),
}

/// Exchanges key and secret for a token.
///
/// A lost connection, 429, 500, 502, 503 and 504 are tried again: an exchange has no effect
/// that a second one could double.
pub fn exchange(
    client: &Client,
    call: &Call<'_>,
    watch: &dyn Fn(Event<'_>),
) -> Result<Token, Error> {
    let start = Instant::now();
    let left = || call.budget.saturating_sub(start.elapsed());
    let body = request_body(call);
    let mut earlier: Vec<String> = Vec::new();
    let mut number = 0;
    loop {
        number += 1;
        let begun = Instant::now();
        let reply = client.post(call.endpoint, &body, left());
        let (outcome, again, retry_after) = judge(reply, call);
        let took = begun.elapsed();
        watch(Event::Attempt { number, took, outcome: outcome.as_ref().map(|_| ()) });
        let error = match outcome {
            Ok(token) => return Ok(token),
            Err(error) => error,
        };
        let wait = (again && number <= call.retries)
            .then(|| retry::wait(number, retry_after, left(), fastrand::f64()))
            .flatten();
        let Some(wait) = wait else { return Err(earlier.iter().fold(error, Error::detail)) };
        earlier.push(format!("attempt {number}: {}", error.summary()));
        watch(Event::Wait(wait));
        std::thread::sleep(wait);
    }
}

/// The outcome of an attempt, whether another may end otherwise, and when it may begin.
fn judge(
    reply: Result<Reply, Failure>,
    call: &Call<'_>,
) -> (Result<Token, Error>, bool, Option<Duration>) {
    match reply {
        Ok(Reply { answer, retry_after }) => {
            let outcome = answer::read(&answer, call.key, call.secret);
            (outcome, retry::is_passing(answer.status), retry_after)
        }
        Err(Failure { error, passing }) => (Err(error), passing, None),
    }
}

/// `{"key":"…","secret":"…"}`, in a buffer that is wiped and never has to grow.
fn request_body(call: &Call<'_>) -> Zeroizing<Vec<u8>> {
    #[derive(Serialize)]
    struct Body<'a> {
        key: &'a str,
        secret: &'a str,
    }
    let (key, secret) = (call.key.expose(), call.secret.expose());
    // JSON writes a character with at most six times its bytes.
    let mut body = Zeroizing::new(Vec::with_capacity(6 * (key.len() + secret.len()) + 32));
    serde_json::to_writer(&mut *body, &Body { key, secret }).expect("a buffer takes all");
    body
}
