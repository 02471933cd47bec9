//! `cargo xtask soak`: the delivery promise, tried for as long as one likes.
//!
//! Two campaigns against the sandbox's org and workspace, judged event by event: [`kills`] ends
//! the real program at random moments, [`faults`] lets everything else go wrong. Both print their
//! seed, and the same seed draws the same moments and mixes again.

use clap::Subcommand;
use tokio::runtime::Runtime;

use anyhow::Context as _;

mod faults;
mod gate;
mod kills;
mod ledger;
mod state;

/// The campaigns.
#[derive(Debug, Subcommand)]
pub(crate) enum Campaign {
    /// SIGKILL the program at random moments until everything has arrived
    Kills(kills::Options),
    /// Every fault alone, then seeded mixes of them
    Faults(faults::Options),
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
    }
}

/// The seed to draw from: the one asked for, else a new one.
fn seed(asked: Option<u64>) -> u64 {
    // Short enough to be typed again.
    asked.unwrap_or_else(|| fastrand::u64(..1_000_000_000))
}
