//! DPoP proofs (RFC 9449): with each request, a signature by a key that never leaves this process,
//! so that a stolen token alone is of no use.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use chrono::{DateTime, Utc};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::okta::api::credential::jwt;
use crate::okta::api::error::sign_in::CannotSign;

/// What proofs are made with, once Okta has demanded the first.
pub(super) struct Proofs {
    pub(super) key: ProofKey,
    /// The two servers hand out nonces of their own (RFC 9449 sections 8 and 9).
    pub(super) token_endpoint_nonce: Option<String>,
    pub(super) api_nonce: Option<String>,
}

/// The key of the proofs. Okta binds each token to it.
pub(super) struct ProofKey {
    pair: EcdsaKeyPair,
    x: String,
    y: String,
}

/// What one proof is about.
pub(super) struct Proof<'a> {
    pub(super) method: &'a Method,
    pub(super) url: &'a Url,
    pub(super) at: DateTime<Utc>,
    /// As the server asked for, if it did.
    pub(super) nonce: Option<&'a str>,
    /// The token that goes with the request, where one does.
    pub(super) token: Option<&'a SecretString>,
}

#[derive(Serialize)]
struct Header<'a> {
    typ: &'static str,
    alg: &'static str,
    jwk: PublicKey<'a>,
}

#[derive(Serialize)]
struct PublicKey<'a> {
    kty: &'static str,
    crv: &'static str,
    x: &'a str,
    y: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    jti: String,
    htm: &'a str,
    htu: &'a str,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
}

impl ProofKey {
    pub(super) fn generate() -> Result<ProofKey, CannotSign> {
        let pair =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| CannotSign)?;
        // SEC 1: a 4, then both coordinates, 32 bytes each.
        let (_, point) = pair.public_key().as_ref().split_at(1);
        let (x, y) = point.split_at(32);
        let (x, y) = (jwt::base64url(x), jwt::base64url(y));
        Ok(ProofKey { pair, x, y })
    }

    pub(super) fn prove(&self, proof: &Proof<'_>) -> Result<String, CannotSign> {
        let header = Header {
            typ: "dpop+jwt",
            alg: "ES256",
            jwk: PublicKey {
                kty: "EC",
                crv: "P-256",
                x: &self.x,
                y: &self.y,
            },
        };
        let mut target = proof.url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let hash = |token: &SecretString| {
            let digest = Sha256::digest(token.expose_secret().as_bytes());
            jwt::base64url(&digest)
        };
        let claims = Claims {
            jti: jwt::unique_id()?,
            htm: proof.method.as_str(),
            htu: target.as_str(),
            iat: proof.at.timestamp(),
            nonce: proof.nonce,
            ath: proof.token.map(hash),
        };
        jwt::compact(&header, &claims, |message| {
            let signature = self.pair.sign(&SystemRandom::new(), message)?;
            Ok(signature.as_ref().to_vec())
        })
    }
}
