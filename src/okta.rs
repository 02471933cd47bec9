//! Okta's APIs, as a client that reads them.
//!
//! [`api`] makes one request: who asks, what Okta's errors mean, how much of its rate limit is
//! ours. [`log`] follows the System Log from page to page.

pub mod api;
pub mod log;
