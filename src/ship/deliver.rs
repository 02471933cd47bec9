//! The delivering half of a run: post batches in order, save the place after each.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::dead_letter::DeadLetter;
use super::handover::{Handed, PageRead, ReadStats};
use super::keep::Keeper;
use super::seam::LaneName;
use super::{Observer, RunError, RunReport, Shipper};
use crate::log_analytics::batch::{Batch, BatchRow};
use crate::log_analytics::buffer_pool::BufferPool;
use crate::log_analytics::post_error::{Outcome, PostError, SLOW_SPLIT_BYTES};
use crate::log_analytics::tables;
use crate::net::retry::{Limits, Retries};
use crate::okta::api::error::OktaError;
use crate::okta::log::cursor::Cursor;
use crate::state::store::CheckpointLease;
use crate::telemetry::Log;

/// How long a post under way may take once the process is told to end.
pub(super) const LAST_POST: Duration = Duration::from_secs(5);

/// How often `recent-ids` is saved within a run.
const RECENT_IDS_EVERY: Duration = Duration::from_secs(60);

pub(super) struct Deliverer<'a> {
    shipper: &'a Shipper,
    pub(super) keeper: Keeper<'a>,
    limits: &'a Limits,
    log: &'a Log,
    observer: Observer<'a>,
    report: &'a mut RunReport,
    rows_tried: usize,
    rows_refused: usize,
}

impl<'a> Deliverer<'a> {
    pub(super) fn new(
        shipper: &'a Shipper,
        keeper: Keeper<'a>,
        limits: &'a Limits,
        log: &'a Log,
        observer: Observer<'a>,
        report: &'a mut RunReport,
    ) -> Deliverer<'a> {
        let mut deliverer = Deliverer {
            shipper,
            keeper,
            limits,
            log,
            observer,
            report,
            rows_tried: 0,
            rows_refused: 0,
        };
        deliverer.tell_how_far();
        deliverer
    }

    fn tell_how_far(&mut self) {
        self.report.newest_published = self.keeper.newest();
        self.report.backlog_up_to = self.keeper.backlog_up_to();
    }

    /// Takes what only the reader could count.
    pub(super) fn note(&mut self, read: &ReadStats) {
        self.report.pages += read.pages;
        self.report.okta_requests += read.requests;
        self.report.okta_429s += read.rate_limited;
        self.report.retries += read.retries;
        self.report.repeats += read.repeats;
        self.report.cut_rows += read.cut_rows;
    }

    /// Delivers page after page until no more come, and gives the buffers of their batches back.
    pub(super) async fn run(
        &mut self,
        mut inbox: mpsc::Receiver<Handed>,
        buffers: &BufferPool,
    ) -> Result<(), RunError> {
        while let Some(handed) = inbox.recv().await {
            match handed {
                Handed::Page(read) => self.page(*read, buffers).await?,
                Handed::Split(since) => self.keeper.split(since).await?,
            }
            self.tell_how_far();
        }
        Ok(())
    }

    async fn page(&mut self, read: PageRead, buffers: &BufferPool) -> Result<(), RunError> {
        if let Some(oversize) = &read.oversize {
            self.keep_oversize(oversize, &read.page.cursor).await?;
        }
        if read.lane == LaneName::Main {
            let keeper = &mut self.keeper;
            keeper.lengthen_seam(&read.seam, read.unread).await?;
        }
        // What is accepted of this page already counts beside what is refused of it now: else a
        // run that ended between the two would leave the refused rows alone for ever.
        let accepted_before = read.page.repeated.len();
        self.rows_tried += accepted_before;
        let page = read.page.number;
        self.keeper.lane(read.lane).progress.read(read.page);
        self.keeper.join_after_this_page(read.joined);
        for batch in read.batches {
            let of = (read.lane, page, read.newest);
            self.batch(&batch, accepted_before > 0, of).await?;
            buffers.give_back(batch);
        }
        self.keeper.clear_away().await?;
        let of_main = read.lane == LaneName::Main || read.joined == Some(LaneName::Backfill);
        if read.last && of_main {
            self.keeper.caught_up().await?;
        }
        self.keeper.save_if_moved().await?;
        self.keeper.save_recent(RECENT_IDS_EVERY).await
    }

    /// Posts a batch; where the workspace does not take it, its halves, down to the rows at fault.
    /// If no row of it is accepted, now or before, then it is not the rows.
    async fn batch(
        &mut self,
        batch: &Batch,
        accepted_before: bool,
        (lane, page, newest): (LaneName, u64, Option<DateTime<Utc>>),
    ) -> Result<(), RunError> {
        self.rows_tried += batch.rows().len();
        let mut parts = vec![batch.clone()];
        let mut refused: Vec<(Batch, PostError)> = Vec::new();
        while let Some(part) = parts.pop() {
            self.may_go_on()?;
            let error = match self.post(&part).await {
                Ok(()) => {
                    self.accepted(&part, lane, (page, newest)).await?;
                    continue;
                }
                Err(RunError::Post(error)) if error.outcome == Outcome::Split => error,
                Err(error) => return Err(error),
            };
            match part.halves() {
                Some((first, second)) => parts.extend([second, first]),
                None => refused.push((part, error)),
            }
            if self.too_many(refused.len()) {
                return Err(self.refused(refused));
            }
        }
        if refused.len() == batch.rows().len() && !accepted_before {
            return Err(self.refused(refused));
        }
        self.set_aside(refused, lane, page).await
    }

    /// No post begins once the run is told to end, or its time is over.
    fn may_go_on(&self) -> Result<(), RunError> {
        if self.limits.stop.is_cancelled() {
            return Err(RunError::Stopped);
        }
        match Instant::now() < self.limits.deadline {
            true => Ok(()),
            false => Err(RunError::OutOfTime),
        }
    }

    /// More than 1 % of the run's rows, and more than one row.
    fn too_many(&self, refused: usize) -> bool {
        self.rows_refused + refused > (self.rows_tried / 100).max(1)
    }

    fn refused(&self, refused: Vec<(Batch, PostError)>) -> RunError {
        let count = self.rows_refused + refused.len();
        match refused.into_iter().next_back() {
            Some((_, refusal)) => RunError::Refused {
                refused: count,
                rows: self.rows_tried,
                refusal,
            },
            None => RunError::Stopped,
        }
    }

    /// Makes dead letters of rows whose neighbours were accepted.
    async fn set_aside(
        &mut self,
        refused: Vec<(Batch, PostError)>,
        lane: LaneName,
        page: u64,
    ) -> Result<(), RunError> {
        if refused.is_empty() {
            return Ok(());
        }
        for (row, error) in &refused {
            let Some(BatchRow { id, .. }) = row.rows().first() else {
                continue;
            };
            let name = format!("{id}.json");
            let letter = DeadLetter::new(&error.message, row.body(), Utc::now());
            let letter = letter.to_bytes();
            self.keeper.lease.keep_dead_letter(&name, letter).await?;
            self.log.dead_letter(&name, &error.message);
            self.keeper.lane(lane).progress.accepted([(page, *id)]);
            self.report.dead_letters += 1;
        }
        self.rows_refused += refused.len();
        self.keeper.save().await
    }

    async fn keep_oversize(&mut self, error: &OktaError, at: &Cursor) -> Result<(), RunError> {
        let name = format!(
            "oversize-{}.json",
            okta_rows::EventId::digest(at.url().as_str().as_bytes())
        );
        let request = serde_json::to_vec(at).unwrap_or_default();
        let note = DeadLetter::new(&error.to_string(), &request, Utc::now());
        self.keeper
            .lease
            .keep_dead_letter(&name, note.to_bytes())
            .await?;
        self.log.dead_letter(&name, &error.to_string());
        self.report.dead_letters += 1;
        Ok(())
    }

    /// Posts the same bytes until they are accepted or there is no point in trying.
    async fn post(&mut self, batch: &Batch) -> Result<(), RunError> {
        let mut retries = Retries::new(self.limits, self.log);
        let posted = post(
            self.shipper,
            &*self.keeper.lease,
            batch,
            self.limits,
            &mut retries,
        )
        .await;
        self.report.retries += retries.count;
        posted
    }

    async fn accepted(
        &mut self,
        batch: &Batch,
        name: LaneName,
        of_page: (u64, Option<DateTime<Utc>>),
    ) -> Result<(), RunError> {
        self.report.posts += 1;
        self.report.events += batch.rows().len() as u64;
        self.report.posted_bytes += batch.body().len() as u64;
        if self.shipper.sink.rewrites_old_times() {
            self.report.old_rows += batch.rows().iter().filter(|row| row.old).count() as u64;
        }
        self.keeper.accepted(batch, name, of_page).await?;
        self.tell_how_far();
        (self.observer)(self.report);
        Ok(())
    }
}

