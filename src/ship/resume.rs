//! Where a run goes on: at what is saved, or where that is of no use any more, at a time.

use chrono::{DateTime, TimeDelta, Utc};

use super::seam::Seam;
use super::{Begin, Shipper};
use crate::okta::log::cursor::Cursor;
use crate::settings::Start;
use crate::state::store::{Checkpoint, CheckpointLease, FORMAT, Ids, Lane, StoreError};
use crate::telemetry::Log;

/// How far a refused cursor falls back behind the newest event accepted.
const OVERLAP: TimeDelta = TimeDelta::minutes(15);

impl Shipper {
    /// The place to go on from: what is saved, unless it is of another filter or to be forgotten;
    /// and the seam, where there are two lanes.
    ///
    /// # Errors
    /// The store does not answer for the seam.
    pub(super) async fn resume(
        &self,
        begin: Begin,
        lease: &dyn CheckpointLease,
        log: &Log,
    ) -> Result<(Checkpoint, Option<Seam>), StoreError> {
        let saved = match lease.saved() {
            Some(saved) if begin != Begin::Afresh => saved,
            _ => return Ok((self.first_place(), None)),
        };
        if begin == Begin::SavedDespiteSince {
            log.since_unused();
        }
        if saved.filter != self.filter {
            let (place, since) = self.without_cursors(saved);
            log.filter_changed(since);
            return Ok((place, None));
        }
        let Some(began) = saved.backfill.as_ref().and(saved.main.since) else {
            return Ok((saved.clone(), None));
        };
        let stored = lease.ids(Ids::Seam).await?;
        match Seam::from_bytes(&stored, began, saved.seam.accepted) {
            Ok(seam) => Ok((saved.clone(), Some(seam))),
            Err(untrusted) => {
                let (place, since) = self.without_cursors(saved);
                log.seam_lost(&untrusted, since);
                Ok((place, None))
            }
        }
    }

    fn first_place(&self) -> Checkpoint {
        let now = Utc::now();
        let start = self.start.instant(now);
        Checkpoint {
            version: FORMAT,
            sequence: 0,
            main: Lane::begin(self.cursor_since(start), start),
            backfill: None,
            seam: Default::default(),
            filter: self.filter.clone(),
            saved_at: now,
        }
    }

    /// One lane in place of those saved: at a time before all that is not in the workspace. What
    /// is there of either lane is left out by id, as far as ids are kept.
    fn without_cursors(&self, saved: &Checkpoint) -> (Checkpoint, DateTime<Utc>) {
        let (behind, ahead) = match &saved.backfill {
            Some(backfill) => (backfill, Some(&saved.main)),
            None => (&saved.main, None),
        };
        let since = self.without_cursor(behind, ahead.and_then(|main| main.since));
        let beyond = behind.accepted_beyond.iter();
        let beyond = beyond.chain(ahead.iter().flat_map(|main| &main.accepted_beyond));
        let main = Lane {
            since: behind.since,
            accepted_beyond: beyond.copied().collect(),
            newest_published: behind.newest_published,
            rereading: behind.newest_published.is_some() || ahead.is_some(),
            ..Lane::begin(self.cursor_since(since), since)
        };
        let place = Checkpoint {
            main,
            backfill: None,
            seam: Default::default(),
            filter: self.filter.clone(),
            ..saved.clone()
        };
        (place, since)
    }

    pub(super) fn cursor_since(&self, since: DateTime<Utc>) -> Cursor {
        Cursor::since(self.okta.domain(), since, self.filter.as_deref())
    }

    /// The time to go on from where a lane's cursor is of no use. Everything of it that is not in
    /// the workspace was stored after it: after the newest event of the pages that are there, and
    /// after the lane's start. A backfill lane must not be led past `its_end`, where the other one
    /// began. Okta keeps 90 days and refuses to be asked for more than 180.
    pub(super) fn without_cursor(
        &self,
        lane: &Lane,
        its_end: Option<DateTime<Utc>>,
    ) -> DateTime<Utc> {
        let now = Utc::now();
        let start = lane
            .since
            .or(lane.cursor.start())
            .unwrap_or_else(|| self.start.instant(now));
        let since = lane
            .newest_published
            .map_or(start, |newest| (newest - OVERLAP).max(start));
        let since = its_end.map_or(since, |end| since.min(end));
        since.max(now - TimeDelta::days(i64::from(Start::MAX_DAYS)))
    }
}
