//! A place in an org's log: the request that goes on from there.
use serde::{Deserialize, Serialize};
use url::Url;

/// The URL of a polling request, as Okta's `next` link gave it or as a first run makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(Url);

impl Cursor {
    /// Wraps a `next` link. It is checked against the org before every use.
    pub fn new(url: Url) -> Cursor {
        Cursor(url)
    }
    /// The request's URL.
    pub fn url(&self) -> &Url {
        &self.0
    }
}
