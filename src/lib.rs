//! Okta's System Log in Microsoft Sentinel: **page → row → batch → post → checkpoint**.
//!
//! One run reads the [checkpoint], follows Okta's `next` links from there ([okta]), turns each
//! event into an `Okta_CL` row ([event]), cuts rows into batches ([batch]), posts each batch to
//! Log Analytics ([ingest], by way of [gzip] where the API takes it) and saves its place after
//! every accepted one. [run] drives that road from top to bottom; [host] starts it for the
//! Functions host, [cli] for a person in a shell. [settings] is the only reader of the environment,
//! [telemetry] the only writer of log lines.
//! [tables] lists what the workspace holds in the end.

pub mod app;
pub mod batch;
pub mod checkpoint;
pub mod cli;
pub mod event;
pub mod gzip;
pub mod host;
pub mod identity;
pub mod ingest;
pub mod okta;
pub mod retry;
pub mod run;
pub mod settings;
pub mod tables;
pub mod telemetry;
