//! `check`: the exchange of `token`, reported without the token.

use serde_json::json;

use crate::support::server::Api;
use crate::support::{Case, KEY, SECRET};

fn check(api: &Api, arguments: &str) -> Case {
    Case::new(&format!("check {arguments}"))
        .env("SMARTEXTRACT_TOKEN_URL", api.url())
        .env("SMARTEXTRACT_KEY", KEY)
        .env("SMARTEXTRACT_SECRET", SECRET)
        .env("SMARTEXTRACT_RETRIES", "0")
}

#[test]
fn valid_credentials_are_reported_without_the_token() {
    let api = Api::giving_tokens();
    let url = api.url();
    let line = format!("valid: key 52ee… in staging ({url})\n");
    check(&api, "--env stg").run().prints(&line).never_says("t0ken");
    let line = json!({"key": "52ee…", "environment": "staging", "endpoint": url});
    let outcome = check(&api, "--env stg --format json -v").run().never_says("t0ken");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&outcome.stdout).unwrap(), line);
    assert_eq!(outcome.stdout.lines().count(), 1);
}

#[test]
fn a_failure_looks_the_same_as_with_token() {
    let api = Api::answering(401, r#"{"error":"This API key is disabled"}"#);
    let with_token = Case::token(&api.url(), "").run().fails(11).stderr;
    assert_eq!(check(&api, "").run().fails(11).stderr, with_token);
    check(&api, "-f json").run().fails(11).says("{\"error\":{\"code\":\"key_disabled\"");
    Case::new("check").run().fails(4);
}
