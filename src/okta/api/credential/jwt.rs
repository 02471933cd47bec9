//! Signed tokens of our own making, in JWS compact form (RFC 7515 section 7.1).

use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// No signature was to be had: the system has no randomness, or the key is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this machine could not sign the sign-in to Okta; if it lasts, replace the key in OKTA_PRIVATE_KEY"
)]
pub struct CannotSign;

impl From<Unspecified> for CannotSign {
    fn from(_: Unspecified) -> CannotSign {
        CannotSign
    }
}

pub(super) fn compact(
    header: &impl Serialize,
    claims: &impl Serialize,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Unspecified>,
) -> Result<String, CannotSign> {
    let part = |json: serde_json::Result<Vec<u8>>| json.map(|json| base64url(&json));
    let header = part(serde_json::to_vec(header)).map_err(|_| CannotSign)?;
    let claims = part(serde_json::to_vec(claims)).map_err(|_| CannotSign)?;
    let message = format!("{header}.{claims}");
    let signature = sign(message.as_bytes())?;
    Ok(format!("{message}.{}", base64url(&signature)))
}

pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A `jti`: 128 random bits, so that no two tokens share one.
pub(super) fn unique_id() -> Result<String, CannotSign> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(base64url(&bytes))
}
