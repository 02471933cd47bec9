//! One request to `/oauth2/v1/token`, and what its answer means.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use crate::net::token_cache::Issued;
use crate::okta::api::credential::authorization::{AccessToken, Scheme};
use crate::okta::api::domain::OktaDomain;
use crate::okta::api::error::answer::Answer;
use crate::okta::api::error::sign_in::SignInError;
use crate::okta::api::error::{OktaError, OktaErrorKind};
use crate::okta::api::inflate::ReadOutcome;
use crate::okta::api::{body, classify, rate};
use crate::telemetry::secrets;

/// Path of the org authorization server's token endpoint: the only one that grants `okta.*`
/// scopes, which `/oauth2/default` does not.
const TOKEN_PATH: &str = "/oauth2/v1/token";

const ATTEMPT_LIMIT: Duration = Duration::from_secs(20);
const MAX_ANSWER_BYTES: usize = 64_000;

/// Life of a token whose answer does not say; Okta's live 3600 s, and say so.
const SHORT_LIFE: i64 = 300;
const LONGEST_LIFE: i64 = 86_400;

/// Where an org's service apps sign in.
pub(super) struct TokenEndpoint<'a> {
    http: &'a Client,
    domain: &'a OktaDomain,
    scope: &'static str,
    url: Url,
}

/// What came of one request.
pub(super) enum Outcome {
    /// A token, whose life began with the request at the earliest.
    Granted(Issued<AccessToken>),
    /// The proof is missing, or lacks this nonce.
    ProofWanted {
        nonce: Option<String>,
        refusal: SignInError,
    },
}

#[derive(Deserialize)]
struct TokenBody {
    token_type: String,
    access_token: SecretString,
    expires_in: Option<i64>,
}

impl<'a> TokenEndpoint<'a> {
    /// `scope`: what the token is to be good for, scopes separated by blanks.
    pub(super) fn of(
        http: &'a Client,
        domain: &'a OktaDomain,
        scope: &'static str,
    ) -> TokenEndpoint<'a> {
        let mut url = domain.base().clone();
        url.set_path(TOKEN_PATH);
        TokenEndpoint {
            http,
            domain,
            scope,
            url,
        }
    }

    /// Its whole address, which is also the audience of assertions.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Asks once. `now` is this machine's time, against which Okta's is held.
    pub(super) async fn ask(
        &self,
        assertion: &str,
        proof: Option<HeaderValue>,
        now: DateTime<Utc>,
    ) -> Result<Outcome, OktaError> {
        let mut request = self
            .http
            .post(self.url.clone())
            .timeout(ATTEMPT_LIMIT)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(self.form(assertion));
        if let Some(proof) = proof {
            request = request.header("DPoP", proof);
        }
        let transport = |error| self.failed(classify::transport(&error, ATTEMPT_LIMIT));
        let response = request.send().await.map_err(transport)?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status != StatusCode::OK {
            let body = body::read_error(response).await;
            return self.refused(status, &headers, &body, now);
        }
        let mut body = Vec::new();
        let outcome = body::read(response, &mut body, MAX_ANSWER_BYTES).await;
        let granted = match outcome.map_err(transport)? {
            ReadOutcome::Complete => granted(&body, now),
            ReadOutcome::TooLarge => Err(SignInError::unreadable("with more than a token")),
            ReadOutcome::Damaged => Err(no_token()),
        };
        let granted = granted.map(Outcome::Granted);
        granted.map_err(|error| OktaError::new(self.domain, error))
    }

    fn refused(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Outcome, OktaError> {
        if status.is_redirection() {
            return Err(self.failed(classify::redirect(headers)));
        }
        let answer = match classify::passing(Answer::read(status, body), headers) {
            Ok(passing) => return Err(self.failed(passing)),
            Err(answer) => answer,
        };
        let behind = rate::date(headers).map(|date| date - now);
        match SignInError::read(answer, self.scope, behind) {
            refusal @ SignInError::ProofRefused { .. } => Ok(Outcome::ProofWanted {
                nonce: nonce(headers),
                refusal,
            }),
            refusal => Err(OktaError::new(self.domain, refusal)),
        }
    }

    /// What any endpoint may answer says which one it was.
    fn failed(&self, kind: OktaErrorKind) -> OktaError {
        OktaError::new(&format!("the token endpoint of {}", self.domain), kind)
    }

    fn form(&self, assertion: &str) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", self.scope)
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", assertion)
            .finish()
    }
}

fn granted(body: &[u8], asked: DateTime<Utc>) -> Result<Issued<AccessToken>, SignInError> {
    // The decoder's words may quote the token.
    let body: TokenBody = serde_json::from_slice(body).map_err(|_| no_token())?;
    let scheme = match body.token_type.to_ascii_lowercase().as_str() {
        "bearer" => Scheme::Bearer,
        "dpop" => Scheme::Dpop,
        _ => return Err(SignInError::unreadable("with a token of an unknown type")),
    };
    let secret = body.access_token;
    secrets::learn("Okta's access token", [secret.expose_secret()]);
    let life = body.expires_in.unwrap_or(SHORT_LIFE).clamp(1, LONGEST_LIFE);
    let after = |milliseconds| (asked + TimeDelta::milliseconds(milliseconds)).into();
    Ok(Issued {
        token: Arc::new(AccessToken { scheme, secret }),
        renew_at: after(life * 800),
        expires_at: after(life * 1000),
    })
}

fn no_token() -> SignInError {
    SignInError::unreadable("with something that is no token")
}

/// The nonce that an answer hands out (RFC 9449 section 8), if it can be one: proofs that quote
/// it must stay of the length of a header.
pub(super) fn nonce(headers: &HeaderMap) -> Option<String> {
    let nonce = headers.get("dpop-nonce")?.to_str().ok()?;
    (1..=1024).contains(&nonce.len()).then(|| nonce.to_owned())
}
