//! Shipping: Okta's System Log brought to the workspace, run by run.

mod backfill;
mod course;
pub mod dead_letter;
mod deliver;
mod handover;
pub mod health;
mod ids;
mod intake;
mod keep;
mod lane;
#[cfg(test)]
mod model;
mod progress;
mod read;
pub mod report;
pub mod resend;
mod resume;
mod run;
mod seam;
mod turn;

pub use report::{Ended, RunError, RunReport, grouped};
pub use run::{Begin, Observer, Shipper};
