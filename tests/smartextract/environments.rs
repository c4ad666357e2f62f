//! The endpoint and the iframe URL of each environment.

use crate::support::certificates::{Authority, Validity, token_server};
use crate::support::server::Api;
use crate::support::{Case, SECRET, proxy};

const OWN: &str = "[environments.private]\n\
    token_url = \"https://private.example/auth\"\n\
    iframe_template = \"https://private.example/view/{token}#top\"\n";

/// Runs through a proxy that connects every host to a server with a certificate for `host`. Returns
/// the CONNECT line and the iframe URL.
fn reached(host: &str, arguments: &str, variable: (&str, &str)) -> (String, String) {
    let authority = Authority::new("test");
    let server = token_server(authority.server(&[host], Validity::Now));
    let (proxy, heads) = proxy::connecting_to(server);
    let outcome = Case::token("", &format!("--format url --ca-file ca.pem {arguments}"))
        .without("SMARTEXTRACT_TOKEN_URL")
        .file("ca.pem", &authority.pem)
        .env("SMARTEXTRACT_PROXY", format!("http://{proxy}"))
        .env(variable.0, variable.1)
        .profile(OWN)
        .run();
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let head = heads.recv().unwrap();
    let target = head.lines().next().unwrap().to_owned();
    (target, outcome.stdout)
}

#[test]
fn each_environment_is_reached_by_each_of_its_names() {
    const PRODUCTION: &str = "https://app.clik.ai/smart-extract?token=t0ken\n";
    const STAGING: &str = "https://app.clik.ai/smart-extract-stg?token=t0ken\n";
    let unset = ("UNUSED", "");
    for (arguments, variable, url) in [
        ("", unset, PRODUCTION),
        ("--env production", unset, PRODUCTION),
        ("-e prod", unset, PRODUCTION),
        ("--env staging", unset, STAGING),
        ("--env stg", unset, STAGING),
        ("", ("SMARTEXTRACT_ENV", "stg"), STAGING),
    ] {
        let (target, iframe_url) = reached("api.clik.ai", arguments, variable);
        assert_eq!(target, "CONNECT api.clik.ai:443 HTTP/1.1");
        assert_eq!(iframe_url, url, "{arguments} {variable:?}");
    }
}

#[test]
fn an_environment_of_the_profile_file_has_its_own_urls() {
    let (target, iframe_url) = reached("private.example", "--env private", ("UNUSED", ""));
    assert_eq!(target, "CONNECT private.example:443 HTTP/1.1");
    assert_eq!(iframe_url, "https://private.example/view/t0ken#top\n");
}

#[test]
fn a_profile_selects_its_environment() {
    let api = Api::giving_tokens();
    Case::token(&api.url(), "--format url")
        .profile("[profiles.default]\nenv = \"staging\"\n")
        .run()
        .prints("https://app.clik.ai/smart-extract-stg?token=t0ken\n");
}

#[test]
fn flag_and_variable_replace_the_template() {
    let api = Api::giving_tokens();
    for (arguments, variable) in [
        ("--iframe-template https://h/?auth={token}", "https://other/{token}"),
        ("", "https://h/?auth={token}"),
    ] {
        Case::token(&api.url(), &format!("--format url {arguments}"))
            .env("SMARTEXTRACT_IFRAME_TEMPLATE", variable)
            .run()
            .prints("https://h/?auth=t0ken\n");
    }
}

#[test]
fn a_template_contains_the_token_exactly_once() {
    for template in
        ["https://h/", "https://h/{token}{token}", "https://h/{tok en}", "https://h/ {token}"]
    {
        let case = Case::token("http://127.0.0.1:1/", "").arg("--iframe-template").arg(template);
        case.run().fails(3).says("the iframe template ").says("flag --iframe-template");
    }
}

#[test]
fn an_unknown_environment_lists_the_known_ones_closest_first() {
    Case::token("http://127.0.0.1:1/", "--env privat")
        .profile(OWN)
        .run()
        .fails(3)
        .says("unknown environment privat (flag --env)")
        .says("did you mean private? Use one of: private,")
        .says("production")
        .says("staging");
}

#[test]
fn an_invalid_token_url_is_a_config_error_that_names_its_origin() {
    for (url, said) in [("http://10.0.0.1/", "loopback"), ("https://127.0.0.1:99999/", "port")] {
        Case::token(url, "").run().fails(3).says(said).says("SMARTEXTRACT_TOKEN_URL");
    }
}

#[test]
fn a_token_url_with_credentials_is_rejected_and_not_shown() {
    let case = Case::token(&format!("https://u:{SECRET}@h/"), "");
    case.run().fails(3).says("user or password");
}

#[test]
fn an_environment_of_the_profile_file_must_be_complete_and_not_built_in() {
    for (text, said) in [
        ("[environments.x]\ntoken_url = \"https://h/\"\n", "no iframe_template"),
        ("[environments.x]\niframe_template = \"{token}\"\n", "no token_url"),
        (
            "[environments.x]\ntoken_url = \"http://h/\"\niframe_template = \"{token}\"\n",
            "the token URL is http",
        ),
        (
            "[environments.x]\ntoken_url = \"https://h/\"\niframe_template = \"x\"\n",
            "the iframe template does not contain {token} exactly once (environment x, ",
        ),
        ("[environments.stg]\ntoken_url = \"a\"\niframe_template = \"b\"\n", "built in"),
    ] {
        Case::new("config show --env x").profile(text).run().fails(3).says(said);
    }
}
