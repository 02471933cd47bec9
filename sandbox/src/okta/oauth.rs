//! The org authorization server: a service app, its access tokens, and DPoP, as strict as Okta's.
//!
//! `jsonwebtoken` checks the signatures; the program does not use it.

pub(super) mod app;
mod assertion;
pub(super) mod authorization_server;
mod denied;
pub(super) mod endpoint;
mod proof;
pub(super) mod resource;
