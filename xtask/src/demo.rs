//! `cargo xtask demo`: the whole program on this machine, without an account.
//!
//! A seeded Okta org, the real binary under a local Functions host, a local workspace. Okta
//! throttles and fails, the binary is killed, *Test/Run* is pressed during a run. Then the org's
//! log and the workspace's table are compared event by event.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tokio::runtime::Runtime;

use crate::build::{self, Profile};
use crate::{checkout, terminal};

mod comparison;
mod options;
mod progress;
mod scenario;
mod services;
mod summary;

pub(crate) use options::Options;
use progress::Progress;
use services::Services;
use summary::Summary;

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
    let summary = runtime.block_on(run_services(options, &program, &folder))?;
    terminal::result(&summary.to_string());
    summary.verdict()
}

async fn run_services(options: &Options, program: &Path, folder: &Path) -> anyhow::Result<Summary> {
    let services = Services::start(options, program, folder).await?;
    let progress = Progress::new(options.events);
    let observed = tokio::select! {
        observed = scenario::run(&services, options, &progress) => observed,
        never = progress.follow(&services.workspace) => match never {},
    };
    progress.end();
    // Before the scenario's own error: this file shows its cause.
    services.write_log()?;
    let observed = observed.with_context(|| {
        format!(
            "the handler's log is in {}",
            checkout::shown(&services.log_file())
        )
    })?;
    Summary::of(&services, options, observed)
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
