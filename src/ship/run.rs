//! One run: everything Okta has stored since the saved place, brought to the workspace.
//!
//! A run has no input but what is saved, so that it may end anywhere: the next one goes on. Two
//! halves work side by side with one page between them. The [`Reader`] follows Okta's links and
//! makes batches; the [`Deliverer`] posts them and saves the place after every page. While a page
//! is posted, the next one is on its way. Only passing failures are tried again, and only for a
//! minute: after that the next run is the retry.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::checkpointer::Checkpointer;
use super::deliver::Deliverer;
use super::health;
use super::lanes::Lanes;
use super::lanes::page_read::LaneName;
use super::page_reader::PageReader;
use super::post::LAST_POST;
use super::reader::{ReadEnd, Reader};
use super::report::{Ended, RunError, RunReport};
use super::shipper::{Begin, Observer, Shipper};
use crate::log_analytics::buffer_pool::BufferPool;
use crate::net::retry::Limits;
use crate::okta::api::error::OktaErrorKind;
use crate::state::store::StoreError;
use crate::telemetry::Log;

/// How long a run's last post, and the saves after it, may take once its time is over or it is told
/// to end. What hangs then is left to itself.
pub(super) const LAST_WORK: Duration = Duration::from_secs(LAST_POST.as_secs() + 2);

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
        let mut report = RunReport::begin(self.okta.domain().to_string(), self.sink.destination());
        let limits = Limits {
            deadline: Instant::now() + self.budget,
            stop,
        };
        let mut told = None;
        let note_told = async {
            limits.stop.cancelled().await;
            told = Some(Instant::now());
            pending::<Infallible>().await
        };
        let ended = tokio::select! {
            biased;
            ended = Box::pin(self.work(begin, &limits, log, observer, &mut report)) => ended,
            () = limits.over(LAST_WORK) => Ended::Failed(self.store_hangs().into()),
            never = note_told => match never {},
        };
        report.end(ended, Utc::now());
        report.log(log);
        health::post(self.sink.as_ref(), &report, told, &limits, log).await;
        report
    }

    /// Each call to Okta and each post ends in time by itself: what is left is the state.
    pub(super) fn store_hangs(&self) -> StoreError {
        StoreError::Unavailable {
            place: self.store.place(),
            problem: "no answer before the time of this run was over".to_owned(),
            remedy:
                "check the disk or the storage account, and the way there; the next run goes on \
                     from the last save"
                    .to_owned(),
        }
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
                let is_first = begin == Begin::Afresh || saved.is_none();
                let place = self.resume(begin, lease.saved(), log);
                if saved.is_none() {
                    let domain = self.okta.domain().as_written();
                    for other in self.possible_former_hosts().await {
                        log.other_host_saved(&domain, &other, self.start.instant(Utc::now()));
                    }
                }
                let checkpointer = Checkpointer::new(self, lease, limits, log, place);
                let deliverer = Deliverer::new(self, checkpointer, limits, log, observer, report);
                // Boxed: it holds both halves of a run.
                Box::pin(self.with_lease(deliverer, is_first, limits, log)).await
            }
        }
    }

    async fn with_lease(
        &self,
        mut deliverer: Deliverer<'_>,
        is_first: bool,
        limits: &Limits,
        log: &Log,
    ) -> Ended {
        // Where a first run starts is saved before it starts: should it fail, the next one, later,
        // is to start there too.
        let begun = match is_first {
            true => deliverer.checkpointer.save().await,
            false => Ok(()),
        };
        let (mut ended, mut lane) = match begun {
            Ok(()) => self.read_and_deliver(&mut deliverer, limits, log).await,
            Err(error) => (Ended::Failed(error), LaneName::Main),
        };
        while let Ended::Failed(RunError::Okta(error)) = &ended
            && matches!(error.kind, OktaErrorKind::CursorRefused(_))
            && deliverer.checkpointer.may_fall_back(lane)
        {
            (ended, lane) = match deliverer.checkpointer.fall_back(lane, error).await {
                Ok(()) => self.read_and_deliver(&mut deliverer, limits, log).await,
                Err(error) => (Ended::Failed(error), lane),
            };
        }
        match deliverer.checkpointer.finish().await {
            Err(error) if !matches!(ended, Ended::Failed(_)) => Ended::Failed(error),
            _ => ended,
        }
    }

    /// Reads and delivers until one of the two ends; and whose request it was that Okta refused, if
    /// it did.
    async fn read_and_deliver(
        &self,
        deliverer: &mut Deliverer<'_>,
        limits: &Limits,
        log: &Log,
    ) -> (Ended, LaneName) {
        let checkpointer = &mut deliverer.checkpointer;
        let recent = match checkpointer.ids_to_leave_out().await {
            Ok(recent) => recent,
            Err(error) => return (Ended::Failed(error.into()), LaneName::Main),
        };
        let start = self.cursor_since(Utc::now());
        let buffers = BufferPool::default();
        let reader = Reader {
            pages: PageReader::new(self, limits, log, buffers.clone()),
            lanes: Lanes::new(checkpointer.place.clone(), &recent, start),
            share: self.share,
            org: self.okta.domain(),
            limits,
            log,
        };
        let (deliveries, inbox) = mpsc::channel(1);
        let ((end, stats), delivered) =
            tokio::join!(reader.run(deliveries), deliverer.run(inbox, &buffers));
        deliverer.count(&stats);
        let ended = match (delivered, end) {
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
