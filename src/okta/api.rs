//! One request to Okta: the credential, the errors, the rate limit.

pub mod credential;
pub mod domain;
pub mod error;
pub(crate) mod inflate;
pub mod rate;
pub(crate) mod wire;
