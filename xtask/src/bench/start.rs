//! How long the program takes until it answers the Functions host.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use sandbox::functions_host::{Config, FunctionsHost};

use crate::checkout;

/// Starts measured; odd, so that one of them is the median.
const STARTS: usize = 11;

/// Far more often than the host does, so that its pauses are not what is measured.
const PROBE_EVERY: Duration = Duration::from_millis(1);

/// From the start of the process to its first answered probe.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) median: Duration,
    pub(super) slowest: Duration,
}

impl Start {
    pub(super) const STARTS: usize = STARTS;
}

/// Starts the program under the host, as cold as a page cache allows.
///
/// # Errors
/// It does not become ready.
pub(super) async fn measure(program: &Path) -> anyhow::Result<Start> {
    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let config = Config {
            executable: Some(program.to_owned()),
            probe_every: PROBE_EVERY,
            ..Config::new(checkout::root())
        };
        let host =
            FunctionsHost::start(config.setting("OKTA_POLL_SCHEDULE", "0 * * * * *")).await?;
        times.push(
            host.ready_after()
                .context("the host did not note when it was ready")?,
        );
        host.stop().await;
    }
    times.sort_unstable();
    let at = |place: usize| times.get(place).copied().unwrap_or_default();
    Ok(Start {
        median: at(STARTS / 2),
        slowest: at(STARTS - 1),
    })
}
