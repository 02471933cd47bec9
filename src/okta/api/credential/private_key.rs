//! The key by which a service app proves who it is: RSA signs RS256, P-256 signs ES256.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use secrecy::ExposeSecret;

use super::{jwk, pem};

/// A private key and the id that Okta knows it by. Printing it shows the kind alone.
#[derive(Clone)]
pub struct PrivateKey {
    pair: Arc<KeyPair>,
    id: Option<String>,
}

pub(super) enum KeyPair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

/// Why a text is not a key to sign in with. The text itself is never shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// Something else altogether.
    #[error(
        "the value is neither a private key in PEM (-----BEGIN PRIVATE KEY-----) nor a JWK ({{\"kty\":...}}); paste the whole key that was saved when it was made in Okta"
    )]
    NoKey,
    /// A PEM block that has no end.
    #[error(
        "the PEM text is cut short: a BEGIN line has no END line; paste the key whole, its line breaks real or written as \\n"
    )]
    CutShort,
    /// A PEM block that holds something else than base64.
    #[error(
        "what stands between the BEGIN and END lines is not base64; paste the key again, whole"
    )]
    NotBase64,
    /// The half that everybody may know.
    #[error("the value is a public key; paste the private key that belongs to it")]
    Public,
    /// A certificate.
    #[error("the value is a certificate; paste the private key that belongs to it")]
    Certificate,
    /// A key under a passphrase, which nobody is there to type.
    #[error(
        "the key is protected by a passphrase; take that off: openssl pkcs8 -topk8 -nocrypt -in key.pem"
    )]
    Encrypted,
    /// OpenSSH's own format.
    #[error("the key is in OpenSSH's own format; turn it into PEM: ssh-keygen -p -m PKCS8 -f key")]
    OpenSsh,
    /// RSA that cannot be used.
    #[error("the RSA key cannot be used; it must be whole and have 2048 to 8192 bits")]
    Rsa,
    /// A curve that Okta's ES256 is not signed with, or a damaged key.
    #[error(
        "the elliptic-curve key cannot be used; it must be whole and on the curve P-256 (prime256v1)"
    )]
    Curve,
    /// Ed25519, DSA, symmetric keys.
    #[error("the key is neither RSA nor on the curve P-256; make one of these in Okta")]
    OtherKind,
    /// A JSON object that is no JWK.
    #[error("the value begins as a JWK and is not one; paste the JSON object whole, from {{ to }}")]
    NotAJwk,
    /// A set of keys.
    #[error("the value is a set of keys; paste the one private key alone, from {{ to }}")]
    JwkSet,
}

impl PrivateKey {
    pub(super) fn new(pair: KeyPair, id: Option<String>) -> PrivateKey {
        PrivateKey {
            pair: Arc::new(pair),
            id,
        }
    }

    /// The same key under the id that Okta shows for it, which wins over the one in a JWK.
    #[must_use]
    pub fn with_id(self, id: String) -> PrivateKey {
        PrivateKey {
            id: Some(id),
            ..self
        }
    }

    /// The `kid`, if one is known.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The JWS name of how this key signs.
    pub fn algorithm(&self) -> &'static str {
        match *self.pair {
            KeyPair::Rsa(_) => "RS256",
            KeyPair::P256(_) => "ES256",
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match &*self.pair {
            KeyPair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let random = SystemRandom::new();
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                Ok(signature)
            }
            KeyPair::P256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message)?;
                Ok(signature.as_ref().to_vec())
            }
        }
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
        if text.trim_start().starts_with('{') {
            return jwk::read(text);
        }
        let block = pem::private_block(text)?;
        let der = block.der.expose_secret();
        let pair = match block.label.as_str() {
            "RSA PRIVATE KEY" => rsa(RsaKeyPair::from_der(der)),
            "EC PRIVATE KEY" => p256(EcdsaKeyPair::from_private_key_der(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                der,
            )),
            _ => pkcs8(der),
        };
        Ok(PrivateKey::new(pair?, None))
    }
}

pub(super) fn rsa<E>(pair: Result<RsaKeyPair, E>) -> Result<KeyPair, PrivateKeyError> {
    pair.map(KeyPair::Rsa).map_err(|_| PrivateKeyError::Rsa)
}

pub(super) fn p256<E>(pair: Result<EcdsaKeyPair, E>) -> Result<KeyPair, PrivateKeyError> {
    pair.map(KeyPair::P256).map_err(|_| PrivateKeyError::Curve)
}

/// PKCS#8 names its algorithm in its first bytes, by object identifier.
fn pkcs8(der: &[u8]) -> Result<KeyPair, PrivateKeyError> {
    const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    let start = der.get(..40).unwrap_or(der);
    let names = |oid: &[u8]| start.windows(oid.len()).any(|bytes| bytes == oid);
    if names(RSA_ENCRYPTION) {
        rsa(RsaKeyPair::from_pkcs8(der))
    } else if names(EC_PUBLIC_KEY) {
        p256(EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            der,
        ))
    } else {
        Err(PrivateKeyError::OtherKind)
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
