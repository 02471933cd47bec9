//! What is kept between runs: the place in Okta's log, recent ids, dead letters.

pub mod account;
pub mod blob;
pub mod document;
pub mod folder;
pub mod recent_ids;
pub mod store;
