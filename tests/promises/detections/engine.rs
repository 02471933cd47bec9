//! The KQL engine: few Python processes for many jobs, because starting one takes long.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::support::parts;

/// A rule, or any query, over the rows of a scenario.
#[derive(Debug, Serialize)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) query: String,
    /// How far back each run sees, in seconds.
    pub(super) period: i64,
    /// When it runs.
    pub(super) ticks: Vec<Value>,
    pub(super) watchlists: BTreeMap<String, Watchlist>,
    pub(super) rows: BTreeMap<String, Vec<Map<String, Value>>>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Watchlist {
    pub(super) columns: Vec<String>,
    /// The search key, then the columns.
    pub(super) rows: Vec<Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct JobResult {
    pub(super) name: String,
    #[serde(default)]
    pub(super) runs: Vec<Run>,
    pub(super) error: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Run {
    pub(super) at: String,
    pub(super) rows: Vec<Map<String, Value>>,
}

/// Plays all of them, in as many processes as there are processors.
#[track_caller]
pub(super) fn run(jobs: &[Job]) -> Vec<JobResult> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let share = jobs.len().div_ceil(processors).max(1);
    std::thread::scope(|scope| {
        let shares = jobs.chunks(share);
        let playing: Vec<_> = shares
            .map(|share| scope.spawn(|| run_share(share)))
            .collect();
        playing
            .into_iter()
            .flat_map(|playing| playing.join().expect("an engine that jobs to the end"))
            .collect()
    })
}

fn run_share(jobs: &[Job]) -> Vec<JobResult> {
    let mut python = parts::python();
    python
        .arg(parts::checkout("tests/kql/run.py"))
        .arg(parts::checkout("sentinel"));
    parts::ask(&mut python, jobs)
}
