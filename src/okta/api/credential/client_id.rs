//! The public name of a service app.

use crate::net::checked_text::checked_text;

checked_text! {
    /// A client id: visible ASCII, at most 100 characters (Okta's own look like
    /// `0oa1b2c3d4e5f6g7h8i9`).
    ClientId, check => NoClientId
}

/// Why a text is no client id. It is not shown: it may be a secret in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the value is no client id (it begins 0oa, unless somebody chose another); copy it from the service app's General tab"
)]
pub struct NoClientId;

fn check(text: &str) -> Result<(), NoClientId> {
    let visible = text.chars().all(|c| c.is_ascii_graphic());
    let key = text.starts_with("-----") || text.starts_with('{');
    let good = visible && !key && (1..=100).contains(&text.len());
    good.then_some(()).ok_or(NoClientId)
}
