//! A service app as an admin sets it up.

use chrono::TimeDelta;
use serde_json::Value;

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
