//! DPoP proofs (RFC 9449): with each request, a signature by a key that never leaves this process,
//! so that a stolen token alone is of no use.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use chrono::{DateTime, Utc};
use reqwest::Method;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::net::http::secret_header;
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

    /// A proof of one request. `nonce` is as the server asked for, `token` what goes with the
    /// request.
    pub(super) fn prove(
        &self,
        method: &Method,
        url: &Url,
        at: DateTime<Utc>,
        nonce: Option<&str>,
        token: Option<&SecretString>,
    ) -> Result<HeaderValue, CannotSign> {
        let mut target = url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let hash = |token: &SecretString| {
            let digest = Sha256::digest(token.expose_secret().as_bytes());
            jwt::base64url(&digest)
        };
        let header = json!({
            "typ": "dpop+jwt",
            "alg": "ES256",
            "jwk": { "kty": "EC", "crv": "P-256", "x": self.x, "y": self.y },
        });
        let claims = json!({
            "jti": jwt::unique_id()?,
            "htm": method.as_str(),
            "htu": target.as_str(),
            "iat": at.timestamp(),
            "nonce": nonce,
            "ath": token.map(hash),
        });
        let proof = jwt::compact(header, claims, |message| {
            let signature = self.pair.sign(&SystemRandom::new(), message)?;
            Ok(signature.as_ref().to_vec())
        })?;
        secret_header("", &proof).ok_or(CannotSign)
    }
}
