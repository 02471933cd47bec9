//! Local HTTP services, as strict as the services that they replace: a local Okta org ([`okta`]),
//! a local Log Analytics workspace ([`workspace`]), a local Functions host ([`functions_host`]),
//! and Microsoft's own storage emulator ([`azurite`]). [`anything`] makes all of them answer oddly.
//!
//! Tests, demo and bench run the program against them. Nothing here imports the program: its
//! signature check, its limits and its typing rules are its own.

pub mod anything;
pub mod azurite;
pub mod functions_host;
pub mod okta;
mod stall;
pub mod workspace;
