//! Saves what a run leaves for the next one: the place in the log, and the ids that were accepted
//! lately.

use std::time::Duration;

use chrono::Utc;
use okta_rows::EventId;
use tokio::time::Instant;

use super::id_set::IdSet;
use super::lanes::page_read::LaneName;
use super::report::RunError;
use super::shipper::Shipper;
use crate::net::retry::{Limits, Retries};
use crate::okta::api::error::OktaError;
use crate::state::checkpoint::{Checkpoint, FORMAT, Place};
use crate::state::recent_ids::RecentIds;
use crate::state::store::{StateLease, StoreError};
use crate::telemetry::Log;

pub(super) struct Checkpointer<'a> {
    shipper: &'a Shipper,
    pub(super) lease: Box<dyn StateLease>,
    limits: &'a Limits,
    log: &'a Log,
    /// What is accepted wholly, whether or not it is saved.
    pub(super) place: Place,
    /// Loaded when first needed: a run without news does without.
    recent: Option<RecentIds>,
    recent_saved: Instant,
    recent_changed: bool,
    /// Whether this run has saved the place once.
    has_saved: bool,
    /// Lanes whose refused cursor was replaced by a time in this run.
    fell_back: Vec<LaneName>,
}

impl<'a> Checkpointer<'a> {
    pub(super) fn new(
        shipper: &'a Shipper,
        lease: Box<dyn StateLease>,
        limits: &'a Limits,
        log: &'a Log,
        place: Place,
    ) -> Checkpointer<'a> {
        Checkpointer {
            shipper,
            lease,
            limits,
            log,
            place,
            recent: None,
            recent_saved: Instant::now(),
            recent_changed: false,
            has_saved: false,
            fell_back: Vec::new(),
        }
    }

    /// Saves the place.
    pub(super) async fn save(&mut self) -> Result<(), RunError> {
        let checkpoint = Checkpoint {
            version: FORMAT,
            sequence: 0,
            place: self.place.clone(),
            filter: self.shipper.filter.clone(),
            saved_at: Utc::now(),
        };
        let mut retries = Retries::new(self.limits);
        loop {
            let Err(error) = self.lease.save(checkpoint.clone()).await else {
                self.has_saved = true;
                return Ok(());
            };
            let tell = |pause| self.log.trying_again(&error, pause);
            if !retries.wait_to_retry(&error, tell).await {
                return Err(error.into());
            }
        }
    }

    /// Saves the place before a run's first post. A run that cannot save must not post: the next one
    /// would post the same rows again, and the one after it, too.
    pub(super) async fn save_before_first_post(&mut self) -> Result<(), RunError> {
        match self.has_saved {
            true => Ok(()),
            false => self.save().await,
        }
    }

    /// Goes on to `place`; saves it if it is another one than what is saved.
    pub(super) async fn go_on(&mut self, place: Place) -> Result<(), RunError> {
        self.place = place;
        let saved = self.lease.saved().map(|saved| &saved.place);
        match saved == Some(&self.place) {
            true => Ok(()),
            false => self.save().await,
        }
    }

    /// Remembers ids that the workspace accepted, and saves them with those before every minute.
    pub(super) async fn remember(&mut self, ids: &[EventId]) -> Result<(), RunError> {
        if ids.is_empty() {
            return Ok(());
        }
        self.recent().await?.extend(ids.iter().copied(), Utc::now());
        self.recent_changed = true;
        self.save_recent_ids(RECENT_IDS_EVERY).await
    }

    /// The recent ids, if a lane needs them: it reads again what was before a refused cursor.
    pub(super) async fn ids_to_leave_out(&mut self) -> Result<IdSet, StoreError> {
        let backfill = self.place.backfill.as_ref();
        let is_needed =
            self.place.main.rereading || backfill.is_some_and(|backfill| backfill.lane.rereading);
        match is_needed {
            true => Ok(self.recent().await?.iter().collect()),
            false => Ok(IdSet::default()),
        }
    }

    async fn recent(&mut self) -> Result<&mut RecentIds, StoreError> {
        if self.recent.is_none() {
            let stored = RecentIds::from_bytes(&self.lease.recent_ids().await?);
            if let Err(damaged) = &stored {
                self.log.recent_ids_damaged(damaged);
            }
            self.recent = Some(stored.unwrap_or_default());
        }
        Ok(self.recent.get_or_insert_default())
    }

    /// Saves recent ids that have waited for so long.
    async fn save_recent_ids(&mut self, waited: Duration) -> Result<(), RunError> {
        let is_due = self.recent_changed && self.recent_saved.elapsed() >= waited;
        let Some(recent) = self.recent.as_ref().filter(|_| is_due) else {
            return Ok(());
        };
        self.lease.save_recent_ids(recent.to_bytes()).await?;
        (self.recent_saved, self.recent_changed) = (Instant::now(), false);
        Ok(())
    }

    /// Whether a refused cursor of this lane may be replaced by a time: once a run.
    pub(super) fn may_fall_back(&self, lane: LaneName) -> bool {
        !self.fell_back.contains(&lane)
    }

    /// Okta took the cursor back: go on from a time before the newest event accepted, leaving out
    /// what was accepted since. The ids to know it by are saved first: a run killed while it reads
    /// again leaves the next one nothing else.
    pub(super) async fn fall_back(
        &mut self,
        name: LaneName,
        refused: &OktaError,
    ) -> Result<(), RunError> {
        self.save_recent_ids(Duration::ZERO).await?;
        self.fell_back.push(name);
        let main_since = self.place.main.since;
        let (lane, its_end) = match (name, &mut self.place.backfill) {
            (LaneName::Backfill, Some(backfill)) => (&mut backfill.lane, main_since),
            _ => (&mut self.place.main, None),
        };
        let since = self.shipper.without_cursor(lane, its_end);
        self.log.fell_back(refused, since);
        lane.rereading = lane.newest_published.is_some();
        lane.cursor = self.shipper.cursor_since(since);
        Ok(())
    }

    /// Leaves everything as the next run is to find it.
    pub(super) async fn finish(mut self) -> Result<(), RunError> {
        let saved = self.save_recent_ids(Duration::ZERO).await;
        if let Err(error) = self.lease.release().await {
            self.log.lease_not_released(&error);
        }
        saved
    }
}

/// How often `recent-ids` is saved within a run.
const RECENT_IDS_EVERY: Duration = Duration::from_secs(60);
