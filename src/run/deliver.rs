//! The delivering half of a run: post batches in order, save the place after each.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::dead_letter::DeadLetter;
use super::intake::Repeats;
use super::progress::Progress;
use super::read::{PageRead, ReadStats};
use super::{Observer, RecentIds, RunError, RunReport, Shipper};
use crate::batch::{Batch, BatchRow};
use crate::checkpoint::{Checkpoint, CheckpointLease, StoreError};
use crate::ingest::outcome::Outcome;
use crate::ingest::{PostError, Table};
use crate::okta::{Cursor, OktaError};
use crate::retry::{Limits, Retries};
use crate::telemetry::Log;

/// How long a post under way may take once the process is told to end.
pub(super) const LAST_POST: Duration = Duration::from_secs(5);

/// How often `recent-ids` is saved within a run.
const RECENT_IDS_EVERY: Duration = Duration::from_secs(60);

pub(super) struct Deliverer<'a> {
    shipper: &'a Shipper,
    lease: Box<dyn CheckpointLease>,
    limits: &'a Limits,
    log: &'a Log,
    observer: Observer<'a>,
    report: &'a mut RunReport,
    /// What the next save is made of, its cursor and ids aside.
    place: Checkpoint,
    progress: Progress,
    /// Loaded when first needed: a run without news does without.
    recent: Option<RecentIds>,
    recent_saved: Instant,
    recent_changed: bool,
    rows_tried: usize,
    rows_refused: usize,
}

