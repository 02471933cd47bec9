//! How the API checks access tokens and proofs.

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};

use super::app::Dpop;
use super::authorization_server::{AuthorizationServer, Issued};
use super::denied::Denied;
use super::endpoint::single;
use super::proof::{self, Expected};
use crate::okta::journal::Authorization;
use crate::okta::locks::locked;
use crate::okta::refusal::Refusal;

/// What a request shows for itself, and where.
pub(in crate::okta) struct Presented<'a> {
    pub(in crate::okta) headers: &'a HeaderMap,
    /// The `Authorization` header.
    pub(in crate::okta) authorization: &'a str,
    pub(in crate::okta) method: &'a str,
    /// Scheme, host, port and path.
    pub(in crate::okta) url: &'a str,
    pub(in crate::okta) now: DateTime<Utc>,
}

/// What the API makes of it.
#[derive(Clone, Debug)]
pub(in crate::okta) struct Judged {
    pub(in crate::okta) authorization: Authorization,
    pub(in crate::okta) refusal: Option<Refusal>,
    pub(in crate::okta) challenge: Option<String>,
    pub(in crate::okta) nonce: Option<String>,
}

impl Judged {
    /// Nothing is wrong, or the token is not one of these.
    pub(in crate::okta) fn plainly(authorization: Authorization) -> Self {
        let refusal = match authorization {
            Authorization::Accepted => None,
            Authorization::Missing | Authorization::Wrong => Some(Refusal::new(401, "E0000011")),
        };
        Self {
            authorization,
            refusal,
            challenge: None,
            nonce: None,
        }
    }

    fn denied(scheme: &str, denied: &Denied) -> Self {
        let status = match denied.error {
            "invalid_dpop_proof" => 400,
            _ => 401,
        };
        Self {
            refusal: Some(Refusal::oauth(status, denied.error, &denied.description)),
            challenge: Some(format!("{scheme} error=\"{}\"", denied.error)),
            nonce: denied.nonce.clone(),
            ..Self::plainly(Authorization::Wrong)
        }
    }
}

impl AuthorizationServer {
    /// Judges an access token; `None` where the scheme is none of OAuth's.
    pub(in crate::okta) fn judge(&self, presented: &Presented<'_>) -> Option<Judged> {
        let (scheme, token) = presented.authorization.split_once(' ')?;
        let issued = locked(&self.tokens).get(token).cloned();
        let valid = issued
            .filter(|issued| presented.now < issued.expires_at)
            .ok_or_else(|| Denied::new(401, "invalid_token", "The token is invalid."));
        let checked = match scheme {
            "Bearer" => valid.and_then(unbound),
            "DPoP" => valid.and_then(|issued| self.bound(issued, token, presented)),
            _ => return None,
        };
        Some(match checked {
            // An unknown or expired token gets the error of a wrong API token.
            Err(denied) if denied.error == "invalid_token" => Judged {
                refusal: Some(Refusal::new(401, "E0000011")),
                ..Judged::denied(scheme, &denied)
            },
            Err(denied) => Judged::denied(scheme, &denied),
            Ok(issued) => {
                let role = locked(&self.app).as_ref().is_some_and(|app| app.reads_log);
                let scope = issued.scopes.iter().any(|scope| scope == "okta.logs.read");
                let mut judged = Judged::plainly(Authorization::Accepted);
                if !(role && scope) {
                    judged.refusal = Some(Refusal::new(403, "E0000006"));
                }
                judged
            }
        })
    }

    fn bound(
        &self,
        issued: Issued,
        token: &str,
        presented: &Presented<'_>,
    ) -> Result<Issued, Denied> {
        let proof = single(presented.headers, "dpop")?
            .ok_or_else(|| Denied::proof("The DPoP proof JWT header is missing."))?;
        let dpop = locked(&self.app).as_ref().map(|app| app.dpop);
        let expected = Expected {
            method: presented.method,
            url: presented.url,
            token: Some(token),
            nonce: dpop == Some(Dpop::RequiredWithNonceEverywhere),
            now: presented.now,
        };
        let key = proof::check(self, proof, &expected)?;
        match issued.bound_to == Some(key) {
            true => Ok(issued),
            false => Err(Denied::proof("The DPoP proof is by another key.")),
        }
    }
}

fn unbound(issued: Issued) -> Result<Issued, Denied> {
    match issued.bound_to {
        None => Ok(issued),
        Some(_) => Err(Denied::new(
            401,
            "invalid_token",
            "The token is bound to a key.",
        )),
    }
}
