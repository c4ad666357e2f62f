//! `-v` prints more, `-q` prints less.

use crate::support::server::{Api, SUCCESS, response, scripted};
use crate::support::{Case, KEY, SECRET};

#[test]
fn verbose_prints_settings_and_each_attempt_and_wait() {
    let (url, _) = scripted(vec![response(503, "", ""), response(200, "", SUCCESS)]);
    let outcome = Case::token(&url, "-v -p ci --env stg --retries 1")
        .profile(&format!("[profiles.ci]\nkey = \"{KEY}\"\nsecret = \"{SECRET}\"\n"))
        .without("SMARTEXTRACT_KEY")
        .run()
        .prints("t0ken\n");
    for line in [
        "config.toml",
        "profile: ci (flag --profile)",
        "env: staging (flag --env)",
        &format!("token_url: {url} (SMARTEXTRACT_TOKEN_URL)"),
        "key: 52ee… (profile ci, ",
        "secret: (hidden) (SMARTEXTRACT_SECRET)",
        "attempt 1: the server failed (HTTP 503) (0.",
        "waiting for 0.",
        "attempt 2: success (0.",
    ] {
        assert!(outcome.stderr.contains(line), "no {line:?} in:\n{}", outcome.stderr);
    }
    outcome.never_says("t0ken");
}

#[test]
fn quiet_leaves_only_errors() {
    let api = Api::giving_tokens();
    let outcome = Case::token(&api.url(), &format!("-q --secret {SECRET}")).run().prints("t0ken\n");
    assert_eq!(outcome.stderr, "");
    Case::new("token -q").run().fails(4).says("error: no key");
}
