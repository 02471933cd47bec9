//! What can go wrong between us and Okta, each with its own words and its own consequence.
//!
//! Codes: Okta, *Error codes and descriptions*. The HTTP status decides; `E0000053`, for one, is
//! an invalid filter with 400 and an unknown fault with 500.

use std::time::Duration;

use reqwest::StatusCode;

use super::credential::{Caller, CannotSign, NotAHeader, SignInError};
use super::rate::RateLimit;
use crate::net::retry::{Failure, RetryDecision};
use crate::okta::log::client::Page;

mod answer;

pub use answer::Answer;

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OktaError {
    /// 400 on a cursor that Okta itself handed out: it is no longer good.
    #[error("{org} no longer takes the saved cursor ({answer})")]
    CursorRefused {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 400 on a request of our own making.
    #[error(
        "{org} refused the request ({answer}); correct OKTA_FILTER, or OKTA_START_AT if that is set"
    )]
    BadRequest {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 401.
    #[error("{org} refused {}. The saved cursor stays where it is", unauthorized(*.caller, answer))]
    Unauthorized {
        /// The org's host.
        org: String,
        /// Who asked.
        caller: Caller,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 403 for want of a role.
    #[error("{org} does not let {}", forbidden(*.caller, answer))]
    Forbidden {
        /// The org's host.
        org: String,
        /// Who asked.
        caller: Caller,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 403 for the place the request comes from.
    #[error(
        "{org} does not take this token from here ({answer}); add the outbound addresses of the \
         function app to the network zone of {}", match caller { Caller::ApiToken => "the token", Caller::ServiceApp => "the service app" }
    )]
    OutsideZone {
        /// The org's host.
        org: String,
        /// Who asked.
        caller: Caller,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 404.
    #[error(
        "{org} has no System Log at /api/v1/logs ({answer}); OKTA_DOMAIN must be the org's own address"
    )]
    NotFound {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 429, of the log or of the token endpoint, which `org` then names.
    #[error("{org} answers that {} ({answer})", if *.concurrent { "too many requests run at once" } else { "its rate limit is spent" })]
    RateLimited {
        /// The org's host.
        org: String,
        /// Whether it is the limit of simultaneous requests.
        concurrent: bool,
        /// How long Okta asks to wait, if it does.
        wait: Option<Duration>,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 5xx, 408, and anything else that may pass; of the log or of the token endpoint.
    #[error("{org} is in trouble ({answer}){}; if it lasts, look at status.okta.com", if *.slow { "; it did not finish the query in time" } else { "" })]
    Trouble {
        /// The org's host.
        org: String,
        /// Whether Okta ran out of time, which smaller pages mend.
        slow: bool,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// Any other status.
    #[error(
        "{org} gave an answer that the System Log API does not have ({answer}); is OKTA_DOMAIN right?"
    )]
    Unexpected {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 3xx: redirects are never followed, since the token would go with them.
    #[error(
        "{org} redirects to {location}; redirects are never followed: set OKTA_DOMAIN to the address where the org is now"
    )]
    Redirected {
        /// The org's host.
        org: String,
        /// Where to, without its query.
        location: String,
    },
    /// The link to the next page leads elsewhere, and the token with it.
    #[error(
        "{org} links to its next page at {target}, which is not this org's System Log; the token was not sent there. Is OKTA_DOMAIN the address that Okta itself uses (custom domain or okta.com)?"
    )]
    ForeignLink {
        /// The org's host.
        org: String,
        /// Scheme, host and path of the link.
        target: String,
    },
    /// The saved cursor leads elsewhere: somebody changed it.
    #[error(
        "the saved cursor leads to {target}, which is not the System Log of {org}; nothing was sent there. Put cursor.json right, or start anew with `okta-sentinel ship --restart`"
    )]
    ForeignCursor {
        /// The org's host.
        org: String,
        /// Scheme, host and path of the cursor.
        target: String,
    },
    /// No answer, or one that broke off.
    #[error("{org} {problem}")]
    Transport {
        /// The org's host.
        org: String,
        /// Whether it was the time that ran out.
        slow: bool,
        /// What happened.
        problem: String,
    },
    /// More than a page may be.
    #[error(
        "{org} sent a page of more than {limit} bytes though one event was asked for; nothing is skipped without a word: if it lasts, ask Okta's support about it"
    )]
    PageTooLarge {
        /// The org's host.
        org: String,
        /// The cap, in bytes after decompression.
        limit: usize,
        /// What came with the page, its link to the next one included.
        page: Box<Page>,
    },
    /// A body that is no list of events.
    #[error(
        "{org} sent a page that cannot be read: {problem}; if it lasts, does OKTA_DOMAIN name the org, and does a proxy in between change its answers?"
    )]
    UnreadablePage {
        /// The org's host.
        org: String,
        /// The decoder's words.
        problem: String,
    },
    /// The credential cannot be used at all.
    #[error("{0}")]
    Credential(#[from] NotAHeader),
    /// The service app got no access token.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

impl From<CannotSign> for OktaError {
    fn from(problem: CannotSign) -> OktaError {
        OktaError::SignIn(problem.into())
    }
}

fn unauthorized(caller: Caller, answer: &Answer) -> String {
    match caller {
        Caller::ApiToken => format!(
            "the API token ({answer}): it has expired, was revoked, or its owner was deactivated; \
             create a new one and set OKTA_API_TOKEN"
        ),
        Caller::ServiceApp => format!(
            "an access token that it had just given to the service app ({answer}); is the app \
             still active, and is this machine's clock right?"
        ),
    }
}

fn forbidden(caller: Caller, answer: &Answer) -> String {
    match caller {
        Caller::ApiToken => format!(
            "the token's owner read the System Log ({answer}); give that user the Report \
             Administrator role"
        ),
        Caller::ServiceApp => format!(
            "the service app read the System Log ({answer}); the app needs both the scope \
             okta.logs.read, which a Super Admin grants on its Okta API Scopes tab, and an admin \
             role, Report Administrator, on its Admin roles tab"
        ),
    }
}

/// An answer other than 200, less its body.
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) rate: Option<RateLimit>,
    pub(crate) retry_after: Option<Duration>,
    /// Whether the request was a link that Okta had given.
    pub(crate) from_okta: bool,
    /// Whether the headers say that it is the DPoP proof that was refused.
    pub(crate) proof_challenged: bool,
    pub(crate) caller: Caller,
}

