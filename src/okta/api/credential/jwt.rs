//! JSON Web Tokens that this program signs, in JWS compact form (RFC 7515 section 7.1).

use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::okta::api::error::sign_in::CannotSign;

pub(super) fn compact(
    header: &impl Serialize,
    claims: &impl Serialize,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Unspecified>,
) -> Result<String, CannotSign> {
    let part = |json: serde_json::Result<Vec<u8>>| json.map(|json| base64url(&json));
    let header = part(serde_json::to_vec(header)).map_err(|_| CannotSign)?;
    let claims = part(serde_json::to_vec(claims)).map_err(|_| CannotSign)?;
    let message = format!("{header}.{claims}");
    let signature = sign(message.as_bytes()).map_err(|_| CannotSign)?;
    Ok(format!("{message}.{}", base64url(&signature)))
}

pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A `jti`: 128 random bits, so that no two tokens share one.
pub(super) fn unique_id() -> Result<String, CannotSign> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| CannotSign)?;
    Ok(base64url(&bytes))
}
