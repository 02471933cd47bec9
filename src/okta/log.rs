//! Okta's System Log: the place in it, the way from page to page.

pub mod client;
pub mod cursor;
pub mod link;
