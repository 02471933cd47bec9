//! Why a service app got no access token, each reason with what to do about it.
//!
//! Errors: RFC 6749 section 5.2 and Okta, *OpenID Connect & OAuth 2.0 API*. What any call may
//! meet, a spent rate limit or an outage, is told by [`crate::okta::api::error::OktaError`] itself.

use chrono::TimeDelta;
use reqwest::StatusCode;

use super::jwt::CannotSign;
use crate::okta::api::error::Answer;

/// Why Okta's token endpoint gave no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// `invalid_client`: the assertion does not prove the app.
    #[error(
        "{org} does not take the service app's sign-in ({answer}); is OKTA_CLIENT_ID the app's client id, is the public key of OKTA_PRIVATE_KEY an active one of that app, and is OKTA_KEY_ID that key's id?{}", skewed(*.behind)
    )]
    InvalidClient {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
        /// How far this machine's clock is behind Okta's.
        behind: Option<TimeDelta>,
    },
    /// `invalid_scope`: nobody granted it.
    #[error(
        "{org} does not give the service app the scope okta.logs.read ({answer}); a Super Admin grants it on the app's Okta API Scopes tab"
    )]
    ScopeNotGranted {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// `access_denied`: not from here.
    #[error(
        "{org} does not let the service app sign in ({answer}); where the app is limited to a network zone, add the outbound addresses of the function app to it"
    )]
    AccessDenied {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// `unauthorized_client`, `unsupported_grant_type`: an app of another kind.
    #[error(
        "{org} does not let this app sign in by itself ({answer}); OKTA_CLIENT_ID must be that of an API Services app, active, with the client authentication Public key / Private key"
    )]
    NoServiceApp {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// `invalid_dpop_proof`, `use_dpop_nonce`, though a proof with the nonce was sent.
    #[error(
        "{org} does not take the DPoP proof of the service app ({answer}){}; if it lasts, ask Okta's support about it", skewed(*.behind)
    )]
    ProofRefused {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
        /// How far this machine's clock is behind Okta's.
        behind: Option<TimeDelta>,
    },
    /// An answer that no token endpoint gives.
    #[error(
        "{org} gave an answer that Okta's token endpoint does not have ({answer}); OKTA_DOMAIN must be the org's own address, with nothing in between that changes its answers"
    )]
    Unexpected {
        /// The org's host.
        org: String,
        /// Status and Okta's words, never the token.
        answer: Answer,
    },
    /// Nothing was asked.
    #[error(transparent)]
    CannotSign(#[from] CannotSign),
}

impl SignInError {
    /// Understands a refusal; `behind` is how far this machine's clock is behind Okta's.
    pub(super) fn of(org: String, answer: Answer, behind: Option<TimeDelta>) -> SignInError {
        match answer.code.as_deref() {
            Some("invalid_client") => SignInError::InvalidClient {
                org,
                answer,
                behind,
            },
            Some("invalid_scope") => SignInError::ScopeNotGranted { org, answer },
            Some("access_denied") => SignInError::AccessDenied { org, answer },
            Some("unauthorized_client" | "unsupported_grant_type") => {
                SignInError::NoServiceApp { org, answer }
            }
            Some("invalid_dpop_proof" | "use_dpop_nonce") => SignInError::ProofRefused {
                org,
                answer,
                behind,
            },
            _ => SignInError::Unexpected { org, answer },
        }
    }

    /// A 200 without a token that could be used. Its body may hold one, so it is not shown.
    pub(super) fn unreadable(org: String, problem: &str) -> SignInError {
        let answer = Answer {
            status: StatusCode::OK.as_u16(),
            code: None,
            summary: problem.to_owned(),
        };
        SignInError::Unexpected { org, answer }
    }
}

/// Okta takes assertions and proofs whose times are near its own; a minute is beyond question.
const TOLERABLE: TimeDelta = TimeDelta::minutes(1);

fn skewed(behind: Option<TimeDelta>) -> String {
    let Some(behind) = behind.filter(|behind| behind.abs() > TOLERABLE) else {
        return String::new();
    };
    let word = match behind < TimeDelta::zero() {
        true => "ahead of",
        false => "behind",
    };
    let seconds = behind.abs().num_seconds();
    format!(
        ". And this machine's clock is {seconds} s {word} Okta's, which alone may be the reason: set it right"
    )
}
