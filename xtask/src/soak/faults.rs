//! `cargo xtask soak faults`: injects faults into Okta, the workspace and the state store.
//!
//! The library runs in this process. Each trial has an org, a workspace and a store, and injects
//! faults of the [`catalogue`] at random moments. It ends when a run has caught up after the last
//! fault. Then the workspace is compared with the log, id by id. A row may have come twice only if
//! the answer to its post was lost, or if storage refused the save after it.

use anyhow::bail;
use clap::Args;
use futures_util::{StreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::Runtime;

use super::seed;
use super::state::Store;
use crate::table::Table;
use crate::terminal;

mod catalogue;
mod fault_injection;
mod fixture;
mod trial;
mod verdict;

use catalogue::Fault;
use trial::Trial;
use verdict::Verdict;

/// Trials at a time: most of one is waiting.
const AT_A_TIME: usize = 4;

/// What `soak faults` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask soak faults                             every fault alone over both stores, then mixes\n  \
    cargo xtask soak faults --only okta-429 --runs 20\n  \
    cargo xtask soak faults --mixes 200 --seed 7\n  \
    cargo xtask soak faults --long                      also stalls that outlast the program's timeouts")]
pub(crate) struct Options {
    /// Trials of each fault alone, the stores by turns
    #[arg(long, default_value_t = 2)]
    runs: u64,
    /// Trials of several faults together
    #[arg(long, default_value_t = 20)]
    mixes: u64,
    /// Only the faults whose names hold this, each alone
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Events of a trial
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u64).range(500..=1_000_000))]
    events: u64,
    /// Decides events, moments and mixes
    #[arg(long)]
    seed: Option<u64>,
    /// Also what takes minutes
    #[arg(long)]
    long: bool,
}

/// Runs every trial and prints what became of each fault.
///
/// # Errors
/// A trial in which the promise was broken, or that could not be carried out.
pub(crate) fn run(options: &Options, runtime: &Runtime) -> anyhow::Result<()> {
    let seed = seed::or_new(options.seed);
    terminal::line(&format!("seed {seed}"));
    let trials = trials(options, seed);
    if trials.is_empty() {
        let names: Vec<&str> = catalogue::FAULTS.iter().map(|fault| fault.name).collect();
        bail!("no fault is named so; there are: {}", names.join(", "));
    }
    let verdicts = runtime.block_on(all(&trials))?;
    terminal::result(&table(&verdicts).aligned(terminal::width()));
    let broken: Vec<&Verdict> = verdicts
        .iter()
        .filter(|verdict| verdict.is_broken())
        .collect();
    for verdict in &broken {
        terminal::line(&format!("BROKEN {}", verdict.in_full()));
    }
    match broken.len() {
        0 => Ok(()),
        some => bail!(
            "{some} of {} trials broke the promise; again: --seed {seed} and the same options",
            verdicts.len()
        ),
    }
}

/// Each fault alone, then mixes; `--only` has no mixes.
fn trials(options: &Options, seed: u64) -> Vec<Trial> {
    let wanted = |fault: &&'static Fault| {
        let named = options.only.as_deref();
        (options.long || !fault.takes_long) && named.is_none_or(|name| fault.name.contains(name))
    };
    let faults: Vec<&'static Fault> = catalogue::FAULTS.iter().filter(wanted).collect();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut trials = Vec::new();
    let mut trial = |faults: Vec<&'static Fault>, turn: u64, random: &mut fastrand::Rng| {
        let usual = if turn.is_multiple_of(2) {
            Store::Blobs
        } else {
            Store::Folder
        };
        let store = faults.iter().find_map(|fault| fault.store).unwrap_or(usual);
        trials.push(Trial {
            faults,
            store,
            events: options.events,
            seed: random.u64(..1_000_000_000),
        });
    };
    for fault in &faults {
        for turn in 0..options.runs {
            trial(vec![*fault], turn, &mut random);
        }
    }
    let mixes = if options.only.is_some() {
        0
    } else {
        options.mixes
    };
    for turn in 0..mixes {
        let mix = catalogue::mix(&faults, &mut random);
        trial(mix, turn, &mut random);
    }
    trials
}

async fn all(trials: &[Trial]) -> anyhow::Result<Vec<Verdict>> {
    let bar = ProgressBar::new(trials.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} trials  {elapsed:.dim}") {
        bar.set_style(style);
    }
    let mut carried_out: Vec<(usize, anyhow::Result<Verdict>)> = stream::iter(trials)
        .enumerate()
        .map(|(number, trial)| async move { (number, Verdict::of_trial(trial).await) })
        .buffer_unordered(AT_A_TIME)
        .inspect(|_| bar.inc(1))
        .collect()
        .await;
    bar.finish_and_clear();
    carried_out.sort_by_key(|(number, _)| *number);
    carried_out
        .into_iter()
        .map(|(_, verdict)| verdict)
        .collect()
}

/// One row for all trials of the same faults.
fn table(verdicts: &[Verdict]) -> Table {
    let mut table = Table::new(&[
        "fault", "trials", "runs", "failed", "events", "missing", "repeated", "seconds", "verdict",
    ]);
    let mut rest = verdicts;
    while let Some(first) = rest.first() {
        let same = rest
            .iter()
            .take_while(|verdict| verdict.name == first.name)
            .count();
        let (group, after) = rest.split_at(same);
        rest = after;
        let sum = |count: fn(&Verdict) -> u64| terminal::grouped(group.iter().map(count).sum());
        let broken = group.iter().filter(|verdict| verdict.is_broken()).count();
        table.push([
            first.name.clone(),
            terminal::grouped(group.len() as u64),
            sum(|verdict| verdict.runs),
            sum(|verdict| verdict.failed),
            sum(|verdict| verdict.arrived.events),
            sum(|verdict| verdict.arrived.missing),
            sum(|verdict| verdict.arrived.repeated),
            sum(|verdict| verdict.took.as_secs()),
            match broken {
                0 => "kept".to_owned(),
                some => format!("BROKEN {some}"),
            },
        ]);
    }
    table
}
