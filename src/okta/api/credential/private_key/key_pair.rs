//! A key that signs: RSA signs RS256, P-256 signs ES256.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};

use crate::okta::api::credential::private_key::error::PrivateKeyError;

pub(super) enum KeyPair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

impl KeyPair {
    /// `label` is the PEM block's, one of the three that hold an unprotected key.
    pub(super) fn from_der(label: &str, der: &[u8]) -> Result<KeyPair, PrivateKeyError> {
        match label {
            "RSA PRIVATE KEY" => rsa(RsaKeyPair::from_der(der)),
            "EC PRIVATE KEY" => p256(EcdsaKeyPair::from_private_key_der(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                der,
            )),
            _ => pkcs8(der),
        }
    }

    /// The JWS name of how this key signs.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            KeyPair::Rsa(_) => "RS256",
            KeyPair::P256(_) => "ES256",
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match self {
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
