//! What of a secret setting must not be shown. The rest is public, such as an account's name, and
//! hiding it would only make messages poorer.

use std::collections::HashMap;

use secrecy::SecretString;
use serde_json::Value;

/// The private members of a JWK (RFC 7518 section 6).
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// The secrets in a setting: the private members of a JWK, the body of a PEM, key and signature of
/// a connection string; of anything else each word.
pub(super) fn secret_parts(text: &str) -> Vec<SecretString> {
    if let Ok(jwk) = serde_json::from_str::<HashMap<String, Value>>(text) {
        let members = jwk
            .iter()
            .filter(|(name, _)| PRIVATE_MEMBERS.contains(&name.as_str()));
        return members
            .filter_map(|(_, value)| value.as_str())
            .map(SecretString::from)
            .collect();
    }
    if let Some(body) = pem_body(text) {
        return vec![body.into()];
    }
    if let Some((name, value)) = text.split_once('=')
        && name.chars().all(|c| c.is_ascii_alphabetic())
        && value.contains(|c| c != '=')
    {
        return connection_string(text);
    }
    text.split_whitespace().map(SecretString::from).collect()
}

/// The base64 between the two lines of dashes, without its line breaks.
fn pem_body(text: &str) -> Option<String> {
    let mut between = text.split("-----");
    let body = between.nth(2).filter(|_| text.contains("-----BEGIN"))?;
    let body = body.replace("\\r", "").replace("\\n", "");
    Some(body.split_whitespace().collect())
}

/// Its `AccountKey`, and the `sig` of its `SharedAccessSignature`.
fn connection_string(text: &str) -> Vec<SecretString> {
    let mut secrets = Vec::new();
    for (name, value) in text.split(';').filter_map(|part| part.split_once('=')) {
        match name.trim().to_ascii_lowercase().as_str() {
            "accountkey" => secrets.push(value.trim().into()),
            "sharedaccesssignature" => {
                let query = value.trim().trim_start_matches('?').as_bytes();
                let pairs = url::form_urlencoded::parse(query);
                let signatures = pairs.filter(|(name, _)| name == "sig");
                secrets.extend(signatures.map(|(_, it)| SecretString::from(it.into_owned())));
            }
            _ => {}
        }
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn only_what_is_secret_in_a_setting_is_one() {
        for (text, secrets) in [
            ("SSWS 00token", &["SSWS", "00token"][..]),
            ("c2VjcmV0a2V5cw==", &["c2VjcmV0a2V5cw=="]),
            ("UseDevelopmentStorage=true", &[]),
            (
                "AccountName=acme;AccountKey=QUI=;EndpointSuffix=core.windows.net",
                &["QUI="],
            ),
            (
                "BlobEndpoint=https://a.b;SharedAccessSignature=?sv=1&sig=a%2Bb%3D",
                &["a+b="],
            ),
            (r#"{"kty":"EC","d":"private","x":"public"}"#, &["private"]),
            (
                "-----BEGIN PRIVATE KEY-----\\nMIIE\\nvQIB\\n-----END PRIVATE KEY-----",
                &["MIIEvQIB"],
            ),
            (
                "-----BEGIN PRIVATE KEY-----\nMIIE\r\nvQIB\n-----END PRIVATE KEY-----",
                &["MIIEvQIB"],
            ),
        ] {
            let parts = secret_parts(text);
            let found: Vec<_> = parts.iter().map(SecretString::expose_secret).collect();
            assert_eq!(found, secrets, "{text}");
        }
    }
}
