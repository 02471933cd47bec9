//! A storage account's connection string: a secret in whatever place is never shown, and plain
//! http never leaves the loopback.
#![no_main]

use okta_sentinel::state::account::{BlobAccount, BlobCredential};

/// Stands for the secret in an input.
const MARK: char = '\u{1}';
/// Base64 that no message of ours has in it.
const SECRET: &str = "bm90IGEgc2VjcmV0IGFueW9uZSB1c2Vz";

libfuzzer_sys::fuzz_target!(|text: &str| {
    let text = text.replace(MARK, SECRET);
    let account = match BlobAccount::from_connection_string(&text) {
        Ok(account) => account,
        Err(error) => {
            let said = format!("{error} {error:?}");
            assert!(!said.contains(SECRET), "{said}");
            return;
        }
    };
    if let BlobCredential::SharedKey { account, .. } = &account.credential {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        assert!(account.chars().all(plain), "{account}");
    }
    let shown = format!("{:?}", account.credential);
    assert!(!shown.contains(SECRET), "{shown}");
    let endpoint = &account.endpoint;
    let loopback = endpoint
        .host_str()
        .is_some_and(|host| host == "localhost" || host == "[::1]" || host.starts_with("127."));
    assert!(endpoint.scheme() == "https" || loopback, "{endpoint}");
    assert!(
        endpoint.username().is_empty() && endpoint.password().is_none(),
        "{endpoint}"
    );
});
