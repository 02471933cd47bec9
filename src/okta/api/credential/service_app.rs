//! A service app: it signs in with its private key and asks by the token that it gets.
//!
//! One token serves every request of the process until 80 % of its life are over. Where the org
//! demands DPoP, Okta says so at the first sign-in, and from then on each request carries a proof.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method};
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use crate::net::token_cache::{Issued, TokenCache};
use crate::okta::api::credential::authorization::{AccessToken, Authorization, Scheme};
use crate::okta::api::credential::client_id::ClientId;
use crate::okta::api::credential::dpop::{ProofKey, Proofs};
use crate::okta::api::credential::jwt;
use crate::okta::api::credential::private_key::PrivateKey;
use crate::okta::api::credential::token_endpoint::{self, Outcome, TokenEndpoint};
use crate::okta::api::domain::OktaDomain;
use crate::okta::api::error::OktaError;
use crate::okta::api::error::sign_in::{CannotSign, SignInError};

/// What time it is: the system's time, but for tests.
pub(crate) type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How long an assertion may be used. Okta allows an hour; it is sent at once and only once.
const ASSERTION_LIFE: TimeDelta = TimeDelta::minutes(5);

/// Bare, with a proof, with a proof and a nonce, and once more should the nonce have just changed.
const TRIES: usize = 4;

/// An OAuth service app and what it got from Okta. Printing it shows no secret.
pub struct ServiceApp {
    client_id: ClientId,
    key: PrivateKey,
    scope: &'static str,
    clock: Clock,
    tokens: TokenCache<AccessToken>,
    /// Made when Okta first demands a proof.
    proofs: Mutex<Option<Proofs>>,
}

impl ServiceApp {
    /// An app that has not signed in yet. `scope` is what its tokens are to be good for, scopes
    /// separated by blanks.
    pub fn new(client_id: ClientId, key: PrivateKey, scope: &'static str) -> ServiceApp {
        ServiceApp {
            client_id,
            key,
            scope,
            clock: Arc::new(Utc::now),
            tokens: TokenCache::default(),
            proofs: Mutex::default(),
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
        method: &Method,
        url: &Url,
    ) -> Result<Authorization, OktaError> {
        let endpoint = TokenEndpoint::of(http, domain, self.scope);
        let now = (self.clock)().into();
        let sign_in = self.sign_in(domain, &endpoint);
        let token = self.tokens.get(now, sign_in).await?;
        let proof = match token.scheme {
            Scheme::Bearer => Ok(None),
            Scheme::Dpop => self.proof(method, url, Some(&token.secret)),
        };
        let proof = proof.map_err(|error| OktaError::new(domain, error))?;
        Authorization::by_access_token(token, proof).ok_or_else(|| {
            let problem = "with a token that no HTTP header may carry";
            OktaError::new(domain, SignInError::unreadable(problem))
        })
    }

    /// Takes the nonce that the API hands out.
    pub(super) fn observe_headers(&self, headers: &HeaderMap) {
        if let Some(nonce) = token_endpoint::nonce(headers)
            && let Some(proofs) = &mut *self.proofs()
        {
            proofs.api_nonce = Some(nonce);
        }
    }

    /// Drops a token that Okta refused, unless another one has replaced it already.
    pub(super) async fn forget(&self, token: &Arc<AccessToken>) {
        self.tokens.forget(token).await;
    }

    /// Asks for a token, as Okta wants to be asked.
    async fn sign_in(
        &self,
        domain: &OktaDomain,
        endpoint: &TokenEndpoint<'_>,
    ) -> Result<Issued<AccessToken>, OktaError> {
        let cannot_sign = |error: CannotSign| OktaError::new(domain, error);
        let mut tries = 0;
        loop {
            let now = (self.clock)();
            let assertion = self.assertion(endpoint, now).map_err(cannot_sign)?;
            let proof = self.proof(&Method::POST, endpoint.url(), None);
            let proof = proof.map_err(cannot_sign)?;
            match endpoint.ask(&assertion, proof, now).await? {
                Outcome::Granted(issued) => return Ok(issued),
                Outcome::ProofWanted { nonce, refusal } => {
                    tries += 1;
                    // A proof that was refused and is to be no other would be refused again.
                    if tries == TRIES || (self.proofs().is_some() && nonce.is_none()) {
                        return Err(OktaError::new(domain, refusal));
                    }
                    self.want_proofs(nonce).map_err(cannot_sign)?;
                }
            }
        }
    }

    /// A proof of one request, once Okta has demanded proofs. A request with a token goes to the
    /// API, one without to the token endpoint.
    fn proof(
        &self,
        method: &Method,
        url: &Url,
        token: Option<&SecretString>,
    ) -> Result<Option<HeaderValue>, CannotSign> {
        let proofs = self.proofs();
        let Some(proofs) = &*proofs else {
            return Ok(None);
        };
        let nonce = match token {
            Some(_) => proofs.api_nonce.as_deref(),
            None => proofs.token_endpoint_nonce.as_deref(),
        };
        let at = (self.clock)();
        proofs.key.prove(method, url, at, nonce, token).map(Some)
    }

    fn want_proofs(&self, nonce: Option<String>) -> Result<(), CannotSign> {
        match &mut *self.proofs() {
            Some(proofs) => proofs.token_endpoint_nonce = nonce,
            none => {
                *none = Some(Proofs {
                    key: ProofKey::generate()?,
                    token_endpoint_nonce: nonce,
                    api_nonce: None,
                });
            }
        }
        Ok(())
    }

    fn proofs(&self) -> MutexGuard<'_, Option<Proofs>> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn assertion(
        &self,
        endpoint: &TokenEndpoint<'_>,
        now: DateTime<Utc>,
    ) -> Result<String, CannotSign> {
        let header = json!({
            "alg": self.key.algorithm(),
            "typ": "JWT",
            "kid": self.key.id(),
        });
        let claims = json!({
            "iss": self.client_id.as_str(),
            "sub": self.client_id.as_str(),
            "aud": endpoint.url().as_str(),
            "iat": now.timestamp(),
            "exp": (now + ASSERTION_LIFE).timestamp(),
            "jti": jwt::unique_id()?,
        });
        jwt::compact(header, claims, |message| self.key.sign(message))
    }
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
