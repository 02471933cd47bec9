//! One request to `/oauth2/v1/token`, and what its answer means.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{Caller, SignInError};
use crate::okta::api::domain::OktaDomain;
use crate::okta::api::error::OktaError;
use crate::okta::api::error::{Answer, Refused};
use crate::okta::api::rate::{self, RateLimit};
use crate::okta::api::wire::{self, Fits};

/// Path of the org authorization server's token endpoint: the only one that grants `okta.*`
/// scopes, which `/oauth2/default` does not.
const TOKEN_PATH: &str = "/oauth2/v1/token";

/// All that shipping needs.
const SCOPE: &str = "okta.logs.read";

const PATIENCE: Duration = Duration::from_secs(20);
const MAX_ANSWER_BYTES: usize = 64_000;

/// Life of a token whose answer does not say; Okta's live 3600 s, and say so.
const SHORT_LIFE: i64 = 300;
const LONGEST_LIFE: i64 = 86_400;

/// Where an org's service apps sign in.
pub(super) struct TokenEndpoint<'a> {
    http: &'a Client,
    domain: &'a OktaDomain,
    url: Url,
}

/// How requests with a token name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Dpop,
}

/// A token that Okta gave.
pub(super) struct Granted {
    pub(super) scheme: Scheme,
    pub(super) token: SecretString,
    /// Seconds, from the answer on.
    pub(super) life: i64,
}

/// What came of one request.
pub(super) enum Outcome {
    Granted(Granted),
    /// The proof is missing, or lacks this nonce.
    ProofWanted {
        nonce: Option<String>,
        refusal: SignInError,
    },
}

#[derive(Deserialize)]
struct TokenBody {
    token_type: String,
    access_token: SecretText,
    expires_in: Option<i64>,
}

/// Read straight into what cannot be printed.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| SecretText(text.into()))
    }
}

impl<'a> TokenEndpoint<'a> {
    pub(super) fn of(http: &'a Client, domain: &'a OktaDomain) -> TokenEndpoint<'a> {
        let mut url = domain.base().clone();
        url.set_path(TOKEN_PATH);
        TokenEndpoint { http, domain, url }
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
            .timeout(PATIENCE)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form(assertion));
        if let Some(proof) = proof {
            request = request.header("DPoP", proof);
        }
        let silent = |error| wire::transport(self.place(), &error, PATIENCE);
        let response = request.send().await.map_err(silent)?;
        let status = response.status();
        let headers = response.headers().clone();
        if status == StatusCode::OK {
            let mut body = Vec::new();
            let fits = wire::read(response, &mut body, MAX_ANSWER_BYTES).await;
            return match fits.map_err(silent)? {
                Fits::Yes => Ok(Outcome::Granted(self.granted(&body)?)),
                Fits::No => Err(self.unreadable("with more than a token").into()),
                Fits::Damaged => Err(self.unreadable("with something that is no token").into()),
            };
        }
        let body = wire::read_error(response).await;
        self.refused(status, &headers, &body, now)
    }

    fn granted(&self, body: &[u8]) -> Result<Granted, SignInError> {
        // The decoder's words may quote the token.
        let body: TokenBody = serde_json::from_slice(body)
            .map_err(|_| self.unreadable("with something that is no token"))?;
        let scheme = match body.token_type.to_ascii_lowercase().as_str() {
            "bearer" => Scheme::Bearer,
            "dpop" => Scheme::Dpop,
            _ => return Err(self.unreadable("with a token of an unknown type")),
        };
        Ok(Granted {
            scheme,
            token: body.access_token.0,
            life: body.expires_in.unwrap_or(SHORT_LIFE).clamp(1, LONGEST_LIFE),
        })
    }

    fn refused(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Outcome, OktaError> {
        if status.is_redirection() {
            return Err(wire::redirected(self.place(), headers));
        }
        if matches!(status.as_u16(), 408 | 429 | 500..=599) {
            let refused = Refused {
                status,
                rate: RateLimit::read(headers, now),
                retry_after: crate::net::retry::retry_after(headers),
                from_okta: false,
                proof_challenged: false,
                caller: Caller::ServiceApp,
            };
            return Err(OktaError::of(&self.place(), &refused, body));
        }
        let behind = rate::date(headers).map(|date| date - now);
        let answer = Answer::read(status, body);
        let refusal = SignInError::of(self.domain.to_string(), answer, behind);
        match refusal {
            SignInError::ProofRefused { .. } => Ok(Outcome::ProofWanted {
                nonce: nonce(headers),
                refusal,
            }),
            refusal => Err(refusal.into()),
        }
    }

    fn unreadable(&self, problem: &str) -> SignInError {
        SignInError::unreadable(self.domain.to_string(), problem)
    }

    fn place(&self) -> String {
        format!("the token endpoint of {}", self.domain)
    }
}

/// The nonce that an answer hands out (RFC 9449 section 8), if it can be one: proofs that quote
/// it must stay of the length of a header.
pub(super) fn nonce(headers: &HeaderMap) -> Option<String> {
    let nonce = headers.get("dpop-nonce")?.to_str().ok()?;
    (1..=1024).contains(&nonce.len()).then(|| nonce.to_owned())
}

fn form(assertion: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("scope", SCOPE)
        .append_pair(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        .append_pair("client_assertion", assertion)
        .finish()
}
