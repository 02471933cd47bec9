//! `cargo xtask bench`: what shipping costs, measured on the release binary.
//!
//! The sandbox runs in this process and the program in a child, so that only the program's own
//! processor time and memory are counted. After it runs the baseline client, which downloads and
//! inflates the same pages and posts as many bytes.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use tokio::runtime::Runtime;

use crate::build::{self, Profile};
use crate::process::Step;
use crate::{checkout, terminal};

mod allocations;
mod expected;
mod levels;
mod report;
mod shares;
mod shipping;
mod site;
mod slow;
mod start;
mod target;

use levels::Levels;
use report::{Comparison, Report};
use site::Activity;
use target::{Api, BenchTarget};

/// What `bench` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "The report goes to stdout and to target/bench/report.md.\n\nExamples:\n  \
    cargo xtask bench\n  cargo xtask bench --events 10000 --events 50000\n  \
    cargo xtask bench --quick --api logs-ingestion\n  cargo xtask bench --levels\n  \
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
    /// One ingestion API alone; may be given more than once [default: both]
    #[arg(long, value_name = "API")]
    api: Vec<Api>,
    /// One kind of org alone; may be given more than once [default: both]
    #[arg(long, value_name = "KIND")]
    org: Vec<Activity>,
    /// The table of gzip libraries and their levels, and nothing else
    #[arg(long, conflicts_with_all = ["events", "long", "quick", "api", "org"])]
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

    fn apis(&self) -> &[Api] {
        match self.api.as_slice() {
            [] => &Api::ALL,
            given => given,
        }
    }

    fn orgs(&self) -> &[Activity] {
        match self.org.as_slice() {
            [] => &Activity::ALL,
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
    let folder = folder()?;
    let baseline = ["--features", "bench", "--bin", "baseline"];
    let programs = Programs {
        program: build::program(Profile::Release)?,
        baseline: build::target(Profile::Release, &baseline, "baseline")?,
        state: options.state.clone().unwrap_or(folder),
    };
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
    let report = runtime.block_on(measure(options, &programs))?;
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

/// What is measured, and the folder where it keeps its state.
struct Programs {
    program: PathBuf,
    baseline: PathBuf,
    state: PathBuf,
}

impl Programs {
    fn program(&self, api: Api) -> BenchTarget {
        let state = self.state.join("okta-sentinel-bench");
        BenchTarget::program(api, self.program.clone(), state)
    }

    fn baseline(&self, api: Api, row_bytes_per_page: u64) -> BenchTarget {
        let state = self.state.join("okta-sentinel-bench-baseline");
        BenchTarget::baseline(api, self.baseline.clone(), state, row_bytes_per_page)
    }
}

async fn measure(options: &Options, programs: &Programs) -> anyhow::Result<Report> {
    let mut runs = Vec::new();
    for events in options.sizes() {
        for api in options.apis() {
            runs.extend(compare(options, programs, *api, events).await?);
        }
    }
    let (mut slow, mut allocations) = (Vec::new(), Vec::new());
    let valgrind = Step::new("valgrind", "valgrind", &["--version"]).works();
    for api in options.apis() {
        let program = programs.program(*api);
        for org in options.orgs() {
            terminal::line(&format!("-- {}, {}: slow", api.name(), org.name()));
            slow.push(slow::measure(&program, *org, options.seed).await?);
        }
        if valgrind {
            terminal::line(&format!("-- {}: allocations", api.name()));
            let blocks = allocations::measure(&program, options.seed).await?;
            allocations.push((*api, blocks));
        }
    }
    terminal::line("-- start of the process");
    Ok(Report {
        seed: options.seed,
        state: checkout::shown(&programs.state),
        size: fs::metadata(&programs.program).map_or(0, |file| file.len()),
        runs,
        slow,
        allocations,
        start: start::measure(&programs.program).await?,
        levels: None,
        stages: None,
    })
}

/// The program with each kind of org, and the baseline client once, which takes no notice of it.
async fn compare(
    options: &Options,
    programs: &Programs,
    api: Api,
    events: u64,
) -> anyhow::Result<Vec<Comparison>> {
    let (program, mut runs) = (programs.program(api), Vec::new());
    for org in options.orgs() {
        let count = terminal::grouped(events);
        terminal::line(&format!(
            "-- {}, {}: {count} events",
            api.name(),
            org.name()
        ));
        let run = shipping::measure(&program, *org, events, options.seed).await?;
        terminal::line(&format!("   {}", run.usage));
        runs.push(run);
    }
    let row_bytes = runs
        .first()
        .map_or(0, shipping::Shipped::row_bytes_per_page);
    let baseline = programs.baseline(api, row_bytes);
    let baseline = shipping::measure(&baseline, Activity::Awake, events, options.seed).await?;
    terminal::line(&format!("   {}, the baseline client", baseline.usage));
    let runs = runs.into_iter();
    Ok(runs.map(|run| Comparison { run, baseline }).collect())
}
