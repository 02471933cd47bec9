//! A private key out of a JWK (RFC 7517, RFC 7518 section 6), which is what Okta's admin console
//! shows first.

use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::okta::api::credential::private_key::error::PrivateKeyError;
use crate::okta::api::credential::private_key::key_pair::{KeyPair, p256, rsa};

/// The members that matter, under their names in the RFC.
#[derive(Deserialize)]
struct Jwk {
    kty: Option<String>,
    kid: Option<String>,
    keys: Option<IgnoredAny>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<String>,
    p: Option<String>,
    q: Option<String>,
    dp: Option<String>,
    dq: Option<String>,
    qi: Option<String>,
}

/// The key and its `kid`.
pub(super) fn read(text: &str) -> Result<(KeyPair, Option<String>), PrivateKeyError> {
    let jwk: Jwk = serde_json::from_str(text).map_err(|_| PrivateKeyError::NotAJwk)?;
    let pair = match jwk.kty.as_deref() {
        None if jwk.keys.is_some() => return Err(PrivateKeyError::JwkSet),
        None => return Err(PrivateKeyError::NotAJwk),
        Some("RSA" | "EC") if jwk.d.is_none() => return Err(PrivateKeyError::Public),
        Some("RSA") => rsa_pair(&jwk)?,
        Some("EC") if jwk.crv.as_deref() == Some("P-256") => p256_pair(&jwk)?,
        Some("EC") => return Err(PrivateKeyError::Curve),
        Some(_) => return Err(PrivateKeyError::OtherKind),
    };
    Ok((pair, jwk.kid.filter(|kid| !kid.is_empty())))
}

fn rsa_pair(jwk: &Jwk) -> Result<KeyPair, PrivateKeyError> {
    let number = |member| decoded(member).ok_or(PrivateKeyError::Rsa);
    rsa(RsaKeyPair::from_components(&KeyPairComponents {
        public_key: PublicKeyComponents {
            n: number(&jwk.n)?,
            e: number(&jwk.e)?,
        },
        d: number(&jwk.d)?,
        p: number(&jwk.p)?,
        q: number(&jwk.q)?,
        dP: number(&jwk.dp)?,
        dQ: number(&jwk.dq)?,
        qInv: number(&jwk.qi)?,
    }))
}

fn p256_pair(jwk: &Jwk) -> Result<KeyPair, PrivateKeyError> {
    let number = |member| decoded(member).ok_or(PrivateKeyError::Curve);
    // SEC 1: 4 says that both coordinates follow.
    let public = [vec![4], number(&jwk.x)?, number(&jwk.y)?].concat();
    p256(EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &number(&jwk.d)?,
        &public,
    ))
}

fn decoded(member: &Option<String>) -> Option<Vec<u8>> {
    let text = member.as_deref()?.trim_end_matches('=');
    URL_SAFE_NO_PAD.decode(text).ok()
}
