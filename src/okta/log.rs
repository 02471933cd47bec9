//! Okta's System Log: where a reader is in it, and one page of it.

pub mod cursor;
pub mod page;
