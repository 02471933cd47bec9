//! JSON Web Tokens that this program signs, in JWS compact form (RFC 7515 section 7.1).

use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::okta::api::error::sign_in::CannotSign;

/// The token of two JSON objects. A member that is null is left out.
pub(super) fn compact(
    header: Value,
    claims: Value,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Unspecified>,
) -> Result<String, CannotSign> {
    let part = |mut object: Value| {
        if let Value::Object(members) = &mut object {
            members.retain(|_, member| !member.is_null());
        }
        base64url(object.to_string().as_bytes())
    };
    let message = format!("{}.{}", part(header), part(claims));
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
