//! Okta's System Log API, as a client that polls it.
//!
//! A [`Cursor`] is the request to make next; [`Client::page`] makes it, having checked that it
//! leads to this org's own log, and gives the page's bytes and the cursor after it. Okta's rate
//! headers come back with every page; [`rate`] turns them into a pace. Who asks is a
//! [`Credential`], an API token or a service app that signs in by itself.

pub mod client;
pub mod credential;
pub mod cursor;
pub mod domain;
pub mod error;
mod inflate;
pub mod link;
pub mod rate;
mod wire;

pub use client::{Client, Page};
pub use credential::Credential;
pub use cursor::Cursor;
pub use domain::OktaDomain;
pub use error::OktaError;
