//! A service app: it signs in with its private key and asks by the token that it gets.
//!
//! One token serves every page and every run of the process until 80 % of its life are over; who
//! finds it old renews it while the others wait. Where the org demands DPoP, Okta says so at the
//! first sign-in, and from then on each request carries a proof.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Client;
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::SecretString;
use serde::Serialize;
use tokio::sync::Mutex;
use url::Url;

use super::dpop::{Proof, ProofKey};
use super::jwt::{self, CannotSign};
use super::token_endpoint::{self, Granted, Outcome, Scheme, TokenEndpoint};
use super::{Authorization, ClientId, PrivateKey, SignInError, secret_header};
use crate::net::retry::{Failure, RetryDecision};
use crate::okta::api::domain::OktaDomain;
use crate::okta::api::error::OktaError;

/// What time it is: the system's time, but for tests.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How long an assertion may be used. Okta allows an hour; it is sent at once and only once.
const ASSERTION_LIFE: TimeDelta = TimeDelta::minutes(5);

/// How long an old but living token is used on when its renewal failed in passing.
const RENEWAL_PAUSE: TimeDelta = TimeDelta::seconds(30);

/// Bare, with a proof, with a proof and a nonce, and once more should the nonce have just changed.
const TRIES: usize = 4;

/// An OAuth service app and what it got from Okta. Printing it shows no secret.
pub struct ServiceApp {
    client_id: ClientId,
    key: PrivateKey,
    clock: Clock,
    session: Mutex<Session>,
}

#[derive(Default)]
struct Session {
    token: Option<Token>,
    sign_ins: u64,
    /// Made when Okta first demands a proof.
    proofs: Option<Proofs>,
}

struct Proofs {
    key: ProofKey,
    /// The two servers hand out nonces of their own (RFC 9449 sections 8 and 9).
    nonce_of_token_endpoint: Option<String>,
    nonce_of_api: Option<String>,
}

struct Token {
    scheme: Scheme,
    text: SecretString,
    renew_at: DateTime<Utc>,
    dies_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct AssertionHeader<'a> {
    alg: &'static str,
    typ: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

#[derive(Serialize)]
struct AssertionClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

impl ServiceApp {
    /// An app that has not signed in yet.
    pub fn new(client_id: ClientId, key: PrivateKey) -> ServiceApp {
        ServiceApp {
            client_id,
            key,
            clock: Arc::new(Utc::now),
            session: Mutex::default(),
        }
    }

    /// The same app by another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> ServiceApp {
        ServiceApp { clock, ..self }
    }

    pub(super) async fn authorize(
        &self,
        http: &Client,
        domain: &OktaDomain,
        url: &Url,
    ) -> Result<Authorization, OktaError> {
        let mut session = self.session.lock().await;
        self.renew(&mut session, &TokenEndpoint::of(http, domain))
            .await?;
        let sign_in = session.sign_ins;
        let unusable = || SignInError::unreadable(domain.to_string(), "without a token");
        let token = session.token.as_ref().ok_or_else(unusable)?;
        let proof = match (token.scheme, &session.proofs) {
            (Scheme::Bearer, _) | (Scheme::Dpop, None) => None,
            (Scheme::Dpop, Some(proofs)) => Some(proof_header(
                &proofs.key,
                &Proof {
                    method: "GET",
                    url,
                    at: (self.clock)(),
                    nonce: proofs.nonce_of_api.as_deref(),
                    token: Some(&token.text),
                },
            )?),
        };
        let scheme = match token.scheme {
            Scheme::Bearer => "Bearer ",
            Scheme::Dpop => "DPoP ",
        };
        let unusable = || {
            let problem = "with a token that no HTTP header may carry";
            SignInError::unreadable(domain.to_string(), problem)
        };
        Ok(Authorization {
            header: secret_header(scheme, &token.text).ok_or_else(unusable)?,
            proof,
            sign_in,
        })
    }

    /// Keeps the nonce that the API hands out.
    pub(super) async fn hear(&self, headers: &HeaderMap) {
        if let Some(nonce) = token_endpoint::nonce(headers)
            && let Some(proofs) = &mut self.session.lock().await.proofs
        {
            proofs.nonce_of_api = Some(nonce);
        }
    }

