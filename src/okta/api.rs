//! One request to any of Okta's APIs.

pub(crate) mod body;
pub(crate) mod caller;
pub(crate) mod classify;
pub mod client;
pub mod credential;
pub mod domain;
pub mod error;
pub(crate) mod inflate;
pub mod link;
pub(crate) mod rate;
pub(crate) mod resource;
