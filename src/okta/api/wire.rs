//! What every exchange with Okta shares: bodies with a cap, silence in words, redirects refused.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{HeaderMap, LOCATION, WWW_AUTHENTICATE};

use super::inflate::Inflate;
use crate::okta::api::error::OktaError;

/// Most of an error's body that is read.
pub(crate) const MAX_ERROR_BYTES: usize = 64_000;

/// Whether a body stayed within its cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fits {
    Yes,
    No,
    /// It is compressed, and its compression is broken.
    Damaged,
}

/// Appends a body to `body`, inflated if it is compressed, up to `most` bytes in all.
pub(crate) async fn read(
    mut response: Response,
    body: &mut Vec<u8>,
    most: usize,
) -> reqwest::Result<Fits> {
    let mut inflate = Inflate::of(response.headers());
    while let Some(chunk) = response.chunk().await? {
        let fits = match &mut inflate {
            Some(inflate) => inflate.push(&chunk, body, most),
            None if body.len() + chunk.len() > most => Fits::No,
            None => {
                body.extend_from_slice(&chunk);
                Fits::Yes
            }
        };
        if fits != Fits::Yes {
            return Ok(fits);
        }
    }
    Ok(match inflate {
        Some(inflate) if !inflate.is_whole() => Fits::Damaged,
        _ => Fits::Yes,
    })
}

/// Reads what there is of an error's body: what cannot be read of it does not change what the
/// status says.
pub(crate) async fn read_error(response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let _ = read(response, &mut body, MAX_ERROR_BYTES).await;
    body
}

/// Whether the answer asks for another DPoP proof (RFC 9449 sections 7.1 and 9).
pub(crate) fn proof_challenged(headers: &HeaderMap) -> bool {
    let asks = |challenge: &str| {
        challenge.contains("invalid_dpop_proof") || challenge.contains("use_dpop_nonce")
    };
    let challenges = headers.get_all(WWW_AUTHENTICATE).iter();
    challenges
        .filter_map(|challenge| challenge.to_str().ok())
        .any(asks)
}

/// A redirect, which is never followed: what is secret in the request would go with it.
pub(crate) fn redirected(place: String, headers: &HeaderMap) -> OktaError {
    let to = headers
        .get(LOCATION)
        .and_then(|to| to.to_str().ok())
        .unwrap_or("nowhere");
    let location = to.split('?').next().unwrap_or(to);
    OktaError::Redirected {
        org: place,
        location: location.chars().take(200).collect(),
    }
}

/// No answer within `limit`, or none at all.
pub(crate) fn transport(place: String, error: &reqwest::Error, limit: Duration) -> OktaError {
    // A connection that times out is a matter of the address or a firewall, not of large pages.
    let slow = error.is_timeout() && !error.is_connect();
    let problem = if slow {
        format!(
            "did not answer within {} s; if it lasts, look at status.okta.com",
            limit.as_secs()
        )
    } else if error.is_connect() {
        format!(
            "cannot be reached ({}); is OKTA_DOMAIN right, and may this host reach it?",
            root_cause(error)
        )
    } else {
        format!(
            "broke its answer off ({}); if it lasts, does a proxy or a firewall stand in between?",
            root_cause(error)
        )
    };
    OktaError::Transport {
        org: place,
        slow,
        problem,
    }
}

/// The innermost cause: outer layers repeat the URL, whose query is nobody's business.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
