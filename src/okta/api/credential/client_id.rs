//! The public name of a service app.

use std::fmt;
use std::str::FromStr;

/// A client id: visible ASCII, at most 100 characters (Okta's own look like `0oa1b2c3d4e5f6g7h8i9`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientId(String);

/// Why a text is no client id. It is not shown: it may be a secret in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the value is no client id (it begins 0oa, unless somebody chose another); copy it from the service app's General tab"
)]
pub struct NoClientId;

impl ClientId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClientId {
    type Err = NoClientId;

    fn from_str(text: &str) -> Result<ClientId, NoClientId> {
        let visible = text.chars().all(|c| c.is_ascii_graphic());
        let key = text.starts_with("-----") || text.starts_with('{');
        match visible && !key && (1..=100).contains(&text.len()) {
            true => Ok(ClientId(text.to_owned())),
            false => Err(NoClientId),
        }
    }
}
