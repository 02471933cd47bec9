//! `cargo xtask bench`: what shipping costs, measured on the release binary.
//!
//! The sandbox runs in this process and the program in a child, so that only the program's own
//! processor time and memory are counted. After it runs the floor, the least that any program does
//! which downloads and inflates the same pages and posts as many bytes. Wall time is what is left of
//! a machine that plays Okta and the workspace, too; it says less than the rest.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use tokio::runtime::Runtime;

use crate::build::{self, Profile};
use crate::process::Step;
use crate::{checkout, terminal};

mod allocations;
mod levels;
mod overlap;
mod report;
mod road;
mod shares;
mod shipping;
mod start;

use levels::Levels;
use report::Report;
use road::{Api, Road};

/// What `bench` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "The report goes to stdout and to target/bench/report.md.\n\nExamples:\n  \
    cargo xtask bench\n  cargo xtask bench --events 10000 --events 50000\n  \
    cargo xtask bench --quick --road logs-ingestion\n  cargo xtask bench --levels\n  \
    cargo xtask bench --state /dev/shm"
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
    /// One road alone; may be given more than once [default: both]
    #[arg(long, value_name = "ROAD")]
    road: Vec<Api>,
    /// The table of gzip, the program's and libdeflate's levels, and nothing else
    #[arg(long, conflicts_with_all = ["events", "long", "quick", "road"])]
    levels: bool,
    /// Folder for the program's state: on a disk each save of the cursor waits for it, in memory
    /// (/dev/shm) none does [default: target/bench]
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
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

    fn roads(&self) -> &[Api] {
        match self.road.as_slice() {
            [] => &Api::ALL,
            given => given,
        }
    }
}

/// Measures, prints the report and writes it down.
///
/// # Errors
/// The program failed, or what it shipped is not what the org held.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let (name, report) = match options.levels {
        true => ("levels.md", gzip_levels(options.seed)?.to_string()),
        false => ("report.md", shipped(options)?),
    };
    terminal::result(&report);
    let file = folder()?.join(name);
    fs::write(&file, &report).with_context(|| format!("{} cannot be written", file.display()))?;
    terminal::line(&format!("written to {}", checkout::shown(&file)));
    Ok(())
}

fn folder() -> anyhow::Result<PathBuf> {
    let folder = checkout::target("bench");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}

fn shipped(options: &Options) -> anyhow::Result<String> {
    let program = build::program(Profile::Release)?;
    let floor = ["--features", "bench", "--bin", "floor"];
    let floor = build::target(Profile::Release, &floor, "floor")?;
    let (levels, stages) = match options.quick {
        true => (None, None),
        false => {
            let levels = gzip_levels(options.seed)?;
            terminal::line("-- stages by themselves");
            let stages = shares::measure(&stages_program()?, options.seed)?;
            (Some(levels), Some(stages))
        }
    };
    let runtime = Runtime::new().context("no event loop can be had from this system")?;
    let folder = folder()?;
    let state = options.state.clone().unwrap_or(folder);
    let report = runtime.block_on(measure(options, &program, &floor, &state))?;
    let report = Report {
        levels,
        stages,
        ..report
    };
    Ok(report.to_string())
}

fn stages_program() -> anyhow::Result<PathBuf> {
    build::target(Profile::Release, &["--bench", "stages"], "stages")
}

fn gzip_levels(seed: u64) -> anyhow::Result<Levels> {
    let stages = stages_program()?;
    terminal::line("-- levels of gzip");
    levels::measure(&stages, seed)
}

async fn measure(
    options: &Options,
    program: &Path,
    floor: &Path,
    state: &Path,
) -> anyhow::Result<Report> {
    let mut runs = Vec::new();
    for events in options.sizes() {
        for api in options.roads() {
            let road = Road::program(*api, program.to_owned(), state.join("okta-sentinel-bench"));
            let count = terminal::grouped(events);
            terminal::line(&format!("-- {}: {count} events", road.name));
            let shipped = shipping::measure(&road, events, options.seed).await?;
            let floor = Road::floor(
                *api,
                floor.to_owned(),
                state.join("okta-sentinel-bench-floor"),
                shipped.page_of_rows(),
            );
            terminal::line(&format!("-- {}, {}: {count} events", road.name, floor.name));
            let least = shipping::measure(&floor, events, options.seed).await?;
            terminal::line(&format!("   {}; floor {}", shipped.usage, least.usage));
            runs.push((least, shipped));
        }
    }
    let (mut overlaps, mut allocations) = (Vec::new(), Vec::new());
    let valgrind = Step::new("valgrind", "valgrind", &["--version"]).works();
    for api in options.roads() {
        let road = Road::program(*api, program.to_owned(), state.join("okta-sentinel-bench"));
        terminal::line(&format!("-- {}: overlap of reading and posting", road.name));
        overlaps.push(overlap::measure(&road, options.seed).await?);
        if valgrind {
            terminal::line(&format!("-- {}: allocations", road.name));
            let blocks = allocations::measure(&road, options.seed).await?;
            allocations.push((road.name, blocks));
        }
    }
    terminal::line("-- start of the process");
    Ok(Report {
        seed: options.seed,
        state: checkout::shown(state),
        size: fs::metadata(program).map_or(0, |file| file.len()),
        runs,
        overlaps,
        allocations,
        start: start::measure(program).await?,
        levels: None,
        stages: None,
    })
}
