//! `cargo xtask demo`: the whole program on this machine, without an account.
//!
//! A seeded Okta org, the real binary under a local Functions host, a local workspace. Okta
//! throttles and fails, the binary is killed, somebody presses *Test/Run* at the wrong moment;
//! then the two sides are compared event by event.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use tokio::runtime::Runtime;

use crate::build::{self, Profile};
use crate::{checkout, terminal};

mod bar;
mod comparison;
mod stage;
mod story;
mod summary;

use bar::Bar;
use stage::Stage;
use summary::Summary;

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
    events: u64,
    /// Decides every generated event, but for the times
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run the release binary
    #[arg(long)]
    release: bool,
}

impl Options {
    /// Events that arrive while the program runs.
    fn live(&self) -> u64 {
        (self.events / 2).min(1000)
    }

    /// Events that are in the log before.
    fn backlog(&self) -> u64 {
        self.events - self.live()
    }
}

/// Runs the demo and prints what arrived.
///
/// # Errors
/// Something could not be started, a run of the program failed, or its promise was not kept.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let profile = if options.release {
        Profile::Release
    } else {
        Profile::Dev
    };
    let program = build::program(profile)?;
    let folder = new_folder()?;
    let runtime = Runtime::new().context("no event loop can be had from this system")?;
    let summary = runtime.block_on(play(options, &program, &folder))?;
    terminal::result(&summary.to_string());
    summary.verdict()
}

async fn play(options: &Options, program: &Path, folder: &Path) -> anyhow::Result<Summary> {
    let stage = Stage::set(options, program, folder).await?;
    let bar = Bar::new(options.events);
    let told = tokio::select! {
        told = story::tell(&stage, options, &bar) => told,
        never = bar.follow(&stage.workspace) => match never {},
    };
    bar.end();
    // Before the story's own error: this file is where its cause can be read.
    stage.write_log()?;
    let told = told.with_context(|| {
        format!(
            "the handler's log is in {}",
            checkout::shown(&stage.log_file())
        )
    })?;
    Summary::of(&stage, options, told)
}

/// `target/demo`, empty: an earlier demo's cursor belongs to an org that is gone.
fn new_folder() -> anyhow::Result<PathBuf> {
    let folder = checkout::target("demo");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            bail!("{} cannot be emptied: {error}", folder.display())
        }
        _ => {}
    }
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}
