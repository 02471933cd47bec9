//! One trial: runs, one after the other, while faults are injected.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::Utc;
use futures_util::future::try_join_all;
use okta_sentinel::ship::{Ended, RunReport};
use sandbox::okta::OrgConfig;

use super::catalogue::{Fault, Injection};
use super::fixture::Fixture;
use crate::soak::state::Store;

/// Events of a page, and so of a batch.
const PAGE: u64 = 100;
/// From one event to the next where there is a backlog: the lane of new events begins five minutes
/// before the end of the log.
const BACKLOG: Duration = Duration::from_secs(1);
/// Events that are added between two runs while something may still go wrong.
const NEW_EVENTS: u64 = 3;
/// The longest fault takes a minute.
const TIME_LIMIT: Duration = Duration::from_secs(240);
/// From one run to the next; the timer's minute would be too long to watch.
const TICK: Duration = Duration::from_millis(20);
/// Runs that must have caught up one after the other before a trial is over. An empty page that
/// has a `next` is the log's end to a run, and no script has more than three of them.
const IDLE_RUNS: u32 = 4;

/// Which faults are injected into what.
pub(super) struct Trial {
    pub(super) faults: Vec<&'static Fault>,
    pub(super) store: Store,
    pub(super) events: u64,
    /// Decides events and moments.
    pub(super) seed: u64,
}

/// A trial that ended.
pub(super) struct Played {
    pub(super) fixture: Fixture,
    pub(super) reports: Vec<RunReport>,
    /// What the last run said, where the trial did not end in time.
    pub(super) timed_out: Option<String>,
    pub(super) took: Duration,
}

impl Trial {
    /// Runs the trial to its end.
    ///
    /// # Errors
    /// The services did not start, or a fault could not be injected: nothing about the program.
    pub(super) async fn carry_out(&self) -> anyhow::Result<Played> {
        let begun = Instant::now();
        let name = format!("faults-{}", self.seed);
        let fixture = Fixture::start(self.org(), self.store, &name).await?;
        let mut reports = Vec::new();
        let played = tokio::time::timeout(TIME_LIMIT, self.play(&fixture, &mut reports)).await;
        let timed_out = match played {
            Ok(played) => {
                played.with_context(|| self.name())?;
                None
            }
            Err(_) => Some(last_error(&reports)),
        };
        Ok(Played {
            fixture,
            reports,
            timed_out,
            took: begun.elapsed(),
        })
    }

    /// Its faults' names.
    pub(super) fn name(&self) -> String {
        let names: Vec<&str> = self.faults.iter().map(|fault| fault.name).collect();
        names.join(" + ")
    }

    fn org(&self) -> OrgConfig {
        let mut org = OrgConfig {
            seed: self.seed,
            events: self.events,
            max_page: PAGE as usize,
            // Whole seconds only: this is the shortest wait that a 429 can name.
            rate_window: Duration::from_secs(1),
            ..OrgConfig::default()
        };
        // Every other trial is a first connection with a backlog, and so in two lanes.
        if self.seed.is_multiple_of(2) {
            org.spacing = BACKLOG;
        }
        for fault in &self.faults {
            if let Injection::Org(change) = fault.injection {
                change(&mut org);
            }
        }
        org
    }

    async fn play(&self, fixture: &Fixture, reports: &mut Vec<RunReport>) -> anyhow::Result<()> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let over = AtomicBool::new(false);
        let injections: Vec<_> = self
            .faults
            .iter()
            .map(|fault| self.inject(fault, fixture, random.u64(..)))
            .collect();
        let injected = async {
            let done = try_join_all(injections).await;
            over.store(true, Ordering::Relaxed);
            done
        };
        let (runs, injected) = tokio::join!(ship(fixture, &over, reports), injected);
        runs.and(injected.map(drop))
    }

    /// Waits for the fault's moment, which lies in the first two thirds of the log.
    async fn inject(&self, fault: &Fault, fixture: &Fixture, seed: u64) -> anyhow::Result<()> {
        let mut random = fastrand::Rng::with_seed(seed);
        let last = usize::try_from(self.events / PAGE * 2 / 3).unwrap_or(1);
        match fault.injection {
            Injection::Org(_) => Ok(()),
            Injection::Okta(faults) => {
                fixture.posts(random.usize(0..last)).await;
                faults()
                    .into_iter()
                    .for_each(|fault| fixture.org.faults().push(fault));
                Ok(())
            }
            Injection::Workspace(faults) => {
                fixture.posts(random.usize(0..last)).await;
                let script = fixture.workspace.faults();
                faults().into_iter().for_each(|fault| script.push(fault));
                Ok(())
            }
            // Whoever acts finds a saved cursor.
            Injection::Act(act) => {
                fixture.posts(random.usize(3..last.max(4))).await;
                act(fixture).await.with_context(|| fault.name)
            }
        }
    }
}

/// Runs until all faults are over and some more runs have found nothing left to do.
async fn ship(
    fixture: &Fixture,
    over: &AtomicBool,
    reports: &mut Vec<RunReport>,
) -> anyhow::Result<()> {
    let mut idle = 0;
    while idle < IDLE_RUNS {
        let was_over = over.load(Ordering::Relaxed);
        let report = fixture.run().await;
        if !was_over {
            fixture.org.append(NEW_EVENTS);
        }
        match &report.ended {
            Ended::CaughtUp if was_over => idle += 1,
            // What waits for the next post would wait for ever.
            Ended::CaughtUp => fixture.org.append(PAGE),
            Ended::RateSpent { until } => {
                let wait = (*until - Utc::now()).to_std().unwrap_or_default();
                tokio::time::sleep(wait).await;
            }
            Ended::LeaseHeld { .. } => fixture.break_abandoned_lease().await?,
            Ended::BudgetSpent | Ended::Stopping | Ended::Failed(_) => {}
        }
        if !matches!(report.ended, Ended::CaughtUp) {
            idle = 0;
        }
        reports.push(report);
        tokio::time::sleep(TICK).await;
    }
    Ok(())
}

fn last_error(reports: &[RunReport]) -> String {
    let last = reports.last().map(ToString::to_string);
    format!("never caught up; last: {}", last.unwrap_or_default())
}
