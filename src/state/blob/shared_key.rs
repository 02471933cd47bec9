//! Shared Key: how a connection string's account key signs a request.
//!
//! The official SDK knows tokens and SAS only, so this signs as a policy of its pipeline. It runs
//! on every try, so that a retry carries a fresh date: storage refuses one older than 15 minutes.
//! <https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key>

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::headers::Headers;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Method, Request, Url};
use azure_core::time::{OffsetDateTime, to_rfc7231};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use crate::net::hmac_key::HmacKey;

/// The standard headers that are signed after Content-Length, by name, in the order they take.
const SIGNED_AFTER_LENGTH: [&str; 8] = [
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

/// Signs every try of every request with an account key. Printing it does not show the key.
#[derive(Debug)]
pub(super) struct SharedKey {
    account: String,
    key: HmacKey,
}

impl SharedKey {
    /// `None` when the key is not base64.
    pub(super) fn new(account: &str, key: &SecretString) -> Option<SharedKey> {
        let key = STANDARD.decode(key.expose_secret().trim()).ok()?;
        (!key.is_empty()).then(|| SharedKey {
            account: account.to_owned(),
            key: HmacKey::new(key),
        })
    }

    fn authorization(&self, to_sign: &str) -> String {
        let signature = self.key.sign(to_sign);
        format!("SharedKey {}:{signature}", self.account)
    }
}

#[async_trait]
impl Policy for SharedKey {
    #[expect(
        elided_lifetimes_in_paths,
        reason = "the trait spells it so, and async_trait takes no other naming"
    )]
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        request.insert_header("x-ms-date", to_rfc7231(&OffsetDateTime::now_utc()));
        let to_sign = string_to_sign(
            &self.account,
            request.method(),
            request.url(),
            request.headers(),
            request.body().len().unwrap_or(0),
        );
        request.insert_header("authorization", self.authorization(&to_sign));
        match next.split_first() {
            Some((policy, rest)) => policy.send(ctx, request, rest).await,
            None => Err(azure_core::Error::with_message(
                azure_core::error::ErrorKind::Other,
                "the pipeline ends before its transport",
            )),
        }
    }
}

fn string_to_sign(
    account: &str,
    method: Method,
    url: &Url,
    headers: &Headers,
    length: u64,
) -> String {
    let headers: BTreeMap<String, &str> = headers
        .iter()
        .map(|(name, value)| (name.as_str().to_ascii_lowercase(), value.as_str().trim()))
        .collect();
    let header = |name: &str| headers.get(name).copied().unwrap_or_default();
    // Since version 2015-02-21 an empty body is signed as no length at all.
    let length = Some(length).filter(|length| *length > 0);
    let length = length.map(|length| length.to_string()).unwrap_or_default();
    let mut text = format!("{}\n", method.as_str());
    for value in [
        header("content-encoding"),
        header("content-language"),
        &length,
    ] {
        text.push_str(value);
        text.push('\n');
    }
    for name in SIGNED_AFTER_LENGTH {
        // The date is signed as x-ms-date.
        text.push_str(if name == "date" { "" } else { header(name) });
        text.push('\n');
    }
    for (name, value) in headers.iter().filter(|(name, _)| name.starts_with("x-ms-")) {
        text.push_str(&format!("{name}:{value}\n"));
    }
    // The emulator's path begins with the account too: there it rightly appears twice.
    text.push_str(&format!("/{account}{}", url.path()));
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url.query_pairs() {
        let values = parameters.entry(name.to_ascii_lowercase()).or_default();
        values.push(value.into_owned());
    }
    for (name, mut values) in parameters {
        values.sort();
        text.push_str(&format!("\n{name}:{}", values.join(",")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(
        method: Method,
        url: &str,
        headers: &[(&'static str, &'static str)],
        length: u64,
    ) -> String {
        let mut sent = Headers::new();
        for (name, value) in headers {
            sent.insert(*name, *value);
        }
        string_to_sign("acme", method, &url.parse().unwrap(), &sent, length)
    }

    #[test]
    fn a_conditional_write_is_signed_field_by_field() {
        let to_sign = signed(
            Method::Put,
            "https://acme.blob.core.windows.net/okta-sentinel/acme.okta.com/cursor.json",
            &[
                ("x-ms-version", "2024-11-04"),
                ("x-ms-lease-id", "7b1e"),
                ("x-ms-blob-type", "BlockBlob"),
                ("x-ms-date", "Sat, 21 Nov 2026 12:05:01 GMT"),
                ("content-type", "application/octet-stream"),
                ("if-match", "\"0x8DE\""),
                ("accept", "application/xml"),
            ],
            400,
        );
        let expected = "PUT\n\n\n400\n\napplication/octet-stream\n\n\n\"0x8DE\"\n\n\n\n\
            x-ms-blob-type:BlockBlob\nx-ms-date:Sat, 21 Nov 2026 12:05:01 GMT\nx-ms-lease-id:7b1e\n\
            x-ms-version:2024-11-04\n/acme/okta-sentinel/acme.okta.com/cursor.json";
        assert_eq!(to_sign, expected);
    }

    #[test]
    fn an_empty_body_is_signed_as_no_length_and_the_query_sorted_and_decoded() {
        let url = "https://h/okta-sentinel?restype=container&Comp=metadata&prefix=a%2Fb&prefix=B";
        let to_sign = signed(Method::Put, url, &[], 0);
        let expected = format!(
            "PUT{}/acme/okta-sentinel\ncomp:metadata\nprefix:B,a/b\nrestype:container",
            "\n".repeat(12)
        );
        assert_eq!(to_sign, expected);
    }

    #[test]
    fn the_emulators_path_names_the_account_twice_and_stays_encoded() {
        let url = "http://127.0.0.1:10000/acme/okta-sentinel/a%20b";
        assert!(signed(Method::Get, url, &[], 0).ends_with("\n/acme/acme/okta-sentinel/a%20b"));
    }

    #[test]
    fn the_range_is_signed_and_the_plain_date_is_not() {
        let headers = [("range", "bytes=0-9"), ("date", "never")];
        let to_sign = signed(Method::Get, "https://h/c/b", &headers, 0);
        assert_eq!(
            to_sign,
            format!("GET{}bytes=0-9\n/acme/c/b", "\n".repeat(11))
        );
    }

    #[test]
    fn a_key_is_base64_and_never_printed() {
        let key = SharedKey::new("acme", &"c2VjcmV0".to_owned().into()).unwrap();
        let printed = format!("{key:?}");
        assert!(
            printed.contains("acme") && !printed.contains("c2VjcmV0"),
            "{printed}"
        );
        assert!(!printed.contains("115, 101"), "{printed}");
        assert!(SharedKey::new("acme", &"not base64!".to_owned().into()).is_none());
        assert!(SharedKey::new("acme", &String::new().into()).is_none());
    }
}
