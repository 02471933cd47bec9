//! What a campaign of odd answers came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use sandbox::anything::Outcome;

use crate::table::Table;
use crate::terminal::grouped;

/// Sums over all cases.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    cases: u64,
    pub(super) broken: u64,
    pub(super) runs: u64,
    events: u64,
    repeats: u64,
    set_aside: u64,
    peak_memory: u64,
    /// How much longer than its budget a run took.
    over_budget: Duration,
    /// Answers, cases that had them, and those of them that broke the promise, by kind.
    kinds: BTreeMap<&'static str, (u64, u64, u64)>,
}

impl Tally {
    /// Takes a case in.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        let broken = u64::from(!outcome.failures.is_empty());
        self.cases += 1;
        self.broken += broken;
        self.runs += outcome.runs.len() as u64;
        self.events += outcome.events as u64;
        self.repeats += outcome.repeats;
        self.set_aside += outcome.set_aside as u64;
        let budget = Duration::from_secs(outcome.plan.budget);
        for run in &outcome.runs {
            self.peak_memory = self.peak_memory.max(run.peak_memory);
            self.over_budget = self.over_budget.max(run.took.saturating_sub(budget));
        }
        for (kind, times) in outcome.served.iter().filter(|(_, times)| **times > 0) {
            let sums = self.kinds.entry(kind).or_default();
            sums.0 += *times as u64;
            sums.1 += 1;
            sums.2 += broken;
        }
    }

    /// The odd answers by kind.
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(&["odd answer", "given", "cases", "broken"]);
        for (kind, (times, cases, broken)) in &self.kinds {
            table.push([
                (*kind).to_owned(),
                grouped(*times),
                grouped(*cases),
                grouped(*broken),
            ]);
        }
        table
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = self.kinds.values().map(|(times, _, _)| times).sum();
        let lines = [
            ("cases", grouped(self.cases)),
            ("cases that broke it", grouped(self.broken)),
            ("runs", grouped(self.runs)),
            ("odd answers", grouped(answers)),
            ("events", grouped(self.events)),
            ("rows that came again", grouped(self.repeats)),
            ("set aside", grouped(self.set_aside)),
            (
                "most memory of a run",
                format!("{} MB", self.peak_memory / 1_000_000),
            ),
            (
                "longest over budget",
                format!("{:.1} s", self.over_budget.as_secs_f64()),
            ),
        ];
        for (name, value) in lines {
            writeln!(f, "{name:<24}{value}")?;
        }
        Ok(())
    }
}
