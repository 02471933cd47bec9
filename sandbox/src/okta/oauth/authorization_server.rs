//! The org authorization server's memory: the service app, the tokens given out, used ids, nonces.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};

use super::app::ServiceApp;
use crate::okta::fault::Faults;
use crate::okta::locks::locked;

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
pub(super) struct Issued {
    pub(super) scopes: Vec<String>,
    pub(super) expires_at: DateTime<Utc>,
    /// Thumbprint of the key that it is bound to.
    pub(super) bound_to: Option<String>,
}

/// All that the authorization server knows.
#[derive(Debug)]
pub(in crate::okta) struct AuthorizationServer {
    pub(super) app: Mutex<Option<ServiceApp>>,
    pub(super) tokens: Mutex<HashMap<String, Issued>>,
    /// `jti` of every assertion and every proof so far.
    pub(super) used_ids: Mutex<HashSet<String>>,
    issued: AtomicU64,
    nonces: AtomicU64,
    pub(super) requests: Mutex<Vec<TokenRequest>>,
    pub(in crate::okta) faults: Faults,
}

impl AuthorizationServer {
    pub(in crate::okta) fn new(app: Option<ServiceApp>) -> Self {
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

    pub(in crate::okta) fn change(&self, change: impl FnOnce(&mut ServiceApp)) {
        if let Some(app) = locked(&self.app).as_mut() {
            change(app);
        }
    }

    pub(in crate::okta) fn revoke_tokens(&self) {
        locked(&self.tokens).clear();
    }

    pub(in crate::okta) fn roll_nonce(&self) {
        self.nonces.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::okta) fn requests(&self) -> Vec<TokenRequest> {
        locked(&self.requests).clone()
    }

    pub(super) fn nonce(&self) -> String {
        let number = self.nonces.load(Ordering::Relaxed);
        format!("sandbox-nonce-{number}")
    }

    /// False where the id was used before.
    pub(super) fn use_id(&self, id: &str) -> bool {
        locked(&self.used_ids).insert(id.to_owned())
    }

    pub(super) fn issue(&self, issued: Issued) -> String {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        // Parts as a JWT has them; none of it means anything to a client.
        let token = format!("eyJzYW5kYm94Ijp0cnVlfQ.accessTokenOfTheSandbox{number:06}.c2lnbmVk");
        locked(&self.tokens).insert(token.clone(), issued);
        token
    }
}
