//! Okta's APIs, as a client that reads them.
//!
//! [`api`] makes one request: credentials, errors, the rate limit. [`log`] follows the System Log
//! from page to page.

pub mod api;
pub mod log;
