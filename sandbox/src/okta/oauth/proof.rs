//! A DPoP proof (RFC 9449 section 4.3).

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::ThumbprintHash;
use jsonwebtoken::{Algorithm, DecodingKey, decode, decode_header};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::assertion::{LEEWAY, signature_by};
use super::authorization_server::AuthorizationServer;
use super::denied::Denied;

/// How old a proof may be.
const OLDEST: TimeDelta = TimeDelta::minutes(1);

/// The request that a proof came with.
pub(super) struct Expected<'a> {
    pub(super) method: &'a str,
    /// Scheme, host, port and path.
    pub(super) url: &'a str,
    pub(super) token: Option<&'a str>,
    /// Whether the current nonce must be in it.
    pub(super) nonce: bool,
    pub(super) now: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    ath: Option<String>,
    nonce: Option<String>,
}

/// Checks a proof; the thumbprint of its key.
pub(super) fn check(
    server: &AuthorizationServer,
    proof: &str,
    expected: &Expected<'_>,
) -> Result<String, Denied> {
    let header = decode_header(proof).map_err(|_| Denied::proof("The DPoP proof is not a JWT."))?;
    if header.typ.as_deref() != Some("dpop+jwt") {
        return Err(Denied::proof("The DPoP proof's typ is not dpop+jwt."));
    }
    if !matches!(header.alg, Algorithm::ES256 | Algorithm::RS256) {
        return Err(Denied::proof("The DPoP proof's alg is not taken."));
    }
    if shows_private_key(proof) {
        return Err(Denied::proof("The DPoP proof holds a private key."));
    }
    let no_key = || Denied::proof("The DPoP proof's jwk is missing or no key.");
    let jwk = header.jwk.ok_or_else(no_key)?;
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| no_key())?;
    let claims: Claims = decode(proof, &key, &signature_by(header.alg))
        .map_err(|_| Denied::proof("The DPoP proof's signature or claims are invalid."))?
        .claims;
    check_claims(server, &claims, expected)?;
    jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| no_key())
}

fn check_claims(
    server: &AuthorizationServer,
    claims: &Claims,
    expected: &Expected<'_>,
) -> Result<(), Denied> {
    if claims.htm != expected.method || claims.htu != expected.url {
        return Err(Denied::proof(
            "The DPoP proof is for another method or URL.",
        ));
    }
    let age = expected.now.timestamp() - claims.iat;
    if age > OLDEST.num_seconds() || age < -LEEWAY.num_seconds() {
        return Err(Denied::proof("The DPoP proof is not of now."));
    }
    let hash = |token: &str| URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()));
    if claims.ath != expected.token.map(hash) {
        return Err(Denied::proof("The DPoP proof is for another token."));
    }
    if expected.nonce && claims.nonce.as_deref() != Some(server.nonce().as_str()) {
        let mut denied = Denied::new(
            400,
            "use_dpop_nonce",
            "Authorization server requires nonce in DPoP proof.",
        );
        denied.nonce = Some(server.nonce());
        return Err(denied);
    }
    match server.use_id(&claims.jti) {
        true => Ok(()),
        false => Err(Denied::proof("The DPoP proof was used before.")),
    }
}

/// Whether the header's `jwk` has a private member; the decoder passes over it.
fn shows_private_key(proof: &str) -> bool {
    let header = proof.split('.').next().unwrap_or_default();
    let json = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let header: serde_json::Value = serde_json::from_slice(&json).unwrap_or_default();
    header.pointer("/jwk/d").is_some()
}
