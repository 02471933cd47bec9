//! What `demo` takes.

use clap::Args;

/// What `demo` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Ends with 0 only if every event arrived, and none twice but for at most \
    the one batch that was under way when the binary was killed.\n\nExamples:\n  \
    cargo xtask demo\n  cargo xtask demo --events 100000 --release --seed 7"
)]
pub(crate) struct Options {
    /// Events in the Okta org; the last of them, at most 1000, arrive while it runs
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(10..=5_000_000))]
    pub(super) events: u64,
    /// Decides every generated event, but for the times
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Run the release binary
    #[arg(long)]
    pub(super) release: bool,
}

impl Options {
    /// Events that arrive while the program runs.
    pub(super) fn live(&self) -> u64 {
        (self.events / 2).min(1000)
    }

    /// Events that are in the log before.
    pub(super) fn backlog(&self) -> u64 {
        self.events - self.live()
    }
}
