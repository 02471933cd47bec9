//! A client's assertion: who signed it, for whom, when, and never twice.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

use super::app::ServiceApp;
use super::authorization_server::AuthorizationServer;
use super::denied::Denied;

/// What Okta takes for `private_key_jwt`.
const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::ES256,
    Algorithm::ES384,
];

/// How far the times of a client may be ahead.
pub(super) const LEEWAY: TimeDelta = TimeDelta::seconds(5);

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    jti: Option<String>,
}

/// A validation of the signature alone; times and names are judged here, by the org's clock.
pub(super) fn signature_by(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

/// Checks an assertion that came to `audience`.
pub(super) fn check(
    server: &AuthorizationServer,
    app: &ServiceApp,
    assertion: &str,
    audience: &str,
    now: DateTime<Utc>,
) -> Result<(), Denied> {
    let header = decode_header(assertion)
        .map_err(|_| Denied::client("The client_assertion is not a JWT."))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Denied::client("The client_assertion's alg is not taken."));
    }
    let key = key(app, header.kid.as_deref())?;
    let claims: Claims = decode(assertion, &key, &signature_by(header.alg))
        .map_err(|_| Denied::client("The client_assertion signature is invalid."))?
        .claims;
    if claims.iss != app.client_id || claims.sub != app.client_id {
        return Err(Denied::client("Invalid value for 'client_id' parameter."));
    }
    if claims.aud != audience {
        return Err(Denied::client(
            "The audience claim for client_assertion must be the endpoint invoked for the request.",
        ));
    }
    let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
    if claims.exp <= now {
        return Err(Denied::client("The client_assertion token is expired."));
    }
    if claims.exp > claims.iat + 3600 {
        return Err(Denied::client("The client_assertion expires too late."));
    }
    if claims.iat > now + leeway {
        return Err(Denied::client(
            "The client_assertion was issued in the future.",
        ));
    }
    match claims.jti {
        Some(id) if !server.use_id(&id) => Err(Denied::client(
            "The client_assertion token has already been used.",
        )),
        _ => Ok(()),
    }
}

/// The key of that id; without an id, the only one there is.
fn key(app: &ServiceApp, id: Option<&str>) -> Result<DecodingKey, Denied> {
    let wanted = |key: &&Value| match id {
        Some(id) => key.get("kid").and_then(Value::as_str) == Some(id),
        None => app.keys.len() == 1,
    };
    let unknown = || Denied::client("The client_assertion's kid is unknown, or missing.");
    let key = app.keys.iter().find(wanted).ok_or_else(unknown)?;
    let jwk: Jwk = serde_json::from_value(key.clone()).map_err(|_| unknown())?;
    DecodingKey::from_jwk(&jwk).map_err(|_| unknown())
}
