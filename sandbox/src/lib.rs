//! A local Okta org, a local Log Analytics workspace and a local Functions host.

pub mod functions_host;
pub mod workspace;
