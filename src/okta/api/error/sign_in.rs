//! Why a service app got no access token, each reason with what to do about it.
//!
//! Errors: RFC 6749 section 5.2 and Okta, *OpenID Connect & OAuth 2.0 API*.

use chrono::TimeDelta;
use reqwest::StatusCode;

use crate::okta::api::error::answer::Answer;

/// Why Okta's token endpoint gave no token. A message goes on from the org's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// `invalid_client`: the assertion does not prove the app.
    #[error(
        "does not take the service app's sign-in ({answer}); is OKTA_CLIENT_ID the app's client id, is the public key of OKTA_PRIVATE_KEY an active one of that app, and is OKTA_KEY_ID that key's id?{}", clock_advice(*.behind)
    )]
    InvalidClient {
        answer: Answer,
        /// How far this machine's clock is behind Okta's, where the answer had a date.
        behind: Option<TimeDelta>,
    },
    /// `invalid_scope`: nobody granted it.
    #[error(
        "does not give the service app the scope {scope} ({answer}); a Super Admin grants it on the app's Okta API Scopes tab"
    )]
    ScopeNotGranted { scope: &'static str, answer: Answer },
    /// `access_denied`: not from this network.
    #[error(
        "does not let the service app sign in ({0}); where the app is limited to a network zone, add the outbound addresses of the function app to it"
    )]
    AccessDenied(Answer),
    /// `unauthorized_client`, `unsupported_grant_type`: an app of another kind.
    #[error(
        "does not let this app sign in by itself ({0}); OKTA_CLIENT_ID must be that of an API Services app, active, with the client authentication Public key / Private key"
    )]
    NoServiceApp(Answer),
    /// `invalid_dpop_proof`, `use_dpop_nonce`, though a proof with the nonce was sent.
    #[error(
        "does not take the DPoP proof of the service app ({answer}){}; if it lasts, ask Okta's support about it", clock_advice(*.behind)
    )]
    ProofRefused {
        answer: Answer,
        /// How far this machine's clock is behind Okta's, where the answer had a date.
        behind: Option<TimeDelta>,
    },
    /// An answer that no token endpoint gives. It never holds the token.
    #[error(
        "gave an answer that Okta's token endpoint does not have ({0}); OKTA_DOMAIN must be the org's own address, with nothing in between that changes its answers"
    )]
    Unexpected(Answer),
}

/// No signature was to be had: the system has no randomness, or the key is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this machine could not sign the sign-in to Okta; if it lasts, replace the key in OKTA_PRIVATE_KEY"
)]
pub struct CannotSign;

impl SignInError {
    /// Understands a refusal of `scope`; `behind` is how far this machine's clock is behind Okta's.
    pub(crate) fn read(
        answer: Answer,
        scope: &'static str,
        behind: Option<TimeDelta>,
    ) -> SignInError {
        match answer.code.as_deref() {
            Some("invalid_client") => SignInError::InvalidClient { answer, behind },
            Some("invalid_scope") => SignInError::ScopeNotGranted { scope, answer },
            Some("access_denied") => SignInError::AccessDenied(answer),
            Some("unauthorized_client" | "unsupported_grant_type") => {
                SignInError::NoServiceApp(answer)
            }
            Some("invalid_dpop_proof" | "use_dpop_nonce") => {
                SignInError::ProofRefused { answer, behind }
            }
            _ => SignInError::Unexpected(answer),
        }
    }

    /// A 200 without a token that could be used. Its body may hold one, so it is not shown.
    pub(crate) fn unreadable(problem: &str) -> SignInError {
        SignInError::Unexpected(Answer {
            status: StatusCode::OK.as_u16(),
            code: None,
            summary: problem.to_owned(),
        })
    }
}

/// Okta takes assertions and proofs whose times are near its own; a minute is beyond question.
const TOLERABLE: TimeDelta = TimeDelta::minutes(1);

fn clock_advice(behind: Option<TimeDelta>) -> String {
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
