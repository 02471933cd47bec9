//! Where a run goes on: at what is saved, or where that is of no use any more, at a time.

use chrono::{DateTime, TimeDelta, Utc};

use super::shipper::{Begin, Shipper};
use crate::okta::api::error::OktaError;
use crate::okta::log::page;
use crate::settings::Start;
use crate::state::checkpoint::{Checkpoint, Lane, Place};
use crate::telemetry::Log;

/// How far a refused cursor falls back behind the newest event accepted.
const OVERLAP: TimeDelta = TimeDelta::minutes(15);

/// Most orgs that a warning names.
const MOST_NAMED: usize = 3;

/// The first format that tells where two lanes meet.
const OVERLAP_IN_CHECKPOINT: u32 = 3;

impl Shipper {
    /// The place to go on from: what is saved, unless it is of another filter or to be forgotten.
    pub(super) fn resume(&self, begin: Begin, saved: Option<&Checkpoint>, log: &Log) -> Place {
        let Some(saved) = saved.filter(|_| begin != Begin::Afresh) else {
            let start = self.start.instant(Utc::now());
            return Place::of_one_lane(Lane::begin(self.cursor_since(start), start));
        };
        if begin == Begin::SavedDespiteSince {
            log.since_unused();
        }
        if saved.filter != self.filter {
            let (place, since) = self.without_cursors(&saved.place);
            log.filter_changed(since);
            place
        } else if saved.version < OVERLAP_IN_CHECKPOINT && saved.place.backfill.is_some() {
            let (place, since) = self.without_cursors(&saved.place);
            log.overlap_lost(since);
            place
        } else {
            saved.place.clone()
        }
    }

    /// What a run that begins at the saved cursor would go on from, and whether it could.
    ///
    /// # Errors
    /// A cursor leads to another org, or not on, in the words of the run that would fail.
    pub fn check_saved(&self, saved: &Checkpoint, log: &Log) -> Result<Place, OktaError> {
        let place = self.resume(Begin::Saved, Some(saved), log);
        let check = |cursor| page::check_cursor(self.okta.domain(), cursor, self.filter.as_deref());
        check(&place.main.cursor)?;
        if let Some(backfill) = &place.backfill {
            check(&backfill.lane.cursor)?;
        }
        Ok(place)
    }

    /// Other orgs whose state lies beside that of this one, which has none: one of them may be this
    /// very org under its former host.
    pub async fn possible_former_hosts(&self) -> Vec<String> {
        // Only a hint depends on it: where the store does not list, there is none.
        let orgs = self.store.orgs().await.unwrap_or_default();
        let domain = self.okta.domain();
        let others = orgs
            .into_iter()
            .filter(|org| org.key != domain.key() && org.moved_to.is_none());
        others.map(|org| org.key).take(MOST_NAMED).collect()
    }

    /// One lane in place of those saved: at a time before all that is not in the workspace. What
    /// is there of either lane is left out by id, as far as ids are kept.
    fn without_cursors(&self, saved: &Place) -> (Place, DateTime<Utc>) {
        let main = &saved.main;
        let (behind, its_end, overlap) = match &saved.backfill {
            Some(backfill) => (&backfill.lane, main.since, backfill.overlap_ids.as_slice()),
            None => (main, None, &[][..]),
        };
        let since = self.without_cursor(behind, its_end);
        // The main lane's own `accepted_beyond` may name events that the other lane had still to
        // deliver.
        let accepted_beyond = [&behind.accepted_beyond, overlap].concat();
        let lane = Lane {
            since: behind.since,
            accepted_beyond,
            newest_published: behind.newest_published,
            rereading: behind.newest_published.is_some() || saved.backfill.is_some(),
            ..Lane::begin(self.cursor_since(since), since)
        };
        (Place::of_one_lane(lane), since)
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
