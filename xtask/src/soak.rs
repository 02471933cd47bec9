//! `cargo xtask soak`: long tests of the delivery promise.
//!
//! Three campaigns run against the sandbox's org and workspace and compare them event by event.
//! [`kills`] kills the real program at random moments. [`faults`] injects every other fault.
//! [`anything`] lets every service answer with anything. All print their seed; the same seed draws
//! the same moments, mixes and answers.

use anyhow::Context as _;
use clap::Subcommand;
use tokio::runtime::Runtime;

mod anything;
mod arrivals;
mod faults;
mod kills;
mod proxy;
mod seed;
mod services;
mod state;

/// The campaigns.
#[derive(Debug, Subcommand)]
pub(crate) enum Campaign {
    /// SIGKILL the program at random moments until everything has arrived
    Kills(kills::Options),
    /// Every fault alone, then seeded mixes of them
    Faults(faults::Options),
    /// Okta, workspace, identity and storage that answer with anything
    Anything(anything::Options),
}

/// Runs a campaign.
///
/// # Errors
/// The promise was broken, or the campaign could not be carried out.
pub(crate) fn run(campaign: &Campaign) -> anyhow::Result<()> {
    let runtime = Runtime::new().context("no event loop can be had from this system")?;
    match campaign {
        Campaign::Kills(options) => kills::run(options, &runtime),
        Campaign::Faults(options) => faults::run(options, &runtime),
        Campaign::Anything(options) => anything::run(options, &runtime),
    }
}
