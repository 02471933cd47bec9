//! Whether a trial kept the promise.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use okta_sentinel::ship::{Ended, RunError, RunReport};
use sandbox::workspace::Post;

use super::catalogue::Expected;
use super::trial::{Played, Trial};
use crate::soak::arrivals::{Arrived, Repeat, repeats};
use crate::soak::state::Store;

/// What became of one trial.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The faults.
    pub(super) name: String,
    store: Store,
    seed: u64,
    pub(super) runs: u64,
    /// Runs that failed.
    pub(super) failed: u64,
    pub(super) arrived: Arrived,
    /// What was promised and not kept.
    broken: Vec<String>,
    pub(super) took: Duration,
}

impl Verdict {
    /// Runs a trial and judges it.
    ///
    /// # Errors
    /// [`Trial::carry_out`].
    pub(super) async fn of_trial(trial: &Trial) -> anyhow::Result<Verdict> {
        Ok(Verdict::of(trial, &trial.carry_out().await?))
    }

    fn of(trial: &Trial, played: &Played) -> Verdict {
        let (fixture, reports) = (&played.fixture, played.reports.as_slice());
        let failures: Vec<&RunReport> = reports.iter().filter(|run| !run.succeeded()).collect();
        let posts = fixture.workspace.posts();
        let arrived = Arrived::count(&fixture.org, &fixture.workspace);
        let lost_answers = trial.faults.iter().map(|fault| fault.lost_answers).sum();
        let unexcused = unexcused(&posts, &prevented_saves(reports), lost_answers);
        let mut broken: Vec<String> = played.timed_out.iter().cloned().collect();
        if arrived.missing > 0 {
            broken.push(format!("{} events are missing", arrived.missing));
        }
        if arrived.foreign > 0 {
            broken.push(format!("{} rows are no events of the org", arrived.foreign));
        }
        if unexcused > 0 {
            broken.push(format!("{unexcused} rows came again though their post was answered and the save not prevented"));
        }
        let dead: u64 = reports.iter().map(|run| run.dead_letters).sum();
        if dead > 0 {
            broken.push(format!("{dead} good rows were set aside"));
        }
        if let [fault] = trial.faults.as_slice()
            && fault.expected == Expected::Recovers
            && let Some(failure) = failures.first()
        {
            broken.push(format!(
                "a run failed of a fault that it should recover from: {failure}"
            ));
        }
        Verdict {
            name: match trial.faults.len() {
                1 => trial.name(),
                _ => "mixes of them".to_owned(),
            },
            store: trial.store,
            seed: trial.seed,
            runs: reports.len() as u64,
            failed: failures.len() as u64,
            arrived,
            broken: broken
                .into_iter()
                .map(|how| format!("{}: {how}", trial.name()))
                .collect(),
            took: played.took,
        }
    }

    pub(super) fn is_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    /// What was broken, and where.
    pub(super) fn in_full(&self) -> String {
        format!(
            "(over {:?}, trial seed {}) {}",
            self.store,
            self.seed,
            self.broken.join("; ")
        )
    }
}

/// When the runs lasted whose last save storage did not take: the batch before it comes again.
fn prevented_saves(reports: &[RunReport]) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let store = |run: &&RunReport| matches!(run.ended, Ended::Failed(RunError::Store(_)));
    let lasted = |run: &RunReport| {
        let end = run.started + TimeDelta::milliseconds(run.duration_ms + 1);
        (run.started, end)
    };
    reports.iter().filter(store).map(lasted).collect()
}

/// Rows that came again without a reason: their first post was answered, and the run that made it
/// could save. `lost_answers` posts count as answered although their client had hung up.
fn unexcused(
    posts: &[Post],
    prevented: &[(DateTime<Utc>, DateTime<Utc>)],
    lost_answers: u64,
) -> u64 {
    // Each run's first prevented save is its last: only one batch can be meant.
    let mut excused = vec![None; prevented.len()];
    let mut lost_left = lost_answers;
    let mut is_excused = |repeat: &Repeat| {
        let Some(first) = posts.get(repeat.first) else {
            return false;
        };
        if first.status.is_none() {
            return true;
        }
        let run = prevented
            .iter()
            .position(|(from, to)| (*from..=*to).contains(&first.at));
        if let Some(slot) = run.and_then(|run| excused.get_mut(run))
            && *slot.get_or_insert(repeat.first) == repeat.first
        {
            return true;
        }
        let left = lost_left > 0;
        lost_left = lost_left.saturating_sub(1);
        left
    };
    let found = repeats(posts);
    let without = found.iter().filter(|repeat| !is_excused(repeat));
    without.map(|repeat| repeat.rows).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soak::arrivals::post;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn a_repeat_is_excused_by_a_lost_answer_or_one_prevented_save_of_its_run() {
        let posts = [
            Post {
                status: None,
                ..post(1, &["a"])
            },
            post(2, &["a", "b", "c"]),
            post(3, &["d"]),
            post(9, &["b", "c"]),
            post(10, &["d"]),
        ];
        assert_eq!(unexcused(&posts, &[], 0), 3);
        assert_eq!(unexcused(&posts, &[], 1), 1);
        let one_run = [(at(0), at(5))];
        assert_eq!(unexcused(&posts, &one_run, 0), 1, "one batch of a run");
        let two_runs = [(at(0), at(2)), (at(3), at(5))];
        assert_eq!(unexcused(&posts, &two_runs, 0), 0);
    }
}
