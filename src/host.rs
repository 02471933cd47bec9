//! The Functions host's side: a small HTTP server that runs a function when it is called.
//!
//! The host starts this process, asks `GET /` until something answers, and then posts one
//! [`invocation`] a call to the path of a function; [`functions`] lists those of the package. What
//! the host makes of the [`answer`] is in Microsoft's host source and has sharp edges. Nothing is
//! set up before the [`server`] listens: settings are read at the first invocation, so that a wrong
//! one is an answer in the portal and not a process that dies.

mod answer;
mod connections;
mod context;
mod functions;
pub mod invocation;
mod okta_syslog_timer;
mod routes;
pub(crate) mod server;
