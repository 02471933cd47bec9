//! What a campaign of kills came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sandbox::okta::OktaOrg;
use sandbox::workspace::{Post, Workspace};

use crate::soak::arrivals::{Arrived, repeats};
use crate::soak::state::Store;
use crate::terminal::grouped;

/// The figures of one store.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) store: Store,
    pub(super) runs: u64,
    pub(super) kills: u64,
    pub(super) arrived: Arrived,
    /// Rows of the largest batch: what one kill may repeat.
    pub(super) batch: u64,
    /// Kills after which rows came again.
    pub(super) repeating: u64,
    /// The most rows that came again on account of one kill.
    pub(super) most: u64,
    /// Rows that came again though no kill lay between.
    pub(super) unprovoked: u64,
    pub(super) took: Duration,
}

impl Tally {
    /// Nothing so far.
    pub(super) fn of(store: Store) -> Tally {
        Tally {
            store,
            runs: 0,
            kills: 0,
            arrived: Arrived::default(),
            batch: 0,
            repeating: 0,
            most: 0,
            unprovoked: 0,
            took: Duration::ZERO,
        }
    }

    /// Takes another round in.
    pub(super) fn add(&mut self, round: Tally) {
        self.runs += round.runs;
        self.kills += round.kills;
        self.arrived.add(round.arrived);
        self.batch = self.batch.max(round.batch);
        self.repeating += round.repeating;
        self.most = self.most.max(round.most);
        self.unprovoked += round.unprovoked;
        self.took += round.took;
    }

    /// Counts what the workspace has after `kills`.
    pub(super) fn count(
        store: Store,
        org: &OktaOrg,
        workspace: &Workspace,
        kills: &[DateTime<Utc>],
    ) -> Tally {
        let posts = workspace.posts();
        let (by_kill, unprovoked) = blame(&posts, kills);
        Tally {
            kills: kills.len() as u64,
            arrived: Arrived::count(org, workspace),
            batch: posts.iter().map(|post| post.rows).max().unwrap_or(0),
            repeating: by_kill.len() as u64,
            most: by_kill.into_values().max().unwrap_or(0),
            unprovoked,
            ..Tally::of(store)
        }
    }

    /// How the promise was broken, if it was.
    pub(super) fn broken(&self) -> Option<String> {
        let Arrived {
            missing, foreign, ..
        } = self.arrived;
        let how = match () {
            () if missing > 0 => format!("{missing} events are missing"),
            () if foreign > 0 => format!("{foreign} rows are no events of the org"),
            () if self.most > self.batch => format!(
                "one kill repeated {} rows, and a batch has {} at most",
                self.most, self.batch
            ),
            () if self.unprovoked > 0 => {
                format!("{} rows came again without a kill between", self.unprovoked)
            }
            () => return None,
        };
        Some(format!("{:?}: {how}", self.store))
    }
}

/// Rows that came again, by the kill after the post that brought them first; and those of one and
/// the same run. A post belongs to the run that was alive when it began to arrive.
fn blame(posts: &[Post], kills: &[DateTime<Utc>]) -> (BTreeMap<usize, u64>, u64) {
    let run_of = |post: usize| {
        let at = posts.get(post).map(|post| post.at);
        kills.partition_point(|kill| Some(*kill) < at)
    };
    let (mut by_kill, mut unprovoked) = (BTreeMap::new(), 0);
    for repeat in repeats(posts) {
        match run_of(repeat.first) {
            run if run == run_of(repeat.again) => unprovoked += repeat.rows,
            run => *by_kill.entry(run).or_default() += repeat.rows,
        }
    }
    (by_kill, unprovoked)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.broken() {
            None => "kept".to_owned(),
            Some(how) => format!("BROKEN, {how}"),
        };
        let lines = [
            ("store", format!("{:?}", self.store).to_lowercase()),
            ("runs", grouped(self.runs)),
            ("kills", grouped(self.kills)),
            ("events", grouped(self.arrived.events)),
            ("missing", grouped(self.arrived.missing)),
            ("repeated rows", grouped(self.arrived.repeated)),
            ("kills that repeated", grouped(self.repeating)),
            (
                "most one kill repeated",
                format!(
                    "{} (a batch has {})",
                    grouped(self.most),
                    grouped(self.batch)
                ),
            ),
            ("duration", format!("{:.0} s", self.took.as_secs_f64())),
            ("the promise was", verdict),
        ];
        for (name, value) in lines {
            writeln!(f, "{name:<24}{value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soak::arrivals::post;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn a_repeat_is_the_doing_of_the_kill_before_it() {
        let posts = [
            post(1, &["a"]),
            post(2, &["b", "c"]),
            post(4, &["b", "c"]),
            post(6, &["b", "d"]),
            post(7, &["d"]),
        ];
        let (by_kill, unprovoked) = blame(&posts, &[at(3), at(5)]);
        assert_eq!(by_kill, BTreeMap::from([(0, 2), (1, 1)]));
        assert_eq!(unprovoked, 1);
    }
}
