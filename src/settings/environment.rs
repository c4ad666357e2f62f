//! Environments: a token endpoint and an iframe template under one name. The built-in URLs are
//! those of the vendor's documentation ("API Reference / Data Extraction API / Authentication",
//! version 4.1), which does not name the templates' parameter.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::Uri;
use ureq::http::uri::Authority;

use super::origin::Setting;
use crate::secret::{IframeUrl, Token};

pub const BUILT_IN_NAMES: [&str; 4] = ["production", "prod", "staging", "stg"];

pub struct Environment {
    pub name: String,
    pub token_url: Setting<String>,
    pub iframe_template: Setting<String>,
}

pub fn built_in(name: &str) -> Option<Environment> {
    let (name, path) = match name {
        "production" | "prod" => ("production", "smart-extract"),
        "staging" | "stg" => ("staging", "smart-extract-stg"),
        _ => return None,
    };
    let token_url = format!("https://api.clik.ai/{path}-api/api/account/v1/auth/token");
    let iframe_template = format!("https://app.clik.ai/{path}?token={PLACEHOLDER}");
    Some(Environment {
        name: name.to_owned(),
        token_url: Setting::default(token_url),
        iframe_template: Setting::default(iframe_template),
    })
}

/// A token endpoint. Printed without its query, which may contain another secret.
pub struct Endpoint(Uri);

impl Endpoint {
    /// The error is the end of a sentence, without the URL itself.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        if !url.is_ascii() {
            return Err("not ASCII: write the host in punycode (xn--…), the rest percent-encoded");
        }
        let uri: Uri = url.parse().map_err(|_| "not a URL")?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err("not a complete URL (https://HOST/PATH)");
        };
        if authority.as_str().contains('@') {
            return Err("a URL with a user or password; key and secret are sent in the body");
        }
        check_authority(authority)?;
        let host = bare(authority.host());
        let is_loopback = host.eq_ignore_ascii_case("localhost")
            || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        match scheme {
            "https" => Ok(Self(uri)),
            "http" if is_loopback => Ok(Self(uri)),
            "http" => Err("http, which is accepted for loopback hosts only; use https"),
            _ => Err("neither https nor http"),
        }
    }

    pub const fn uri(&self) -> &Uri {
        &self.0
    }

    pub fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// The host; an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        bare(self.0.host().unwrap_or_default())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.0.to_string();
        f.write_str(url.split('?').next().unwrap_or_default())
    }
}

/// Checks host and port: ureq replaces a port that it can't read by the default one, and would send
/// the secret to another server.
pub fn check_authority(authority: &Authority) -> Result<(), &'static str> {
    let host = authority.host();
    let with_port = match authority.port_u16() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    if bare(host).is_empty() {
        return Err("a URL without a host");
    }
    if authority.port_u16() == Some(0) || !authority.as_str().ends_with(&with_port) {
        return Err("a URL whose port is not a number from 1 to 65535");
    }
    Ok(())
}

pub fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

const PLACEHOLDER: &str = "{token}";

/// All but the unreserved characters (RFC 3986, 2.3), so that the token is one URL component.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub struct Template(String);

impl Template {
    pub fn parse(template: &str) -> Result<Self, &'static str> {
        if template.matches(PLACEHOLDER).count() != 1 {
            return Err("does not contain {token} exactly once");
        }
        if template.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("contains white space or a control character");
        }
        match template.replace(PLACEHOLDER, "token").parse::<Uri>() {
            Ok(url)
                if matches!(url.scheme_str(), Some("http" | "https"))
                    && url.authority().is_some_and(|host| check_authority(host).is_ok()) => {}
            _ => return Err("is not an http or https URL with a valid host and port"),
        }
        Ok(Self(template.to_owned()))
    }

    pub fn fill(&self, token: &Token) -> IframeUrl {
        let (before, after) = self.0.split_once(PLACEHOLDER).expect("checked by parse");
        let token = utf8_percent_encode(token.expose(), COMPONENT);
        IframeUrl::from(format!("{before}{token}{after}"))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn http_is_accepted_for_loopback_hosts_only() {
        for url in "http://LOCALHOST:8080/ http://127.255.3.4/ http://[::1]:80/x https://10.0.0.1/"
            .split(' ')
        {
            assert!(Endpoint::parse(url).is_ok(), "{url}");
        }
        let with_query = Endpoint::parse("https://h:1/p?code=hidden").unwrap();
        assert_eq!(with_query.to_string(), "https://h:1/p");
        let invalid = "http://localhost.example/ http://127.0.0.1.example/ http://[::2]/ \
            http://10.0.0.1/ https://user:pass@host/ ftp://localhost/ /path https:// \
            https://localhost:99999/ http://localhost:0/";
        for url in invalid.split(' ').chain([""]) {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }

    proptest! {
        #[test]
        fn a_browser_reads_the_token_back_from_the_url(token in "\\PC+") {
            let template = Template::parse("https://app.example/x?a=1&token={token}&b=2").unwrap();
            let url = template.fill(&Token::from(token.clone()));
            let url = url::Url::parse(url.expose()).unwrap();
            let found: Vec<_> = url.query_pairs().filter(|(name, _)| name == "token").collect();
            prop_assert_eq!((found.len(), url.query_pairs().count()), (1, 3));
            prop_assert_eq!(&found[0].1, token.as_str());
        }

        #[test]
        fn an_accepted_url_has_no_user_and_is_https_or_loopback_as_a_browser_reads_it(
            url in "\\PC*|https?://[a-z0-9.:@\\[\\]/?#%]*",
            local in "http://([a-z]?[:@]){0,2}(LocalHost|127\\.0\\.0\\.[0-9]{1,3}|\\[::[0-2]\\])\
                [a-z0-9.]{0,2}(:[0-9]{0,3})?[@/?#%\\\\][a-z@.]{0,3}",
        ) {
            for url in [url, local].iter().filter(|url| Endpoint::parse(url).is_ok()) {
                let is_https = url.to_lowercase().starts_with("https:");
                let Ok(url) = url::Url::parse(url) else {
                    prop_assert!(is_https, "{url}");
                    continue;
                };
                prop_assert!(url.username().is_empty() && url.password().is_none());
                let is_loopback = match url.host() {
                    Some(url::Host::Domain(name)) => name == "localhost",
                    Some(url::Host::Ipv4(address)) => address.is_loopback(),
                    Some(url::Host::Ipv6(address)) => address.is_loopback(),
                    None => false,
                };
                prop_assert!(is_https || is_loopback, "{url}");
            }
        }
    }
}