impl<'a> Deliverer<'a> {
    pub(super) fn new(
        shipper: &'a Shipper,
        lease: Box<dyn CheckpointLease>,
        limits: &'a Limits,
        log: &'a Log,
        observer: Observer<'a>,
        place: Checkpoint,
        report: &'a mut RunReport,
    ) -> Deliverer<'a> {
        report.newest_published = place.newest_published;
        Deliverer {
            shipper,
            lease,
            limits,
            log,
            observer,
            report,
            progress: Progress::new(
                place.cursor.clone(),
                place.accepted_beyond.clone(),
                place.newest_published,
            ),
            place,
            recent: None,
            recent_saved: Instant::now(),
            recent_changed: false,
            rows_tried: 0,
            rows_refused: 0,
        }
    }

    /// Where reading begins.
    pub(super) fn cursor(&self) -> Cursor {
        self.progress.cursor().clone()
    }

    /// What reading is to leave out.
    pub(super) async fn repeats(&mut self) -> Result<Repeats, StoreError> {
        let recent = match self.place.rereading {
            true => self.recent().await?.to_set(),
            false => Default::default(),
        };
        let accepted = self.progress.accepted_beyond().into_iter().collect();
        Ok(Repeats::new(accepted, recent))
    }

    async fn recent(&mut self) -> Result<&mut RecentIds, StoreError> {
        if self.recent.is_none() {
            let stored = self.lease.recent_ids().await?;
            let recent = RecentIds::from_bytes(&stored);
            if let Err(damaged) = &recent {
                self.log.recent_ids_damaged(damaged);
            }
            self.recent = Some(recent.unwrap_or_default());
        }
        Ok(self.recent.get_or_insert_default())
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

    /// Delivers page after page until no more come.
    pub(super) async fn run(
        &mut self,
        mut inbox: mpsc::Receiver<PageRead>,
    ) -> Result<(), RunError> {
        while let Some(read) = inbox.recv().await {
            self.page(read).await?;
        }
        Ok(())
    }

    async fn page(&mut self, read: PageRead) -> Result<(), RunError> {
        if let Some(oversize) = &read.oversize {
            self.keep_oversize(oversize, &read.page.cursor).await?;
        }
        // What an earlier run had accepted of this page counts beside what is refused of it now:
        // else a run that ended between the two would leave the refused rows alone for ever.
        let accepted_before = read.page.repeated.len();
        self.rows_tried += accepted_before;
        self.progress.read(read.page);
        for batch in &read.batches {
            self.batch(batch, accepted_before > 0, read.newest).await?;
        }
        self.save_if_moved().await?;
        if self.recent_changed && self.recent_saved.elapsed() >= RECENT_IDS_EVERY {
            self.save_recent().await?;
        }
        Ok(())
    }

    /// Posts a batch; where the workspace does not take it, its halves, down to the rows at fault.
    /// If no row of it is accepted, now or before, then it is not the rows.
    async fn batch(
        &mut self,
        batch: &Batch,
        accepted_before: bool,
        newest: Option<DateTime<Utc>>,
    ) -> Result<(), RunError> {
        self.rows_tried += batch.rows().len();
        let mut parts = vec![batch.clone()];
        let mut refused: Vec<(Batch, PostError)> = Vec::new();
        while let Some(part) = parts.pop() {
            self.may_go_on()?;
            let error = match self.post(&part).await {
                Ok(()) => {
                    self.accepted(&part, newest).await?;
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
        self.set_aside(refused).await
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
    async fn set_aside(&mut self, refused: Vec<(Batch, PostError)>) -> Result<(), RunError> {
        if refused.is_empty() {
            return Ok(());
        }
        for (row, error) in &refused {
            let Some(BatchRow { id, page, .. }) = row.rows().first() else {
                continue;
            };
            let name = format!("{id}.json");
            let letter = DeadLetter::new(&error.message, row.body(), Utc::now());
            let letter = letter.to_bytes();
            self.lease.keep_dead_letter(&name, letter).await?;
            self.log.dead_letter(&name, &error.message);
            self.progress.accepted([(*page, *id)]);
            self.report.dead_letters += 1;
        }
        self.rows_refused += refused.len();
        self.save().await
    }

    async fn keep_oversize(&mut self, error: &OktaError, at: &Cursor) -> Result<(), RunError> {
        let name = format!(
            "oversize-{}.json",
            crate::event::EventId::digest(at.url().as_str().as_bytes())
        );
        let request = serde_json::to_vec(at).unwrap_or_default();
        let note = DeadLetter::new(&error.to_string(), &request, Utc::now());
        self.lease.keep_dead_letter(&name, note.to_bytes()).await?;
        self.log.dead_letter(&name, &error.to_string());
        self.report.dead_letters += 1;
        Ok(())
    }

    /// Posts the same bytes until they are accepted or there is no point in trying.
    async fn post(&mut self, batch: &Batch) -> Result<(), RunError> {
        let mut retries = Retries::new(self.limits, self.log);
        let posted = post(self.shipper, &*self.lease, batch, self.limits, &mut retries).await;
        self.report.retries += retries.count;
        posted
    }

    async fn accepted(
        &mut self,
        batch: &Batch,
        newest: Option<DateTime<Utc>>,
    ) -> Result<(), RunError> {
        self.report.posts += 1;
        self.report.events += batch.rows().len() as u64;
        self.report.posted_bytes += batch.body().len() as u64;
        self.report.newest_published = self.report.newest_published.max(newest);
        self.progress
            .accepted(batch.rows().iter().map(|row| (row.page, row.id)));
        self.save().await?;
        let mark = self.report.newest_published.unwrap_or_else(Utc::now);
        let ids: Vec<_> = batch.rows().iter().map(|row| row.id).collect();
        self.recent().await?.extend(ids, mark);
        self.recent_changed = true;
        (self.observer)(self.report);
        Ok(())
    }

    async fn save_if_moved(&mut self) -> Result<(), RunError> {
        let moved = *self.progress.cursor() != self.place.cursor;
        let never = self.lease.saved().is_none();
        if moved || never {
            self.save().await
        } else {
            Ok(())
        }
    }

    pub(super) async fn save(&mut self) -> Result<(), RunError> {
        self.place.cursor = self.progress.cursor().clone();
        self.place.accepted_beyond = self.progress.accepted_beyond();
        self.place.newest_published = self.progress.newest();
        self.place.saved_at = Utc::now();
        let mut retries = Retries::new(self.limits, self.log);
        loop {
            match self.lease.save(self.place.clone()).await {
                Ok(()) => return Ok(()),
                Err(error) if !retries.again(&error).await => return Err(error.into()),
                Err(_) => {}
            }
        }
    }

    async fn save_recent(&mut self) -> Result<(), RunError> {
        let bytes = self.recent().await?.to_bytes();
        self.lease.save_recent_ids(bytes).await?;
        (self.recent_saved, self.recent_changed) = (Instant::now(), false);
        Ok(())
    }

    /// Okta took the cursor back: go on from a time before the newest event accepted, leaving
    /// out what was accepted since. The ids to know it by are saved first: a run killed while it
    /// reads again leaves the next one nothing else.
    pub(super) async fn fall_back(&mut self, refused: &OktaError) -> Result<(), RunError> {
        if self.recent_changed {
            self.save_recent().await?;
        }
        let newest = self.progress.newest();
        self.place.newest_published = newest;
        let since = self.shipper.without_cursor(&self.place);
        self.log.fell_back(refused, since);
        self.place.rereading = newest.is_some();
        let cursor = self.shipper.cursor_since(since);
        self.progress = Progress::new(cursor, self.progress.accepted_beyond(), newest);
        Ok(())
    }

    /// The end of the log: nothing that was read twice can come any more.
    pub(super) async fn caught_up(&mut self) -> Result<(), RunError> {
        self.progress.caught_up();
        let stale = self.place.rereading
            || self.progress.accepted_beyond().len() != self.place.accepted_beyond.len();
        self.place.rereading = false;
        if stale { self.save().await } else { Ok(()) }
    }

    /// Leaves everything as the next run is to find it.
    pub(super) async fn finish(mut self) -> Result<(), RunError> {
        let saved = if self.recent_changed {
            self.save_recent().await
        } else {
            Ok(())
        };
        let released = self.lease.release().await;
        if let Err(error) = released {
            self.log.lease_not_released(&error);
        }
        saved
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
    let tries = async {
        loop {
            // A writer that was robbed of its place would post what the thief has posted.
            lease.check()?;
            match shipper.sink.post(Table::Okta, batch).await {
                Ok(()) => return Ok(()),
                Err(error) if !retries.again(&error).await => {
                    return Err(match limits.stop.is_cancelled() {
                        true => RunError::Stopped,
                        false => RunError::from(error),
                    });
                }
                Err(_) => {}
            }
        }
    };
    tokio::select! {
        posted = tries => posted,
        () = told_to_end => Err(RunError::Stopped),
    }
}
