//! `cargo xtask bench`: what shipping costs, measured on the release binary.
//!
//! The sandbox runs in this process and the program in a child, so that only the program's own
//! processor time and memory are counted. Beside it runs the floor, the least that any program
//! does which downloads, inflates and posts as many bytes. Wall time is what is left of a machine that plays Okta
//! and the workspace, too; it says less than the rest.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use tokio::runtime::Runtime;

use crate::build::{self, Profile};
use crate::process::Step;
use crate::{checkout, terminal};

mod allocations;
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
    /// Events of a run; may be given more than once [default: 10000 100000 1000000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    events: Vec<u64>,
    /// Ten million events, too
    #[arg(long, conflicts_with_all = ["events", "quick"])]
    long: bool,
    /// A look: ten thousand events and no more
    #[arg(long, conflicts_with = "events")]
    quick: bool,
    /// Decides every generated event, but for the times
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Options {
    fn sizes(&self) -> Vec<u64> {
        match (self.events.as_slice(), self.quick, self.long) {
            ([], true, _) => vec![10_000],
            ([], _, true) => vec![10_000, 100_000, 1_000_000, 10_000_000],
            ([], ..) => vec![10_000, 100_000, 1_000_000],
            (given, ..) => given.to_vec(),
        }
    }
}

/// Measures, prints the report and writes it down.
///
/// # Errors
/// The program failed, or what it shipped is not what the org held.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let program = build::program(Profile::Release)?;
    let floor = ["--features", "bench", "--bin", "floor"];
    let floor = build::target(Profile::Release, &floor, "floor")?;
    let folder = checkout::target("bench");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let runtime = Runtime::new().context("no event loop can be had from this system")?;
    let report = runtime
        .block_on(measure(options, program, floor, folder.clone()))?
        .to_string();
    terminal::result(&report);
    let file = folder.join("report.md");
    fs::write(&file, &report).with_context(|| format!("{} cannot be written", file.display()))?;
    terminal::line(&format!("written to {}", checkout::shown(&file)));
    Ok(())
}

async fn measure(
    options: &Options,
    program: PathBuf,
    floor: PathBuf,
    folder: PathBuf,
) -> anyhow::Result<Report> {
    let size = fs::metadata(&program).map_or(0, |file| file.len());
    let floor = Road::floor(floor, folder.join("floor"));
    let road = Road::data_collector(program.clone(), folder.join("state"));
    let mut runs = Vec::new();
    for events in options.sizes() {
        let count = terminal::grouped(events);
        terminal::line(&format!("-- {}: {count} events", floor.name));
        let least = shipping::measure(&floor, events, options.seed).await?;
        terminal::line(&format!("-- {}: {count} events", road.name));
        let shipped = shipping::measure(&road, events, options.seed).await?;
        runs.push((least, shipped));
    }
    terminal::line("-- overlap of reading and posting");
    let overlap = overlap::measure(&road, options.seed).await?;
    let allocations = match Step::new("valgrind", "valgrind", &["--version"]).works() {
        true => {
            terminal::line("-- allocations");
            Some(allocations::measure(&road, options.seed).await?)
        }
        false => None,
    };
    terminal::line("-- start of the process");
    let start = start::measure(&program).await?;
    Ok(Report {
        seed: options.seed,
        size,
        runs,
        overlap,
        allocations,
        start,
    })
}
