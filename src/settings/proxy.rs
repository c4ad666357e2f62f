//! The proxy's URL, and the hosts that bypass it.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use ureq::http::Uri;

use super::environment::{bare, check_authority};

/// A proxy's URL. It is shown without its password and with the user shortened.
pub struct Proxy {
    url: String,
    /// Whether `NO_PROXY` names the host of the token URL.
    pub is_bypassed: bool,
}

impl Proxy {
    /// Accepts `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT]`; without a scheme it is `http`. The error
    /// is the end of a sentence, without the URL itself.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(&*scheme, "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h") {
            return Err("not an http, https, socks4, socks4a, socks5 or socks5h URL");
        }
        // A password with a slash in it would be read as host and path.
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            return Err("a URL with more than host and port; percent-encode user and password");
        }
        let url = format!("{scheme}://{rest}");
        let uri: Uri = url.parse().map_err(|_| "not a URL")?;
        check_authority(uri.authority().ok_or("a URL without a host")?)?;
        if let Some((credentials, _)) = rest.rsplit_once('@') {
            check_credentials(&scheme, credentials)?;
        }
        Ok(Self { url, is_bypassed: false })
    }

    pub fn expose(&self) -> &str {
        &self.url
    }
}

/// Rejects credentials that the scheme can't carry: ureq sends none with SOCKS 4, and SOCKS 5 needs
/// a user and a password of 1 to 255 bytes each (RFC 1929, section 2).
fn check_credentials(scheme: &str, credentials: &str) -> Result<(), &'static str> {
    if scheme.starts_with("socks4") {
        return Err("a SOCKS 4 URL with a user, which this program can't send; use socks5");
    }
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let fits = |text| (1..=255).contains(&percent_decode_str(text).count());
    if scheme.starts_with("socks5") && !(fits(user) && fits(password)) {
        return Err("a SOCKS 5 URL whose user or password is missing or longer than 255 bytes");
    }
    Ok(())
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.url.split_once("://").unwrap_or_default();
        match rest.rsplit_once('@') {
            Some((credentials, host)) => {
                let user: String = credentials.chars().take_while(|c| *c != ':').take(2).collect();
                write!(f, "{scheme}://{user}…@{host}")?;
            }
            None => f.write_str(&self.url)?,
        }
        f.write_str(if self.is_bypassed { " (bypassed by NO_PROXY)" } else { "" })
    }
}

/// Whether a `NO_PROXY` list contains this host, by curl's rules: `*` for all hosts, a name for itself
/// and its subdomains, an address, or a network as ADDRESS/BITS.
pub fn no_proxy_matches(no_proxy: &str, host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let address: Option<IpAddr> = host.parse().ok();
    let mut entries = no_proxy.split(|c: char| c == ',' || c.is_whitespace());
    entries.any(|entry| match address {
        _ if entry == "*" => true,
        Some(address) => in_network(address, bare(entry)),
        None => in_domain(host, entry.trim_matches('.')),
    })
}

fn in_domain(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    !domain.is_empty() && (host == domain || host.ends_with(&format!(".{domain}")))
}

fn in_network(address: IpAddr, entry: &str) -> bool {
    let width = if address.is_ipv4() { 32 } else { 128 };
    let (network, bits) = match entry.split_once('/') {
        Some((network, bits)) => (network, bits.parse()),
        None => (entry, Ok(width)),
    };
    let (Ok(network), Ok(bits)) = (network.parse(), bits) else { return false };
    let difference = match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => u128::from(one.to_bits() ^ other.to_bits()),
        (IpAddr::V6(one), IpAddr::V6(other)) => one.to_bits() ^ other.to_bits(),
        _ => return false,
    };
    // All bits of an IPv6 address are more than a shift accepts.
    bits <= width && difference.checked_shr(width - bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_follows_curls_rules() {
        for (host, lists, others) in [
            (
                "api.clik.ai",
                &["*", "a.example,clik.ai", "a, .clik.ai", "a\r\nclik.ai\n", "API.CLIK.AI"][..],
                &["", ",.,", "lik.ai", "x.api.clik.ai", "\u{fb00}"][..],
            ),
            ("api.clik.ai.", &["api.clik.ai"], &["clik"]),
            ("127.0.0.1", &["127.0.0.1", "0.0.0.0/0"], &["1", "127.0.0.1/99"]),
            ("10.1.2.3", &["10.0.0.0/8"], &["11.0.0.0/8", "10.0.0.0/x"]),
            ("fd00::1", &["[fd00::1]", "fd00::/8"], &["fd00::/128"]),
            ("\u{e9}", &["*"], &["\u{fb00}"]),
        ] {
            assert!(lists.iter().all(|list| no_proxy_matches(list, host)), "{host}: {lists:?}");
            assert!(!others.iter().any(|list| no_proxy_matches(list, host)), "{host}: {others:?}");
        }
    }

    #[test]
    fn a_printed_proxy_shows_no_password_and_only_a_part_of_the_user() {
        let proxy = Proxy::parse("HTTP://someone:hid%40den@proxy:3128/").unwrap();
        assert_eq!(proxy.to_string(), "http://so…@proxy:3128");
        assert_eq!(Proxy::parse("proxy:8080").unwrap().to_string(), "http://proxy:8080");
    }

    #[test]
    fn an_invalid_proxy_is_rejected() {
        let invalid = "ftp://proxy http:// http://user@ http://user:pa/ss@proxy:3128 \
            http://user:pa#ss@proxy:3128 http://user:pa?ss@proxy:3128 http://proxy:99999 \
            socks5://user@proxy socks5h://user:@proxy socks5://:password@proxy socks4://user@proxy";
        for url in invalid.split(' ').chain([""]) {
            assert!(Proxy::parse(url).is_err(), "{url}");
        }
    }
}
