//! The org authorization server: a service app, its access tokens, and DPoP, as strict as Okta's.
//!
//! Signatures are judged by `jsonwebtoken`, which the program does not use.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::fault::Faults;
use super::locked;

mod assertion;
mod endpoint;
mod proof;
mod resource;

pub(super) use endpoint::{TOKEN_PATH, TokenAnswer};
pub(super) use resource::{Judged, Presented};

/// A service app that the org knows.
#[derive(Clone, Debug)]
pub struct ServiceApp {
    /// Its public name.
    pub client_id: String,
    /// Its public keys, as JWKs with a `kid`. Private members are ignored.
    pub keys: Vec<Value>,
    /// The scopes that a Super Admin granted it.
    pub scopes: Vec<String>,
    /// Whether it has an admin role that may read the log.
    pub reads_log: bool,
    /// Whether it must use DPoP.
    pub dpop: Dpop,
    /// Life of its access tokens, in whole seconds.
    pub token_life: TimeDelta,
}

impl ServiceApp {
    /// An app with this key that is set up well, without DPoP; its tokens live an hour.
    #[must_use]
    pub fn with_key(key: Value) -> Self {
        Self {
            client_id: "0oaSandboxServiceApp".to_owned(),
            keys: vec![key],
            scopes: vec!["okta.logs.read".to_owned()],
            reads_log: true,
            dpop: Dpop::Optional,
            token_life: TimeDelta::hours(1),
        }
    }
}

/// What the org demands of a service app in the way of proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dpop {
    /// A token is bound to a key if a proof comes along.
    Optional,
    /// Each request needs a proof.
    Required,
    /// And the token endpoint a nonce in it, as Okta does.
    RequiredWithNonce,
    /// And the API too, as RFC 9449 allows.
    RequiredWithNonceEverywhere,
}

/// One request to the token endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// `alg` of the assertion, if it could be read.
    pub algorithm: Option<String>,
    /// `kid` of the assertion.
    pub key_id: Option<String>,
    /// Whether a DPoP proof came along.
    pub proof: bool,
    /// The status sent.
    pub status: u16,
    /// OAuth's `error`, or Okta's `errorCode`.
    pub error: Option<String>,
}

/// An access token that was given out.
#[derive(Clone, Debug)]
struct Issued {
    scopes: Vec<String>,
    dies_at: DateTime<Utc>,
    /// Thumbprint of the key that it is bound to.
    bound_to: Option<String>,
}

/// An error in OAuth's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Denied {
    status: u16,
    error: &'static str,
    description: String,
    /// For `use_dpop_nonce`.
    nonce: Option<String>,
}

impl Denied {
    fn new(status: u16, error: &'static str, description: &str) -> Self {
        Self {
            status,
            error,
            description: description.to_owned(),
            nonce: None,
        }
    }

    fn client(description: &str) -> Self {
        Self::new(401, "invalid_client", description)
    }

    fn proof(description: &str) -> Self {
        Self::new(400, "invalid_dpop_proof", description)
    }
}

/// All that the authorization server knows.
#[derive(Debug)]
pub(super) struct AuthorizationServer {
    app: Mutex<Option<ServiceApp>>,
    tokens: Mutex<HashMap<String, Issued>>,
    /// `jti` of every assertion and every proof so far.
    used_ids: Mutex<HashSet<String>>,
    issued: AtomicU64,
    nonces: AtomicU64,
    requests: Mutex<Vec<TokenRequest>>,
    pub(super) faults: Faults,
}

impl AuthorizationServer {
    pub(super) fn new(app: Option<ServiceApp>) -> Self {
        Self {
            app: Mutex::new(app),
            tokens: Mutex::default(),
            used_ids: Mutex::default(),
            issued: AtomicU64::new(0),
            nonces: AtomicU64::new(1),
            requests: Mutex::default(),
            faults: Faults::new(),
        }
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut ServiceApp)) {
        if let Some(app) = locked(&self.app).as_mut() {
            change(app);
        }
    }

    pub(super) fn revoke_tokens(&self) {
        locked(&self.tokens).clear();
    }

    pub(super) fn roll_nonce(&self) {
        self.nonces.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn requests(&self) -> Vec<TokenRequest> {
        locked(&self.requests).clone()
    }

    fn nonce(&self) -> String {
        let number = self.nonces.load(Ordering::Relaxed);
        format!("sandbox-nonce-{number}")
    }

    /// False where the id was used before.
    fn use_id(&self, id: &str) -> bool {
        locked(&self.used_ids).insert(id.to_owned())
    }

    fn issue(&self, issued: Issued) -> String {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        // Parts as a JWT has them; none of it means anything to a client.
        let token = format!("eyJzYW5kYm94Ijp0cnVlfQ.accessTokenOfTheSandbox{number:06}.c2lnbmVk");
        locked(&self.tokens).insert(token.clone(), issued);
        token
    }
}
