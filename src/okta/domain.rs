//! The Okta org's address.
use url::Url;

/// An Okta org, by the host it is used under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OktaDomain(Url);

impl OktaDomain {
    /// The org's address with `/` as path: `https://acme.okta.com/`.
    pub fn base(&self) -> &Url {
        &self.0
    }
}
