//! Shipping: Okta's System Log brought to the workspace, run by run.
//!
//! The way of one event, from top to bottom:
//!
//! 1. [`run`](shipper::Shipper::run) takes the lease and the saved place ([`resume`]);
//! 2. the [`reader`] asks for the page that is due, as the [`lanes`] say;
//! 3. the [`page_reader`] has rows made of it, less what the [`page_filter`] leaves out, and cuts
//!    them into batches ([`page_rows`]);
//! 4. [`deliver`] posts the batches ([`post`]) and sets aside what may be ([`refusals`]);
//! 5. the [`checkpointer`] saves the place;
//! 6. what became of the run is a [`report`], a line of the log and a row of the [`health`] table.

mod checkpointer;
mod deliver;
pub mod health;
mod id_set;
mod lanes;
mod page_filter;
mod page_reader;
mod page_rows;
mod post;
mod reader;
mod refusals;
pub mod report;
pub mod resend;
mod resume;
mod run;
mod set_aside;
pub mod shipper;

pub use report::{Ended, RunError, RunReport, grouped};
pub use shipper::{Begin, Observer, Shipper};
