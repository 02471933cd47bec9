//! What a run keeps for the next one: the place of each lane, the seam between two, the ids to
//! know events by again.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::handover::{BackfillBeginning, Beginning};
use super::ids::IdSet;
use super::intake::Repeats;
use super::lane::{LaneWork, recent_ids};
use super::seam::{LaneName, Seam};
use super::{RunError, Shipper};
use crate::log_analytics::batch::Batch;
use crate::net::retry::{Limits, Retries};
use crate::okta::api::error::OktaError;
use crate::okta::log::cursor::Cursor;
use crate::state::store::{Checkpoint, CheckpointLease, FORMAT, Ids, Lane, SeamPlace, StoreError};
use crate::telemetry::Log;
use okta_rows::EventId;

pub(super) struct Keeper<'a> {
    shipper: &'a Shipper,
    pub(super) lease: Box<dyn CheckpointLease>,
    limits: &'a Limits,
    log: &'a Log,
    main: LaneWork,
    /// There with a seam, never without.
    backfill: Option<(LaneWork, Seam)>,
    /// What of the seam the main lane is past.
    seam_place: SeamPlace,
    /// The same once everything that was read of the main lane is accepted.
    seam_read: SeamPlace,
    /// The lane that goes on once the page under way is accepted.
    joining: Option<LaneName>,
    /// The main lane that ended where the backfill lane went on.
    ended: Option<LaneWork>,
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
            seam_read: place.seam.clone(),
            seam_place: place.seam,
            joining: None,
            ended: None,
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
        // What was read of it and not accepted is read again.
        self.seam_read = self.seam_place.clone();
        let seam = self.backfill.as_ref().map(|(_, seam)| seam.clone());
        let may_split = self.main.first_start().filter(|_| seam.is_none());
        let backfill = backfill.zip(seam);
        Ok(Beginning {
            main,
            backfill: backfill.map(|((cursor, repeats), seam)| BackfillBeginning {
                cursor,
                repeats,
                unread: seam.unread(&self.seam_place),
                seam,
            }),
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
        let mut recent = IdSet::default();
        if lane.is_rereading() {
            recent = lane
                .recent(name, lease, log)
                .await?
                .to_set()
                .into_iter()
                .collect();
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
        (self.seam_place, self.seam_read) = Default::default();
        self.backfill = Some((backfill, seam));
        self.log.lanes_split(self.shipper.okta.domain(), since);
        self.save().await
    }

    /// Saves the ids that the main lane is about to post, so that the backfill lane never does.
    /// `unread`: what of the seam it has still to read after the page that comes now.
    pub(super) async fn lengthen_seam(
        &mut self,
        ids: &[EventId],
        unread: Vec<EventId>,
    ) -> Result<(), RunError> {
        let Some((_, seam)) = &mut self.backfill else {
            return Ok(());
        };
        let longer = !seam.extend(ids).is_empty();
        self.seam_read = SeamPlace {
            accepted: seam.len(),
            unread,
        };
        let bytes = seam.to_bytes();
        match longer {
            true => self.save_ids(Ids::Seam, bytes).await,
            false => Ok(()),
        }
    }

    /// After the page that comes now this lane goes on alone. The save that moves the cursor past
    /// the page is the one that joins the lanes: a kill between two saves would leave a backfill
    /// lane that is past its seam and does not know it.
    pub(super) fn join_after_this_page(&mut self, goes_on: Option<LaneName>) {
        self.joining = goes_on;
    }

    /// Joins the lanes, if they are to be and all of the backfill lane is accepted.
    fn join(&mut self) {
        let through = |(lane, _): &mut (LaneWork, Seam)| lane.progress.is_all_accepted();
        let Some(goes_on) = self.joining else { return };
        let Some((backfill, _)) = self.backfill.take_if(through) else {
            return;
        };
        if goes_on == LaneName::Backfill {
            self.ended = Some(std::mem::replace(&mut self.main, backfill));
        }
    }

    /// Clears away what two lanes needed, once they are joined.
    pub(super) async fn clear_away(&mut self) -> Result<(), RunError> {
        if self.joining.is_none() {
            return Ok(());
        }
        // A page that left no row to be posted has not been saved yet.
        self.save_if_moved().await?;
        self.joining = None;
        if let Some(main) = self.ended.take() {
            let (lease, log) = (&*self.lease, self.log);
            self.main.take_over(main, lease, log).await?;
            self.save_recent(Duration::ZERO).await?;
        }
        self.log.lanes_joined(self.shipper.okta.domain());
        self.save_ids(Ids::Seam, Vec::new()).await?;
        self.save_ids(Ids::RecentOfBackfill, Vec::new()).await
    }

    /// A batch of this lane is in the workspace; `newest` is that of the page that filled it.
    pub(super) async fn accepted(
        &mut self,
        batch: &Batch,
        name: LaneName,
        (page, newest): (u64, Option<DateTime<Utc>>),
    ) -> Result<(), RunError> {
        self.lane(name).accepted(batch, page, newest);
        self.save().await?;
        let (lease, log) = (&*self.lease, self.log);
        let lane = match (name, &mut self.backfill) {
            (LaneName::Backfill, Some((backfill, _))) => backfill,
            _ => &mut self.main,
        };
        Ok(lane.remember(batch, name, lease, log).await?)
    }

    pub(super) async fn save_if_moved(&mut self) -> Result<(), RunError> {
        self.join();
        let moved = self.lease.saved().is_none_or(|saved| {
            let backfill = self.backfill.as_ref().zip(saved.backfill.as_ref());
            self.main.has_moved(&saved.main)
                || backfill.is_some_and(|((lane, _), saved)| lane.has_moved(saved))
                || self.backfill.is_some() != saved.backfill.is_some()
        });
        if moved { self.save().await } else { Ok(()) }
    }

    pub(super) async fn save(&mut self) -> Result<(), RunError> {
        self.join();
        if self.main.progress.is_all_accepted() {
            self.seam_place = self.seam_read.clone();
        }
        let place = Checkpoint {
            version: FORMAT,
            sequence: 0,
            main: self.main.place(),
            backfill: self.backfill.as_ref().map(|(lane, _)| lane.place()),
            seam: match self.backfill {
                Some(_) => self.seam_place.clone(),
                None => SeamPlace::default(),
            },
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
        // Lanes that were joined and not cleared away are told apart by the documents as they are.
        let saved = match self.ended {
            Some(_) => Ok(()),
            None => self.save_recent(Duration::ZERO).await,
        };
        if let Err(error) = self.lease.release().await {
            self.log.lease_not_released(&error);
        }
        saved
    }
}
