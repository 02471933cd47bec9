//! How we prove to Okta who asks.

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// A credential for an Okta org. Printing it shows no secret.
#[derive(Clone, Debug)]
pub enum Credential {
    /// An API token of Okta's own scheme.
    Ssws(SecretString),
}

/// The token cannot be sent as a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("OKTA_API_TOKEN holds a character that no HTTP header may carry; paste the token again")]
pub struct NotAHeader;

impl Credential {
    /// The `Authorization` header, marked so that no client logs it.
    ///
    /// # Errors
    /// [`NotAHeader`] for a token with control or non-ASCII characters.
    pub fn authorization(&self) -> Result<HeaderValue, NotAHeader> {
        let Credential::Ssws(token) = self;
        let text = format!("SSWS {}", token.expose_secret());
        let mut header = HeaderValue::from_str(&text).map_err(|_| NotAHeader)?;
        header.set_sensitive(true);
        Ok(header)
    }
}
