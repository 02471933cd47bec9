//! How we prove to Okta who asks: an API token, or a service app that signs in by OAuth.

use std::fmt;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::okta::api::domain::OktaDomain;
use crate::okta::api::error::OktaError;

mod client_id;
mod dpop;
mod jwk;
mod jwt;
mod pem;
mod private_key;
mod service_app;
mod sign_in;
mod token_endpoint;

pub use client_id::{ClientId, NoClientId};
pub use jwt::CannotSign;
pub use private_key::{PrivateKey, PrivateKeyError};
pub use service_app::{Clock, ServiceApp};
pub use sign_in::SignInError;

/// A credential for an Okta org. Printing it shows no secret.
#[derive(Debug)]
pub enum Credential {
    /// An API token of Okta's own scheme.
    Ssws(SecretString),
    /// An OAuth service app.
    ServiceApp(Box<ServiceApp>),
}

/// Who asks, which decides what to do when Okta refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The admin who owns the API token.
    ApiToken,
    /// The service app.
    ServiceApp,
}

/// The token cannot be sent as a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("OKTA_API_TOKEN holds a character that no HTTP header may carry; paste the token again")]
pub struct NotAHeader;

/// What one request proves itself by. Printing it shows no secret: both headers are marked.
#[derive(Debug)]
pub struct Authorization {
    pub(crate) header: HeaderValue,
    pub(crate) proof: Option<HeaderValue>,
    /// Which sign-in the token is of.
    pub(crate) sign_in: u64,
}

impl Authorization {
    /// Puts the headers on a request.
    pub fn put_on(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header(AUTHORIZATION, self.header.clone());
        match &self.proof {
            Some(proof) => request.header("DPoP", proof.clone()),
            None => request,
        }
    }
}

impl Credential {
    /// What a `GET` of `url`, an address of `domain`, proves itself by. A service app signs in
    /// first where it has no good token.
    ///
    /// # Errors
    /// [`NotAHeader`] for an API token with control or non-ASCII characters; of a service app,
    /// why there is no access token.
    pub async fn authorize(
        &self,
        http: &Client,
        domain: &OktaDomain,
        url: &Url,
    ) -> Result<Authorization, OktaError> {
        match self {
            Credential::Ssws(token) => Ok(Authorization {
                header: secret_header("SSWS ", token).ok_or(NotAHeader)?,
                proof: None,
                sign_in: 0,
            }),
            Credential::ServiceApp(app) => app.authorize(http, domain, url).await,
        }
    }

    /// Hears the headers of the log's answer: a nonce in them counts from the next proof on.
    pub async fn hear(&self, headers: &HeaderMap) {
        if let Credential::ServiceApp(app) = self {
            app.hear(headers).await;
        }
    }

    /// Takes back a proof that Okta refused; true where another one can be had.
    pub async fn refused(&self, used: &Authorization) -> bool {
        match self {
            Credential::Ssws(_) => false,
            Credential::ServiceApp(app) => {
                app.forget(used.sign_in).await;
                true
            }
        }
    }

    /// Who asks by this credential.
    pub fn caller(&self) -> Caller {
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

/// A header that no client logs; `None` where the secret has a character that none may carry.
fn secret_header(scheme: &str, secret: &SecretString) -> Option<HeaderValue> {
    let text = format!("{scheme}{}", secret.expose_secret());
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}