impl OktaError {
    /// Understands an answer other than 200; `org` names who gave it.
    pub(crate) fn of(org: &str, refused: &Refused, body: &[u8]) -> OktaError {
        let (status, caller) = (refused.status, refused.caller);
        let (org, answer) = (org.to_owned(), Answer::read(status, body));
        let code = answer.code.clone().unwrap_or_default();
        match status.as_u16() {
            // Whatever its status, such an answer is about the token and not about the cursor.
            _ if refused.proof_challenged || is_about_the_proof(&code) => OktaError::Unauthorized {
                org,
                caller,
                answer,
            },
            400 if refused.from_okta => OktaError::CursorRefused { org, answer },
            400 => OktaError::BadRequest { org, answer },
            401 => OktaError::Unauthorized {
                org,
                caller,
                answer,
            },
            403 if code == "access_denied" => OktaError::OutsideZone {
                org,
                caller,
                answer,
            },
            403 => OktaError::Forbidden {
                org,
                caller,
                answer,
            },
            404 => OktaError::NotFound { org, answer },
            429 => {
                let concurrent = refused.rate.is_some_and(|rate| rate.is_concurrency());
                let window = refused.rate.filter(|_| !concurrent);
                let window = window.map(|rate| rate.resets_in);
                OktaError::RateLimited {
                    org,
                    concurrent,
                    wait: refused.retry_after.or(window),
                    answer,
                }
            }
            408 | 500..=599 => {
                let slow = matches!(status.as_u16(), 408 | 504) || code == "E0000009";
                OktaError::Trouble { org, slow, answer }
            }
            _ => OktaError::Unexpected { org, answer },
        }
    }

    /// Whether a smaller page may be answered where this one was not: time ran out.
    pub fn asks_for_smaller_pages(&self) -> bool {
        matches!(
            self,
            OktaError::Trouble { slow: true, .. } | OktaError::Transport { slow: true, .. }
        )
    }
}

/// Errors of DPoP (RFC 9449 section 7.1), which come with 400 or 401.
fn is_about_the_proof(code: &str) -> bool {
    matches!(
        code,
        "invalid_dpop_proof" | "use_dpop_nonce" | "invalid_token"
    )
}

impl Failure for OktaError {
    fn retry_decision(&self) -> RetryDecision {
        match self {
            OktaError::RateLimited {
                wait: Some(wait), ..
            } => RetryDecision::RetryAfter(*wait),
            OktaError::RateLimited { wait: None, .. }
            | OktaError::Trouble { .. }
            | OktaError::Transport { .. }
            | OktaError::UnreadablePage { .. } => RetryDecision::Retry,
            OktaError::CursorRefused { .. }
            | OktaError::BadRequest { .. }
            | OktaError::Unauthorized { .. }
            | OktaError::Forbidden { .. }
            | OktaError::OutsideZone { .. }
            | OktaError::NotFound { .. }
            | OktaError::Unexpected { .. }
            | OktaError::Redirected { .. }
            | OktaError::ForeignLink { .. }
            | OktaError::ForeignCursor { .. }
            | OktaError::PageTooLarge { .. }
            | OktaError::Credential(_)
            | OktaError::SignIn(_) => RetryDecision::Stop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> OktaError {
        let refused = Refused {
            status: StatusCode::from_u16(status).unwrap(),
            rate: None,
            retry_after: None,
            from_okta: true,
            proof_challenged: false,
            caller: Caller::ServiceApp,
        };
        OktaError::of("acme.okta.com", &refused, body.as_bytes())
    }

    #[test]
    fn the_status_decides_where_one_code_means_two_things() {
        let body = r#"{"errorCode":"E0000053","errorSummary":"Invalid filter","errorCauses":[]}"#;
        assert!(matches!(of(400, body), OktaError::CursorRefused { .. }));
        assert!(matches!(
            of(500, body),
            OktaError::Trouble { slow: false, .. }
        ));
    }

    #[test]
    fn a_web_page_is_called_one() {
        let error = of(502, "<html><body>Bad gateway</body></html>");
        let line = "acme.okta.com is in trouble (502 with a web page instead of JSON); if it \
                    lasts, look at status.okta.com";
        assert_eq!(error.to_string(), line);
    }

    #[test]
    fn a_network_zone_and_a_missing_role_have_different_remedies() {
        let zone = of(
            403,
            r#"{"error":"access_denied","error_description":"not from here"}"#,
        );
        assert!(zone.to_string().contains("network zone"), "{zone}");
        let role = of(
            403,
            r#"{"errorCode":"E0000006","errorSummary":"You do not have permission"}"#,
        );
        assert!(role.to_string().contains("Report Administrator"), "{role}");
    }

    #[test]
    fn a_refused_proof_is_no_refused_cursor() {
        let body = r#"{"error":"invalid_dpop_proof","error_description":"jti was used before"}"#;
        for status in [400, 401] {
            let error = of(status, body);
            assert!(matches!(error, OktaError::Unauthorized { .. }), "{error}");
        }
    }
}
