//! `cargo xtask bench`: what shipping costs, measured on the release binary.
//!
//! The sandbox runs in this process and the program in a child, so that only the program's own
//! processor time and memory are counted. Wall time is what is left of a machine that plays Okta
//! and the workspace, too; it says less than the rest.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use tokio::runtime::Runtime;

use crate::build::{self, Profile};
use crate::{checkout, terminal};

mod overlap;
mod report;
mod road;
mod shipping;
mod start;

use report::Report;
use road::Road;

/// What `bench` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "The report goes to stdout and to target/bench/report.md.\n\nExamples:\n  \
    cargo xtask bench\n  cargo xtask bench --events 10000 --events 50000"
)]
pub(crate) struct Options {
    /// Events of a run; may be given more than once
    #[arg(long, value_name = "N", default_values_t = [10_000, 100_000, 1_000_000],
        value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    events: Vec<u64>,
    /// Decides every generated event, but for the times
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Measures, prints the report and writes it down.
///
/// # Errors
/// The program failed, or what it shipped is not what the org held.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let program = build::program(Profile::Release)?;
    let folder = checkout::target("bench");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let runtime = Runtime::new().context("no event loop can be had from this system")?;
    let report = runtime
        .block_on(measure(options, program, folder.clone()))?
        .to_string();
    terminal::result(&report);
    let file = folder.join("report.md");
    fs::write(&file, &report).with_context(|| format!("{} cannot be written", file.display()))?;
    terminal::line(&format!("written to {}", checkout::shown(&file)));
    Ok(())
}

async fn measure(options: &Options, program: PathBuf, folder: PathBuf) -> anyhow::Result<Report> {
    let road = Road::data_collector(program.clone(), folder.join("state"));
    let mut runs = Vec::new();
    for events in &options.events {
        terminal::line(&format!(
            "-- {}: {} events",
            road.name,
            terminal::grouped(*events)
        ));
        runs.push(shipping::measure(&road, *events, options.seed).await?);
    }
    terminal::line("-- overlap of reading and posting");
    let overlap = overlap::measure(&road, options.seed).await?;
    terminal::line("-- start of the process");
    let start = start::measure(&program).await?;
    Ok(Report {
        seed: options.seed,
        runs,
        overlap,
        start,
    })
}
