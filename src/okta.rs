//! Okta's System Log API.
pub mod cursor;
pub mod domain;
pub use cursor::Cursor;
pub use domain::OktaDomain;