/// Posts the same bytes to `Okta_CL` until they are accepted, there is no point in trying, or a
/// process that is told to end has used up the time for its last post.
pub(super) async fn post(
    shipper: &Shipper,
    lease: &dyn CheckpointLease,
    batch: &Batch,
    limits: &Limits,
    retries: &mut Retries<'_>,
) -> Result<(), RunError> {
    let told_to_end = async {
        limits.stop.cancelled().await;
        tokio::time::sleep(LAST_POST).await;
    };
    let body = shipper.sink.prepare(batch);
    let tries = async {
        let mut slow = 0;
        loop {
            // A writer that was robbed of its place would post what the thief has posted.
            lease.check()?;
            match shipper.sink.post(&tables::OKTA, &body).await {
                Ok(()) => return Ok(()),
                Err(error)
                    if error.outcome == Outcome::Slow
                        && slow > 0
                        && body.plain_len > SLOW_SPLIT_BYTES =>
                {
                    return Err(RunError::from(PostError {
                        outcome: Outcome::Split,
                        ..error
                    }));
                }
                Err(error) if !retries.again(&error).await => {
                    return Err(match limits.stop.is_cancelled() {
                        true => RunError::Stopped,
                        false => RunError::from(error),
                    });
                }
                Err(error) => slow += u32::from(error.outcome == Outcome::Slow),
            }
        }
    };
    tokio::select! {
        posted = tries => posted,
        () = told_to_end => Err(RunError::Stopped),
    }
}