    /// Drops the token of that sign-in, unless another one has replaced it already.
    pub(super) async fn forget(&self, sign_in: u64) {
        let mut session = self.session.lock().await;
        if session.sign_ins == sign_in {
            session.token = None;
        }
    }

    /// Signs in where the token is missing or old.
    async fn renew(
        &self,
        session: &mut Session,
        endpoint: &TokenEndpoint<'_>,
    ) -> Result<(), OktaError> {
        let now = (self.clock)();
        if session
            .token
            .as_ref()
            .is_some_and(|token| now < token.renew_at)
        {
            return Ok(());
        }
        match self.sign_in(session, endpoint).await {
            Ok(granted) => {
                session.sign_ins += 1;
                session.token = Some(Token::of(granted, now));
                Ok(())
            }
            Err(error) => match &mut session.token {
                // The last fifth of its life is for this.
                Some(token)
                    if error.retry_decision() != RetryDecision::Stop && now < token.dies_at =>
                {
                    token.renew_at = now + RENEWAL_PAUSE;
                    Ok(())
                }
                _ => Err(error),
            },
        }
    }

    /// Asks for a token, as Okta wants to be asked.
    async fn sign_in(
        &self,
        session: &mut Session,
        endpoint: &TokenEndpoint<'_>,
    ) -> Result<Granted, OktaError> {
        let mut tries = 0;
        loop {
            let now = (self.clock)();
            let assertion = self.assertion(endpoint, now)?;
            let proof = session.proofs.as_ref().map(|proofs| {
                proof_header(
                    &proofs.key,
                    &Proof {
                        method: "POST",
                        url: endpoint.url(),
                        at: now,
                        nonce: proofs.nonce_of_token_endpoint.as_deref(),
                        token: None,
                    },
                )
            });
            match endpoint.ask(&assertion, proof.transpose()?, now).await? {
                Outcome::Granted(granted) => return Ok(granted),
                Outcome::ProofWanted { nonce, refusal } => {
                    tries += 1;
                    // A proof that was refused and is to be no other would be refused again.
                    if tries == TRIES || (session.proofs.is_some() && nonce.is_none()) {
                        return Err(refusal.into());
                    }
                    session.want_proofs(nonce)?;
                }
            }
        }
    }

    fn assertion(
        &self,
        endpoint: &TokenEndpoint<'_>,
        now: DateTime<Utc>,
    ) -> Result<String, CannotSign> {
        let header = AssertionHeader {
            alg: self.key.algorithm(),
            typ: "JWT",
            kid: self.key.id(),
        };
        let claims = AssertionClaims {
            iss: self.client_id.as_str(),
            sub: self.client_id.as_str(),
            aud: endpoint.url().as_str(),
            iat: now.timestamp(),
            exp: (now + ASSERTION_LIFE).timestamp(),
            jti: jwt::unique_id()?,
        };
        jwt::compact(&header, &claims, |message| self.key.sign(message))
    }
}

impl Session {
    fn want_proofs(&mut self, nonce: Option<String>) -> Result<(), CannotSign> {
        match &mut self.proofs {
            Some(proofs) => proofs.nonce_of_token_endpoint = nonce,
            None => {
                self.proofs = Some(Proofs {
                    key: ProofKey::generate()?,
                    nonce_of_token_endpoint: nonce,
                    nonce_of_api: None,
                });
            }
        }
        Ok(())
    }
}

impl Token {
    /// A token whose life began at `asked` at the earliest.
    fn of(granted: Granted, asked: DateTime<Utc>) -> Token {
        let after = |milliseconds| asked + TimeDelta::milliseconds(milliseconds);
        Token {
            scheme: granted.scheme,
            text: granted.token,
            renew_at: after(granted.life * 800),
            dies_at: after(granted.life * 1000),
        }
    }
}

fn proof_header(key: &ProofKey, proof: &Proof<'_>) -> Result<HeaderValue, CannotSign> {
    let text = SecretString::from(key.prove(proof)?);
    secret_header("", &text).ok_or(CannotSign)
}

impl fmt::Debug for ServiceApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceApp")
            .field("client_id", &self.client_id)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// `0oa1 (ES256, key k1)`.
impl fmt::Display for ServiceApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, algorithm) = (&self.client_id, self.key.algorithm());
        match self.key.id() {
            Some(key) => write!(f, "{id} ({algorithm}, key {key})"),
            None => write!(f, "{id} ({algorithm})"),
        }
    }
}
