//! The stand-in for the component: a page that says whether it was given a token that was issued.

use percent_encoding::percent_decode_str;

use crate::output::html_attribute;

/// Where the component is in production and in staging.
pub const PAGE_PATHS: [&str; 2] = ["/smart-extract", "/smart-extract-stg"];

/// Nothing is loaded, and no script runs but the page's own.
pub fn policy(nonce: &str) -> String {
    format!("default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'")
}

/// The page for this query. Tells its host, too: a message with `source` and `status`.
pub fn html(query: &str, is_issued: impl Fn(&str) -> bool, nonce: &str) -> String {
    let token = parameter(query, "token");
    let (status, said) = match &token {
        None => ("missing", "The URL holds no token."),
        Some(token) if is_issued(token) => ("issued", "The token was issued by this emulator."),
        Some(_) => ("unknown", "The token was not issued by this emulator."),
    };
    let shown = html_attribute(token.as_deref().unwrap_or_default());
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>SmartExtract emulator: {status}</title>
<style>body {{ font: 1em sans-serif; margin: 2em }} code {{ overflow-wrap: anywhere }}</style>
</head>
<body data-status="{status}">
<h1>SmartExtract emulator</h1>
<p id="status">{said}</p>
<p>Received: <code id="token">{}</code></p>
<script nonce="{nonce}">
parent.postMessage({{ source: "smartextract-emulator", status: "{status}" }}, "*");
</script>
</body>
</html>
"#,
        shown
    )
}

/// The first parameter of this name, decoded as browsers encode (WHATWG URL, "urlencoded").
fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let value = value.replace('+', " ");
    Some(percent_decode_str(&value).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_knows_issued_tokens_and_shows_others_escaped() {
        let page = |query| html(query, |token| token == "t+1", "n");
        for (query, status, shown) in [
            ("token=t%2B1", "issued", "<code id=\"token\">t+1</code>"),
            ("a=1&token=t%2B1&b=2", "issued", ">t+1<"),
            ("token=t+1", "unknown", ">t 1<"),
            ("token=%3Cscript%3E%22%27", "unknown", ">&lt;script&gt;&quot;&#39;<"),
            ("token=%ff", "unknown", ">\u{fffd}<"),
            ("token=", "unknown", "><"),
            ("", "missing", "><"),
            ("tokens=1", "missing", "><"),
        ] {
            let html = page(query);
            assert!(html.contains(&format!("data-status=\"{status}\"")), "{query}: {html}");
            assert!(html.contains(shown), "{query}: {html}");
        }
    }
}
