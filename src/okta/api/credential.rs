//! How a request proves to Okta who makes it: an API token, or a service app's OAuth token.

use std::fmt;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::net::http::secret_header;
use crate::okta::api::caller::Caller;
use crate::okta::api::credential::authorization::Authorization;
use crate::okta::api::credential::service_app::ServiceApp;
use crate::okta::api::domain::OktaDomain;
use crate::okta::api::error::{OktaError, OktaErrorKind};

pub(crate) mod authorization;
pub(crate) mod client_id;
mod dpop;
mod jwt;
pub(crate) mod private_key;
pub mod service_app;
mod token_endpoint;

/// A credential for an Okta org. Printing it shows no secret.
#[derive(Debug)]
pub enum Credential {
    /// An API token of Okta's own scheme.
    Ssws(SecretString),
    /// An OAuth service app.
    ServiceApp(Box<ServiceApp>),
}

impl Credential {
    /// What proves a `method` request to `url`, an address of `domain`. A service app signs in
    /// first where it has no good token.
    ///
    /// # Errors
    /// [`OktaErrorKind::TokenNotAHeader`] for an API token with control or non-ASCII characters;
    /// of a service app, why there is no access token.
    pub async fn authorize(
        &self,
        http: &Client,
        domain: &OktaDomain,
        method: &Method,
        url: &Url,
    ) -> Result<Authorization, OktaError> {
        match self {
            Credential::Ssws(token) => match secret_header("SSWS ", token.expose_secret()) {
                Some(header) => Ok(Authorization::by_api_token(header)),
                None => Err(OktaError::new(domain, OktaErrorKind::TokenNotAHeader)),
            },
            Credential::ServiceApp(app) => app.authorize(http, domain, method, url).await,
        }
    }

    /// Takes a DPoP nonce from an API's answer: it counts from the next proof on.
    pub(crate) fn observe_headers(&self, headers: &HeaderMap) {
        if let Credential::ServiceApp(app) = self {
            app.observe_headers(headers);
        }
    }

    /// Drops a token that Okta refused; true where another one can be had.
    pub(crate) async fn refused(&self, used: &Authorization) -> bool {
        match (self, used.token()) {
            (Credential::ServiceApp(app), Some(token)) => {
                app.forget(token).await;
                true
            }
            _ => false,
        }
    }

    /// Whose permissions the requests have.
    pub(crate) fn caller(&self) -> Caller {
        match self {
            Credential::Ssws(_) => Caller::ApiToken,
            Credential::ServiceApp(_) => Caller::ServiceApp,
        }
    }
}

/// In an operator's words: `the API token`, `the service app 0oa1 (ES256, key k1)`.
impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Credential::Ssws(_) => f.write_str("the API token"),
            Credential::ServiceApp(app) => write!(f, "the service app {app}"),
        }
    }
}
