//! One trial: runs, one after the other, while things go wrong beside them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::Utc;
use futures_util::future::try_join_all;
use okta_sentinel::ship::{Ended, RunReport};
use sandbox::okta::OrgConfig;

use super::catalogue::{Fault, Trouble};
use super::scene::Scene;
use super::verdict::Verdict;
use crate::soak::state::Store;

/// Events of a page, and so of a batch.
const PAGE: u64 = 100;
/// From one event to the next where there is a backlog: the lane of new events begins five minutes
/// before the end of the log.
const BACKLOG: Duration = Duration::from_secs(1);
/// Events that are added between two runs while something may still go wrong.
const NEWS: u64 = 3;
/// A trial that lasts longer hangs; the longest fault takes a minute.
const PATIENCE: Duration = Duration::from_secs(240);
/// From one run to the next; the timer's minute would be too long to watch.
const TICK: Duration = Duration::from_millis(20);
/// Runs that must have caught up one after the other before a trial is over. An empty page that
/// has a `next` is the log's end to a run, and no script has more than three of them.
const QUIET_RUNS: u32 = 4;

/// Which faults are let loose, on what.
pub(super) struct Trial {
    pub(super) faults: Vec<&'static Fault>,
    pub(super) store: Store,
    pub(super) events: u64,
    /// Decides events and moments.
    pub(super) seed: u64,
}

impl Trial {
    /// Sets the scene, plays it to its end and judges it.
    ///
    /// # Errors
    /// The scene could not be set, or a fault not let loose: no verdict about the program.
    pub(super) async fn carry_out(&self) -> anyhow::Result<Verdict> {
        let begun = Instant::now();
        let name = format!("faults-{}", self.seed);
        let scene = Scene::set(self.org(), self.store, &name).await?;
        let mut reports = Vec::new();
        let played = tokio::time::timeout(PATIENCE, self.play(&scene, &mut reports)).await;
        let hung = match played {
            Ok(played) => {
                played.with_context(|| self.name())?;
                None
            }
            Err(_) => Some(last_words(&reports)),
        };
        Ok(Verdict::of(self, &scene, &reports, hung, begun.elapsed()))
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
            if let Trouble::Org(change) = fault.trouble {
                change(&mut org);
            }
        }
        org
    }

    async fn play(&self, scene: &Scene, reports: &mut Vec<RunReport>) -> anyhow::Result<()> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let over = AtomicBool::new(false);
        let troubles: Vec<_> = self
            .faults
            .iter()
            .map(|fault| self.let_loose(fault, scene, random.u64(..)))
            .collect();
        let trouble = async {
            let done = try_join_all(troubles).await;
            over.store(true, Ordering::Relaxed);
            done
        };
        let (runs, trouble) = tokio::join!(ship(scene, &over, reports), trouble);
        runs.and(trouble.map(drop))
    }

    /// Waits for the fault's moment, which lies in the first two thirds of the log.
    async fn let_loose(&self, fault: &Fault, scene: &Scene, seed: u64) -> anyhow::Result<()> {
        let mut random = fastrand::Rng::with_seed(seed);
        let last = usize::try_from(self.events / PAGE * 2 / 3).unwrap_or(1);
        match fault.trouble {
            Trouble::Org(_) => Ok(()),
            Trouble::Okta(faults) => {
                scene.posts(random.usize(0..last)).await;
                faults()
                    .into_iter()
                    .for_each(|fault| scene.org.faults().push(fault));
                Ok(())
            }
            Trouble::Workspace(faults) => {
                scene.posts(random.usize(0..last)).await;
                let script = scene.workspace.faults();
                faults().into_iter().for_each(|fault| script.push(fault));
                Ok(())
            }
            // Whoever acts finds a saved cursor.
            Trouble::Act(act) => {
                scene.posts(random.usize(3..last.max(4))).await;
                act(scene).await.with_context(|| fault.name)
            }
        }
    }
}

/// Runs until all trouble is over and some runs more have found nothing left to do.
async fn ship(
    scene: &Scene,
    over: &AtomicBool,
    reports: &mut Vec<RunReport>,
) -> anyhow::Result<()> {
    let mut quiet = 0;
    while quiet < QUIET_RUNS {
        let was_over = over.load(Ordering::Relaxed);
        let report = scene.run().await;
        if !was_over {
            scene.org.append(NEWS);
        }
        match &report.ended {
            Ended::CaughtUp if was_over => quiet += 1,
            // What waits for the next post would wait for ever.
            Ended::CaughtUp => scene.org.append(PAGE),
            Ended::RateSpent { until } => {
                let wait = (*until - Utc::now()).to_std().unwrap_or_default();
                tokio::time::sleep(wait).await;
            }
            Ended::LeaseHeld { .. } => scene.free_a_forgotten_lease().await?,
            Ended::BudgetSpent | Ended::Stopping | Ended::Failed(_) => {}
        }
        if !matches!(report.ended, Ended::CaughtUp) {
            quiet = 0;
        }
        reports.push(report);
        tokio::time::sleep(TICK).await;
    }
    Ok(())
}

fn last_words(reports: &[RunReport]) -> String {
    let last = reports.last().map(ToString::to_string);
    format!("never caught up; last: {}", last.unwrap_or_default())
}
