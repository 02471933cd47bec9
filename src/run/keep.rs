//! What a run keeps for the next one: the place of each lane, the seam between two, the ids to
//! know events by again.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::handover::Beginning;
use super::intake::Repeats;
use super::lane::{LaneWork, recent_ids};
use super::seam::{LaneName, Seam};
use super::{RunError, Shipper};
use crate::batch::Batch;
use crate::checkpoint::{Checkpoint, CheckpointLease, FORMAT, Ids, Lane, StoreError};
use crate::event::EventId;
use crate::okta::{Cursor, OktaError};
use crate::retry::{Limits, Retries};
use crate::telemetry::Log;

pub(super) struct Keeper<'a> {
    shipper: &'a Shipper,
    pub(super) lease: Box<dyn CheckpointLease>,
    limits: &'a Limits,
    log: &'a Log,
    main: LaneWork,
    /// There with a seam, never without.
    backfill: Option<(LaneWork, Seam)>,
    /// Whether ids of a backfill lane are kept that ended without having met the other one.
    ids_left_behind: bool,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(
        shipper: &'a Shipper,
        lease: Box<dyn CheckpointLease>,
        limits: &'a Limits,
        log: &'a Log,
        (place, seam): (Checkpoint, Option<Seam>),
    ) -> Keeper<'a> {
        Keeper {
            shipper,
            lease,
            limits,
            log,
            main: LaneWork::new(place.main),
            backfill: place.backfill.map(LaneWork::new).zip(seam),
            ids_left_behind: false,
        }
    }

    /// Where reading begins, and what it is to leave out.
    pub(super) async fn beginning(&mut self) -> Result<Beginning, StoreError> {
        let main = self.lane_beginning(LaneName::Main).await?;
        let backfill = match self.backfill {
            Some(_) => Some(self.lane_beginning(LaneName::Backfill).await?),
            None => None,
        };
        let seam = self.backfill.as_ref().map(|(_, seam)| seam.clone());
        let may_split = self.main.first_start().filter(|_| seam.is_none());
        Ok(Beginning {
            main,
            backfill: backfill
                .zip(seam)
                .map(|((cursor, repeats), seam)| (cursor, repeats, seam)),
            may_split,
        })
    }

    async fn lane_beginning(&mut self, name: LaneName) -> Result<(Cursor, Repeats), StoreError> {
        let alone = self.backfill.is_none();
        let (lease, log) = (&*self.lease, self.log);
        let lane = match (name, &mut self.backfill) {
            (LaneName::Backfill, Some((backfill, _))) => backfill,
            _ => &mut self.main,
        };
        lane.begin_again();
        let mut recent = HashSet::new();
        if lane.is_rereading() {
            recent = lane.recent(name, lease, log).await?.to_set();
            // A lane that had to take the place of two passes what either had accepted.
            if alone {
                let other = recent_ids(Ids::RecentOfBackfill, lease, log).await?;
                self.ids_left_behind = !other.is_empty();
                recent.extend(other.to_set());
            }
        }
        let accepted = lane.progress.accepted_beyond().into_iter().collect();
        let repeats = Repeats::new(accepted, recent);
        Ok((lane.progress.cursor().clone(), repeats))
    }

    /// The lane of this name; the main one where it is the only one.
    pub(super) fn lane(&mut self, name: LaneName) -> &mut LaneWork {
        match (name, &mut self.backfill) {
            (LaneName::Backfill, Some((backfill, _))) => backfill,
            _ => &mut self.main,
        }
    }

    /// A backlog and new events go separate ways from here on. The seam is emptied first, so that
    /// what an earlier first run left there is not taken for this one's.
    pub(super) async fn split(&mut self, since: DateTime<Utc>) -> Result<(), RunError> {
        let seam = Seam::new(since);
        self.save_ids(Ids::Seam, seam.to_bytes()).await?;
        let main = Lane::begin(self.shipper.cursor_since(since), since);
        let backfill = std::mem::replace(&mut self.main, LaneWork::new(main));
        self.backfill = Some((backfill, seam));
        self.log.lanes_split(self.shipper.okta.domain(), since);
        self.save().await
    }

    /// Saves the ids that the main lane is about to post, so that the backfill lane never does.
    pub(super) async fn lengthen_seam(&mut self, ids: &[EventId]) -> Result<(), RunError> {
        let Some((_, seam)) = &mut self.backfill else {
            return Ok(());
        };
        if seam.extend(ids).is_empty() {
            return Ok(());
        }
        let bytes = seam.to_bytes();
        self.save_ids(Ids::Seam, bytes).await
    }

    /// One lane goes on: all that the other one was to bring is in the workspace.
    pub(super) async fn join(&mut self, goes_on: LaneName) -> Result<(), RunError> {
        let Some((backfill, _)) = self.backfill.take() else {
            return Ok(());
        };
        if goes_on == LaneName::Backfill {
            let main = std::mem::replace(&mut self.main, backfill);
            let (lease, log) = (&*self.lease, self.log);
            self.main.take_over(main, lease, log).await?;
            // Once the other lane is gone, nothing else tells what either had accepted.
            self.save_recent(Duration::ZERO).await?;
        }
        self.log.lanes_joined(self.shipper.okta.domain());
        self.save().await?;
        self.save_ids(Ids::Seam, Vec::new()).await?;
        self.save_ids(Ids::RecentOfBackfill, Vec::new()).await
    }

    /// A batch of this lane is in the workspace; `newest` is that of the page that filled it.
    pub(super) async fn accepted(
        &mut self,
        batch: &Batch,
        name: LaneName,
        newest: Option<DateTime<Utc>>,
    ) -> Result<(), RunError> {
        self.lane(name).accepted(batch, newest);
        self.save().await?;
        let (lease, log) = (&*self.lease, self.log);
        let lane = match (name, &mut self.backfill) {
            (LaneName::Backfill, Some((backfill, _))) => backfill,
            _ => &mut self.main,
        };
        Ok(lane.remember(batch, name, lease, log).await?)
    }

    pub(super) async fn save_if_moved(&mut self) -> Result<(), RunError> {
        let moved = self.lease.saved().is_none_or(|saved| {
            let backfill = self.backfill.as_ref().zip(saved.backfill.as_ref());
            self.main.has_moved(&saved.main)
                || backfill.is_some_and(|((lane, _), saved)| lane.has_moved(saved))
        });
        if moved { self.save().await } else { Ok(()) }
    }

    pub(super) async fn save(&mut self) -> Result<(), RunError> {
        let place = Checkpoint {
            version: FORMAT,
            sequence: 0,
            main: self.main.place(),
            backfill: self.backfill.as_ref().map(|(lane, _)| lane.place()),
            filter: self.shipper.filter.clone(),
            saved_at: Utc::now(),
        };
        let mut retries = Retries::new(self.limits, self.log);
        loop {
            match self.lease.save(place.clone()).await {
                Ok(()) => return Ok(()),
                Err(error) if !retries.again(&error).await => return Err(error.into()),
                Err(_) => {}
            }
        }
    }

    /// The newest `published` in the workspace; while there is a backfill lane, of new events.
    pub(super) fn newest(&self) -> Option<DateTime<Utc>> {
        self.main.newest
    }

    /// How far the backfill lane has come, or where it starts; nothing where there is none.
    pub(super) fn backlog_up_to(&self) -> Option<DateTime<Utc>> {
        let lane = self.backfill.as_ref().map(|(lane, _)| lane.place())?;
        lane.newest_published.or(lane.since)
    }

    async fn save_ids(&mut self, which: Ids, ids: Vec<u8>) -> Result<(), RunError> {
        let mut retries = Retries::new(self.limits, self.log);
        loop {
            match self.lease.save_ids(which, ids.clone()).await {
                Ok(()) => return Ok(()),
                Err(error) if !retries.again(&error).await => return Err(error.into()),
                Err(_) => {}
            }
        }
    }

    /// Saves the recent ids of a lane that have waited for so long.
    pub(super) async fn save_recent(&mut self, waited: Duration) -> Result<(), RunError> {
        let backfill = self.backfill.as_mut();
        let backfill = backfill.map(|(lane, _)| (LaneName::Backfill, lane));
        for (name, lane) in [(LaneName::Main, &mut self.main)]
            .into_iter()
            .chain(backfill)
        {
            if lane
                .unsaved_ids()
                .is_some_and(|since| since.elapsed() >= waited)
            {
                lane.save_recent(name, &mut *self.lease).await?;
            }
        }
        Ok(())
    }

    /// Whether a refused cursor of this lane may be replaced by a time: once a run.
    pub(super) fn may_fall_back(&mut self, name: LaneName) -> bool {
        !self.lane(name).fell_back
    }

    /// Okta took the cursor back: go on from a time before the newest event accepted, leaving
    /// out what was accepted since. The ids to know it by are saved first: a run killed while it
    /// reads again leaves the next one nothing else.
    pub(super) async fn fall_back(
        &mut self,
        name: LaneName,
        refused: &OktaError,
    ) -> Result<(), RunError> {
        self.save_recent(Duration::ZERO).await?;
        let its_end = match name {
            LaneName::Main => None,
            LaneName::Backfill => self.main.place().since,
        };
        let place = self.lane(name).place();
        let since = self.shipper.without_cursor(&place, its_end);
        self.log.fell_back(refused, since);
        let cursor = self.shipper.cursor_since(since);
        self.lane(name).fall_back(cursor);
        Ok(())
    }

    /// The main lane is at the end of the log.
    pub(super) async fn caught_up(&mut self) -> Result<(), RunError> {
        let saved = self.lease.saved().map(|saved| &saved.main);
        if self.main.caught_up(saved) {
            self.save().await?;
        }
        if std::mem::take(&mut self.ids_left_behind) {
            self.save_ids(Ids::RecentOfBackfill, Vec::new()).await?;
        }
        Ok(())
    }

    /// Leaves everything as the next run is to find it.
    pub(super) async fn finish(mut self) -> Result<(), RunError> {
        let saved = self.save_recent(Duration::ZERO).await;
        if let Err(error) = self.lease.release().await {
            self.log.lease_not_released(&error);
        }
        saved
    }
}
