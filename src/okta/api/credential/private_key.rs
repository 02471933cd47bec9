//! The key by which a service app proves who it is: RSA signs RS256, P-256 signs ES256.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::error::Unspecified;

use crate::okta::api::credential::private_key::error::PrivateKeyError;
use crate::okta::api::credential::private_key::key_pair::KeyPair;

pub(crate) mod error;
mod jwk;
mod key_pair;
mod pem;

/// A private key and the id that Okta knows it by. Printing it shows the kind alone.
#[derive(Clone)]
pub struct PrivateKey {
    pair: Arc<KeyPair>,
    id: Option<String>,
}

impl PrivateKey {
    /// The same key under the id that Okta shows for it, which wins over the one in a JWK.
    #[must_use]
    pub(crate) fn with_id(self, id: String) -> PrivateKey {
        PrivateKey {
            id: Some(id),
            ..self
        }
    }

    /// The `kid`, if one is known.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The JWS name of how this key signs.
    pub(super) fn algorithm(&self) -> &'static str {
        self.pair.algorithm()
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        self.pair.sign(message)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("algorithm", &self.algorithm())
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl FromStr for PrivateKey {
    type Err = PrivateKeyError;

    fn from_str(text: &str) -> Result<PrivateKey, PrivateKeyError> {
        let (pair, id) = match text.trim_start().starts_with('{') {
            true => jwk::read(text)?,
            false => (pem::read(text)?, None),
        };
        Ok(PrivateKey {
            pair: Arc::new(pair),
            id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! key {
        ($name:literal) => {
            include_str!(concat!("../../../../tests/fixtures/keys/", $name))
        };
    }

    const RSA: &str = key!("rsa-pkcs8.pem");
    const P256: &str = key!("p256-pkcs8.pem");

    fn read(text: &str) -> PrivateKey {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn one_key_is_read_from_each_of_its_spellings() {
        let signed = |text: &str| read(text).sign(b"message").unwrap();
        for other in [key!("rsa-pkcs1.pem"), key!("rsa.jwk.json")] {
            assert_eq!(signed(other), signed(RSA));
        }
        for other in [P256, key!("p256-sec1.pem"), key!("p256.jwk.json")] {
            assert_eq!(read(other).algorithm(), "ES256");
            assert_eq!(signed(other).len(), 64);
        }
        assert_eq!(read(RSA).algorithm(), "RS256");
        assert_eq!(read(key!("p256.jwk.json")).id(), Some("test-p256"));
    }

    #[test]
    fn line_breaks_may_be_real_escaped_or_lost() {
        for key in [RSA, P256] {
            read(&key.replace('\n', "\\n"));
            read(&key.replace('\n', "\\r\\n"));
            read(&key.replace('\n', "\r\n"));
            read(&key.replace('\n', " "));
            read(&format!("\"{}\"", key.trim()));
        }
        let parameters =
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        read(&format!("{parameters}{}", key!("p256-sec1.pem")));
    }

    #[test]
    fn what_is_no_such_key_is_told_apart() {
        let half = &RSA[..RSA.len() / 2];
        let damaged = RSA.replacen("MII", "M!I", 1);
        let damaged_inside = P256.replacen("\n", "\nAAAA", 1);
        let public_jwk = r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#;
        let table = [
            ("secret", PrivateKeyError::NoKey),
            (half, PrivateKeyError::CutShort),
            (&damaged, PrivateKeyError::NotBase64),
            (&damaged_inside, PrivateKeyError::Curve),
            (key!("ed25519.pem"), PrivateKeyError::OtherKind),
            (key!("p256-public.pem"), PrivateKeyError::Public),
            (key!("p256-encrypted.pem"), PrivateKeyError::Encrypted),
            (key!("p384.pem"), PrivateKeyError::Curve),
            (key!("rsa-1024.pem"), PrivateKeyError::Rsa),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
                PrivateKeyError::Certificate,
            ),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
                PrivateKeyError::OpenSsh,
            ),
            (public_jwk, PrivateKeyError::Public),
            (r#"{"keys":[]}"#, PrivateKeyError::JwkSet),
            (r#"{"kty":"oct","k":"AQAB"}"#, PrivateKeyError::OtherKind),
            (
                r#"{"kty":"EC","crv":"P-384","d":"AQAB"}"#,
                PrivateKeyError::Curve,
            ),
            (r#"{"kty":"RSA","d":"AQAB"}"#, PrivateKeyError::Rsa),
            (r#"{"kty":"RSA""#, PrivateKeyError::NotAJwk),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<PrivateKey>().unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn a_printed_key_shows_its_kind_alone() {
        let printed = format!("{:?}", read(key!("p256.jwk.json")));
        let expected = r#"PrivateKey { algorithm: "ES256", id: Some("test-p256"), .. }"#;
        assert_eq!(printed, expected);
    }
}
