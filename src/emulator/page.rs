//! The stand-in for the component: a page that shows whether the token in its URL was issued.

use percent_encoding::percent_decode_str;

use super::Emulator;
use super::http::Response;
use crate::output::html_attribute;

impl Emulator {
    pub(super) fn page(&self, query: &str) -> Response {
        let encoded = query.split('&').find_map(|pair| pair.strip_prefix("token="));
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let token = encoded.map(|token| decode(&token.replace('+', " ")));
        let issued = self.issued.lock().expect("no holder panics");
        let status = match &token {
            None => "missing",
            Some(token) if issued.contains(token) => "issued",
            Some(_) => "unknown",
        };
        let token = html_attribute(&token.unwrap_or_default());
        let body = format!(
            r#"<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>SmartExtract emulator: {status}</title>
<body data-status="{status}">
<p>SmartExtract emulator. Token: <b id="status">{status}</b> <code id="token">{token}</code></p>
<script>parent.postMessage({{ source: "smartextract-emulator", status: "{status}" }}, "*");</script>
"#
        );
        Response { status: 200, content_type: "text/html; charset=utf-8", body }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_token_adds_markup_to_the_page(token in "[<>&\"'a%+/;=]{0,20}|\\PC*") {
            let tags = |token: &str| {
                let page = Emulator::default().page(&format!("token={token}")).body;
                page.matches(['<', '>', '"']).count()
            };
            prop_assert_eq!(tags(&token), tags("x"));
        }
    }
}
