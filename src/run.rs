//! One run: everything Okta has stored since the checkpoint, brought to the workspace.
//!
//! A run has no input but the checkpoint, so that it may end anywhere: the next one goes on. Two
//! halves work side by side with one page between them. The [`read`]er follows Okta's links and
//! makes batches; the [`deliver`]er posts them and saves the place after every accepted one, as
//! [`progress`] reckons it. While a batch is posted, the next page is on its way. Only passing
//! failures are tried again, and only for a minute: after that the next run is the retry.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::checkpoint::{Checkpoint, CheckpointStore, StoreError};
use crate::event::recent::RecentIds;
use crate::ingest::Sink;
use crate::okta::rate::RateShare;
use crate::okta::{Client, Cursor, OktaError};
use crate::retry::Limits;
use crate::settings::Start;
use crate::telemetry::Log;

pub mod dead_letter;
mod deliver;
pub mod health;
mod intake;
mod progress;
mod read;
mod report;
pub mod resend;

pub use report::{Ended, RunError, RunReport, grouped};

use deliver::Deliverer;
use read::{ReadEnd, Reader};

/// How far a refused cursor falls back behind the newest event accepted.
const OVERLAP: TimeDelta = TimeDelta::minutes(15);

/// Everything a run works with; made once, used by every run of the process.
pub struct Shipper {
    /// The org to read.
    pub okta: Client,
    /// Where rows go.
    pub sink: Arc<dyn Sink>,
    /// Where the place is kept.
    pub store: Arc<dyn CheckpointStore>,
    /// `OKTA_FILTER`.
    pub filter: Option<String>,
    /// Where a first run starts.
    pub start: Start,
    /// `OKTA_RATE_SHARE`.
    pub share: RateShare,
    /// `RUN_BUDGET_SECONDS`.
    pub budget: Duration,
}

/// Where a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At the saved cursor, else where a first run starts.
    Saved,
    /// The same, for somebody who named a start and is to hear if it has no say.
    SavedDespiteSince,
    /// Where a first run starts, whatever is saved.
    Afresh,
}

/// Hears how far a run has come, after every accepted post.
pub type Observer<'a> = &'a (dyn Fn(&RunReport) + Send + Sync);

impl Shipper {
    /// Does one run, to its end or until `stop`. What happened is in the report, has been logged,
    /// and is a row of the health table, where the workspace took it.
    pub async fn run(
        &self,
        begin: Begin,
        stop: CancellationToken,
        log: &Log,
        observer: Observer<'_>,
    ) -> RunReport {
        let mut report = RunReport::begin(self.okta.domain().to_string(), self.sink.place());
        let limits = Limits {
            deadline: Instant::now() + self.budget,
            stop,
        };
        let mut work = Box::pin(self.work(begin, &limits, log, observer, &mut report));
        let (ended, told) = tokio::select! {
            ended = &mut work => (ended, None),
            () = limits.stop.cancelled() => {
                let told = Instant::now();
                (work.as_mut().await, Some(told))
            }
        };
        drop(work);
        report.end(ended, Utc::now());
        log.run_ended(&report);
        health::post(self.sink.as_ref(), &report, told, &limits.stop, log).await;
        report
    }

    async fn work(
        &self,
        begin: Begin,
        limits: &Limits,
        log: &Log,
        observer: Observer<'_>,
        report: &mut RunReport,
    ) -> Ended {
        let opened = match begin {
            Begin::Afresh => self.store.open_afresh().await,
            Begin::Saved | Begin::SavedDespiteSince => self.store.open().await,
        };
        match opened {
            Err(StoreError::Held { place }) => Ended::LeaseHeld { place },
            Err(error) => Ended::Failed(error.into()),
            Ok(lease) => {
                let saved = lease.saved().map(|saved| saved.saved_at);
                report.cursor_age_seconds =
                    saved.map(|saved| (report.started - saved).num_seconds().max(0));
                let place = self.resume(begin, lease.saved(), log);
                let first = begin == Begin::Afresh || lease.saved().is_none();
                let deliverer = Deliverer::new(self, lease, limits, log, observer, place, report);
                self.with_lease(deliverer, first, limits, log).await
            }
        }
    }

