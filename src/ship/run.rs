//! One run: everything Okta has stored since the checkpoint, brought to the workspace.
//!
//! A run has no input but the checkpoint, so that it may end anywhere: the next one goes on. Two
//! halves work side by side with one page between them. The [`read`]er follows Okta's links and
//! makes batches; the [`deliver`]er posts them and saves the place after every accepted one, as
//! [`progress`] reckons it. While a batch is posted, the next page is on its way. Only passing
//! failures are tried again, and only for a minute: after that the next run is the retry.
//!
//! A first connection that meets a backlog walks the log in two lanes, so that new events do not
//! wait: whose [`turn`] it is and where they meet, at the [`seam`], are pure decisions.

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::log_analytics::batch::Spares;
use crate::log_analytics::sink::Sink;
use crate::net::retry::Limits;
use crate::okta::api::client::Client;
use crate::okta::api::error::OktaErrorKind;
use crate::okta::api::rate::RateShare;
use crate::settings::Start;
use crate::state::store::{CheckpointStore, StoreError};
use crate::telemetry::Log;

use super::deliver::Deliverer;
use super::handover::ReadEnd;
use super::health;
use super::keep::Keeper;
use super::read::{self, Reader};
use super::report::{Ended, RunError, RunReport};
use super::seam::LaneName;

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
        report.log(log);
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
                let place = match self.resume(begin, lease.as_ref(), log).await {
                    Ok(place) => place,
                    Err(error) => return Ended::Failed(error.into()),
                };
                let first = begin == Begin::Afresh || lease.saved().is_none();
                let keeper = Keeper::new(self, lease, limits, log, place);
                let deliverer = Deliverer::new(self, keeper, limits, log, observer, report);
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
            deliverer.keeper.save().await
        } else {
            Ok(())
        };
        let (mut ended, mut lane) = match begun {
            Ok(()) => self.road(&mut deliverer, limits, log).await,
            Err(error) => (Ended::Failed(error), LaneName::Main),
        };
        while let Ended::Failed(RunError::Okta(error)) = &ended
            && matches!(error.kind, OktaErrorKind::CursorRefused(_))
            && deliverer.keeper.may_fall_back(lane)
        {
            (ended, lane) = match deliverer.keeper.fall_back(lane, error).await {
                Ok(()) => self.road(&mut deliverer, limits, log).await,
                Err(error) => (Ended::Failed(error), lane),
            };
        }
        match deliverer.keeper.finish().await {
            Err(error) if !matches!(ended, Ended::Failed(_)) => Ended::Failed(error),
            _ => ended,
        }
    }

    /// Reads and delivers, from where the deliverer stands until one of the two ends; and whose
    /// request it was that Okta refused, if it did.
    async fn road(
        &self,
        deliverer: &mut Deliverer<'_>,
        limits: &Limits,
        log: &Log,
    ) -> (Ended, LaneName) {
        let (pages, inbox) = mpsc::channel(read::ROOMS);
        let beginning = match deliverer.keeper.beginning().await {
            Ok(beginning) => beginning,
            Err(error) => return (Ended::Failed(error.into()), LaneName::Main),
        };
        let spares = Spares::default();
        let reader = Reader::new(self, limits, log, beginning, spares.clone());
        let (read, delivered) = tokio::join!(reader.run(pages), deliverer.run(inbox, &spares));
        deliverer.note(&read.stats);
        let ended = match (delivered, read.end) {
            (Err(RunError::Stopped), _) => Ended::Stopping,
            (Err(RunError::OutOfTime), _) => Ended::BudgetSpent,
            (Err(error), _) => Ended::Failed(error),
            (Ok(()), ReadEnd::CaughtUp) => Ended::CaughtUp,
            (Ok(()), ReadEnd::BudgetSpent) => Ended::BudgetSpent,
            (Ok(()), ReadEnd::RateSpent(wait)) => Ended::RateSpent {
                until: Utc::now() + TimeDelta::from_std(wait).unwrap_or_default(),
            },
            (Ok(()), ReadEnd::Stopped | ReadEnd::NobodyListens) => Ended::Stopping,
            (Ok(()), ReadEnd::Failed(lane, error)) => return (Ended::Failed(error.into()), lane),
        };
        (ended, LaneName::Main)
    }
}
