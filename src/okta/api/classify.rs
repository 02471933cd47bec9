//! What an exchange that failed means.
//!
//! Codes: Okta, *Error codes and descriptions*. The HTTP status decides; `E0000053`, for one, is
//! an invalid filter with 400 and an unknown fault with 500.

use std::time::Duration;

use chrono::Utc;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION, WWW_AUTHENTICATE};

use crate::net::http::{is_slow, root_cause};
use crate::net::retry::retry_after;
use crate::okta::api::caller::Caller;
use crate::okta::api::error::OktaErrorKind;
use crate::okta::api::error::answer::Answer;
use crate::okta::api::rate::RateLimit;
use crate::okta::api::resource::Resource;
use crate::telemetry::shown;

/// An answer of an unexpected status to a request for `resource`.
pub(crate) fn refusal(
    resource: &'static Resource,
    caller: Caller,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> OktaErrorKind {
    let answer = Answer::read(status, body);
    let code = answer.code.as_deref();
    // Whatever its status, such an answer is about the token and not about the request.
    if asks_for_another_proof(headers) || code.is_some_and(is_about_the_token) {
        return OktaErrorKind::Unauthorized(resource, caller, answer);
    }
    match status.as_u16() {
        300..=399 => redirect(headers),
        400 => OktaErrorKind::BadRequest(resource, answer),
        401 => OktaErrorKind::Unauthorized(resource, caller, answer),
        403 if code == Some("access_denied") => OktaErrorKind::OutsideZone(caller, answer),
        403 => OktaErrorKind::Forbidden(resource, caller, answer),
        404 => OktaErrorKind::NotFound(resource, answer),
        _ => match passing(answer, headers) {
            Ok(passing) => passing,
            Err(answer) => OktaErrorKind::Unexpected(resource, answer),
        },
    }
}

/// A spent rate limit or an outage, which any of Okta's endpoints may answer; else the answer back.
pub(crate) fn passing(answer: Answer, headers: &HeaderMap) -> Result<OktaErrorKind, Answer> {
    match answer.status {
        429 => {
            let rate = RateLimit::read(headers, Utc::now());
            let concurrent = rate.is_some_and(|rate| rate.is_concurrency());
            let window = rate.filter(|_| !concurrent).map(|rate| rate.resets_in);
            Ok(OktaErrorKind::RateLimited {
                concurrent,
                wait: retry_after(headers).or(window),
                answer,
            })
        }
        // Of what cannot do what was asked: it does not pass.
        501 | 505 | 506 | 508 | 510 | 511 => Err(answer),
        408 | 500..=599 => {
            let slow =
                matches!(answer.status, 408 | 504) || answer.code.as_deref() == Some("E0000009");
            Ok(OktaErrorKind::Trouble { slow, answer })
        }
        _ => Err(answer),
    }
}

/// A redirect, which is never followed: what is secret in the request would go with it.
pub(crate) fn redirect(headers: &HeaderMap) -> OktaErrorKind {
    let to = headers.get(LOCATION).and_then(|to| to.to_str().ok());
    let to = to.unwrap_or("nowhere");
    let location = to.split_once('?').map_or(to, |(location, _)| location);
    OktaErrorKind::Redirected {
        location: shown::excerpt(location, 200),
    }
}

/// No answer within `limit`, or none at all.
pub(crate) fn transport(error: &reqwest::Error, limit: Duration) -> OktaErrorKind {
    let (slow, cause, limit) = (is_slow(error), root_cause(error), limit.as_secs());
    let problem = if slow {
        format!("did not answer within {limit} s; if it lasts, look at status.okta.com")
    } else if error.is_connect() {
        format!("cannot be reached ({cause}); is OKTA_DOMAIN right, and may this host reach it?")
    } else {
        format!(
            "broke its answer off ({cause}); if it lasts, does a proxy or a firewall stand in between?"
        )
    };
    OktaErrorKind::Transport { slow, problem }
}

/// Whether the headers ask for another DPoP proof (RFC 9449 sections 7.1 and 9).
fn asks_for_another_proof(headers: &HeaderMap) -> bool {
    let asks = |challenge: &str| {
        challenge.contains("invalid_dpop_proof") || challenge.contains("use_dpop_nonce")
    };
    let challenges = headers.get_all(WWW_AUTHENTICATE).iter();
    challenges
        .filter_map(|challenge| challenge.to_str().ok())
        .any(asks)
}

/// Errors of DPoP (RFC 9449 section 7.1), which come with 400 or 401.
fn is_about_the_token(code: &str) -> bool {
    matches!(
        code,
        "invalid_dpop_proof" | "use_dpop_nonce" | "invalid_token"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::okta::api::error::OktaError;

    const USERS: Resource = Resource {
        name: "Users",
        path: "/api/v1/users",
        entry: "user",
        scope: "okta.users.read",
        role: "Help Desk Administrator",
        settings: "OKTA_DOMAIN",
        unchanged: "Nothing was done",
    };

    fn read(status: u16, body: &str) -> OktaErrorKind {
        let status = StatusCode::from_u16(status).unwrap();
        refusal(
            &USERS,
            Caller::ServiceApp,
            status,
            &HeaderMap::new(),
            body.as_bytes(),
        )
    }

    #[test]
    fn the_status_decides_where_one_code_means_two_things() {
        let body = r#"{"errorCode":"E0000053","errorSummary":"Invalid filter","errorCauses":[]}"#;
        assert!(matches!(read(400, body), OktaErrorKind::BadRequest(..)));
        assert!(matches!(
            read(500, body),
            OktaErrorKind::Trouble { slow: false, .. }
        ));
    }

    #[test]
    fn a_web_page_is_called_one() {
        let kind = read(502, "<html><body>Bad gateway</body></html>");
        let line = "acme.okta.com is in trouble (502 with a web page instead of JSON); if it \
                    lasts, look at status.okta.com";
        assert_eq!(OktaError::new(&"acme.okta.com", kind).to_string(), line);
    }

    #[test]
    fn a_network_zone_and_a_missing_role_have_different_remedies() {
        let zone = read(
            403,
            r#"{"error":"access_denied","error_description":"not from here"}"#,
        );
        assert!(zone.to_string().contains("network zone"), "{zone}");
        let role = read(
            403,
            r#"{"errorCode":"E0000006","errorSummary":"You do not have permission"}"#,
        );
        for word in ["Users", "okta.users.read", "Help Desk Administrator"] {
            assert!(role.to_string().contains(word), "{role}");
        }
    }

    #[test]
    fn a_refused_proof_is_no_refused_request() {
        let body = r#"{"error":"invalid_dpop_proof","error_description":"jti was used before"}"#;
        for status in [400, 401] {
            let kind = read(status, body);
            assert!(matches!(kind, OktaErrorKind::Unauthorized(..)), "{kind}");
        }
    }
}