    async fn with_lease(
        &self,
        mut deliverer: Deliverer<'_>,
        first: bool,
        limits: &Limits,
        log: &Log,
    ) -> Ended {
        // Where a first run starts is kept before it starts: should it fail, the next one, later,
        // is to start there too.
        let begun = if first {
            deliverer.save().await
        } else {
            Ok(())
        };
        let mut ended = match begun {
            Ok(()) => self.road(&mut deliverer, limits, log).await,
            Err(error) => Ended::Failed(error),
        };
        if let Ended::Failed(RunError::Okta(error @ OktaError::CursorRefused { .. })) = &ended {
            ended = match deliverer.fall_back(error).await {
                Ok(()) => self.road(&mut deliverer, limits, log).await,
                Err(error) => Ended::Failed(error),
            };
        }
        match deliverer.finish().await {
            Err(error) if !matches!(ended, Ended::Failed(_)) => Ended::Failed(error),
            _ => ended,
        }
    }

    /// Reads and delivers, from where the deliverer stands until one of the two ends.
    async fn road(&self, deliverer: &mut Deliverer<'_>, limits: &Limits, log: &Log) -> Ended {
        let (pages, inbox) = mpsc::channel(1);
        let repeats = match deliverer.repeats().await {
            Ok(repeats) => repeats,
            Err(error) => return Ended::Failed(error.into()),
        };
        let reader = Reader::new(self, limits, log, deliverer.cursor(), repeats);
        let (read, delivered) = tokio::join!(reader.run(pages), deliverer.run(inbox));
        deliverer.note(&read.stats);
        match (delivered, read.end) {
            (Err(RunError::Stopped), _) => Ended::Stopping,
            (Err(RunError::OutOfTime), _) => Ended::BudgetSpent,
            (Err(error), _) => Ended::Failed(error),
            (Ok(()), ReadEnd::CaughtUp) => match deliverer.caught_up().await {
                Ok(()) => Ended::CaughtUp,
                Err(error) => Ended::Failed(error),
            },
            (Ok(()), ReadEnd::BudgetSpent) => Ended::BudgetSpent,
            (Ok(()), ReadEnd::RateSpent(wait)) => Ended::RateSpent {
                until: Utc::now() + TimeDelta::from_std(wait).unwrap_or_default(),
            },
            (Ok(()), ReadEnd::Stopped | ReadEnd::NobodyListens) => Ended::Stopping,
            (Ok(()), ReadEnd::Failed(error)) => Ended::Failed(error.into()),
        }
    }

    /// The place to go on from: what is saved, unless it is of another filter or to be forgotten.
    fn resume(&self, begin: Begin, saved: Option<&Checkpoint>, log: &Log) -> Checkpoint {
        let start = self.start.instant(Utc::now());
        let first = Checkpoint {
            version: crate::checkpoint::FORMAT,
            sequence: 0,
            cursor: self.cursor_since(start),
            since: Some(start),
            accepted_beyond: Vec::new(),
            newest_published: None,
            filter: self.filter.clone(),
            rereading: false,
            saved_at: Utc::now(),
        };
        if saved.is_some() && begin == Begin::SavedDespiteSince {
            log.since_unused();
        }
        match saved {
            None => first,
            Some(_) if begin == Begin::Afresh => first,
            Some(saved) if saved.filter == self.filter => saved.clone(),
            Some(saved) => {
                let since = self.without_cursor(saved);
                log.filter_changed(since);
                Checkpoint {
                    cursor: self.cursor_since(since),
                    since: saved.since.or(first.since),
                    newest_published: saved.newest_published,
                    accepted_beyond: saved.accepted_beyond.clone(),
                    rereading: saved.newest_published.is_some(),
                    ..first
                }
            }
        }
    }

    fn cursor_since(&self, since: DateTime<Utc>) -> Cursor {
        Cursor::since(self.okta.domain(), since, self.filter.as_deref())
    }

    /// The time to go on from where a cursor is of no use. Everything that is not in the workspace
    /// was stored after it: after the newest event of the pages that are there, or, where there
    /// is none, after the first run's start. Okta keeps 90 days and refuses to be asked for more
    /// than 180.
    fn without_cursor(&self, place: &Checkpoint) -> DateTime<Utc> {
        let now = Utc::now();
        let start = place
            .since
            .or(place.cursor.start())
            .unwrap_or_else(|| self.start.instant(now));
        let since = place
            .newest_published
            .map_or(start, |newest| newest - OVERLAP);
        since.max(now - TimeDelta::days(i64::from(Start::MAX_DAYS)))
    }
}
