//! Okta's System Log in Microsoft Sentinel: **page → row → batch → post → cursor**.
//!
//! [host] starts a run for the Functions host, [cli] for a person in a shell. [ship] drives the
//! run: it reads pages ([okta]), has rows made of them ([okta_rows]), posts them in batches
//! ([log_analytics]) and saves its place ([state]) after every page.

pub mod app;
pub mod cli;
pub mod host;
pub mod log_analytics;
pub mod net;
pub mod okta;
pub mod settings;
pub mod ship;
pub mod state;
pub mod telemetry;
