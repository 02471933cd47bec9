//! One lane as the delivering half knows it: what of it is accepted, and by which ids it is known
//! again.

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::progress::Progress;
use super::seam::LaneName;
use crate::log_analytics::batch::Batch;
use crate::okta::log::cursor::Cursor;
use crate::state::recent_ids::RecentIds;
use crate::state::store::{CheckpointLease, Ids, Lane, StoreError};
use crate::telemetry::Log;

pub(super) struct LaneWork {
    /// What a save is made of, where the progress does not say otherwise.
    place: Lane,
    pub(super) progress: Progress,
    /// The newest `published` accepted, of pages in work too.
    pub(super) newest: Option<DateTime<Utc>>,
    /// Whether Okta refused its cursor in this run.
    pub(super) fell_back: bool,
    recent: Recent,
}

/// The recent ids of a lane.
struct Recent {
    /// Loaded when first needed: a run without news does without.
    ids: Option<RecentIds>,
    saved: Instant,
    changed: bool,
}

impl LaneWork {
    pub(super) fn new(place: Lane) -> LaneWork {
        LaneWork {
            progress: progress(&place),
            newest: place.newest_published,
            fell_back: false,
            recent: Recent {
                ids: None,
                saved: Instant::now(),
                changed: false,
            },
            place,
        }
    }

    /// What is to be saved of it now.
    pub(super) fn place(&self) -> Lane {
        Lane {
            cursor: self.progress.cursor().clone(),
            accepted_beyond: self.progress.accepted_beyond(),
            newest_published: self.progress.newest(),
            ..self.place.clone()
        }
    }

    /// Whether its place is another than what was `saved`.
    pub(super) fn has_moved(&self, saved: &Lane) -> bool {
        *self.progress.cursor() != saved.cursor
    }

    pub(super) fn is_rereading(&self) -> bool {
        self.place.rereading
    }

    /// Where it starts, if nothing of it has been shipped or tried to be.
    pub(super) fn first_start(&self) -> Option<DateTime<Utc>> {
        let place = self.place();
        let untouched = place.newest_published.is_none() && place.accepted_beyond.is_empty();
        place
            .cursor
            .start()
            .filter(|_| untouched && !place.rereading)
    }

    /// Reading begins again, as the next run would.
    pub(super) fn begin_again(&mut self) {
        self.progress = progress(&self.place());
    }

    /// Goes on from a time: `cursor` was made of it.
    pub(super) fn fall_back(&mut self, cursor: Cursor) {
        self.fell_back = true;
        self.place.rereading = self.progress.newest().is_some();
        self.place.cursor = cursor;
        self.progress = progress(&Lane {
            cursor: self.place.cursor.clone(),
            ..self.place()
        });
    }

    /// The end of the log: nothing that was read twice can come any more. True if that changes
    /// what was `saved`.
    pub(super) fn caught_up(&mut self, saved: Option<&Lane>) -> bool {
        self.progress.caught_up();
        self.place.rereading = false;
        saved.is_none_or(|saved| {
            saved.rereading || saved.accepted_beyond.len() != self.progress.accepted_beyond().len()
        })
    }

    /// A batch of it is in the workspace; `newest` is that of the page that filled it.
    pub(super) fn accepted(&mut self, batch: &Batch, page: u64, newest: Option<DateTime<Utc>>) {
        self.newest = self.newest.max(newest);
        let rows = batch.rows().iter().map(|row| (page, row.id));
        self.progress.accepted(rows);
    }

    /// Remembers the ids of a batch that is in the workspace.
    pub(super) async fn remember(
        &mut self,
        batch: &Batch,
        name: LaneName,
        lease: &dyn CheckpointLease,
        log: &Log,
    ) -> Result<(), StoreError> {
        let mark = self.newest.unwrap_or_else(Utc::now);
        let ids: Vec<_> = batch.rows().iter().map(|row| row.id).collect();
        self.recent(name, lease, log).await?.extend(ids, mark);
        self.recent.changed = true;
        Ok(())
    }

    /// The recent ids of this lane, which is the one of this name.
    pub(super) async fn recent(
        &mut self,
        name: LaneName,
        lease: &dyn CheckpointLease,
        log: &Log,
    ) -> Result<&mut RecentIds, StoreError> {
        if self.recent.ids.is_none() {
            self.recent.ids = Some(recent_ids(document(name), lease, log).await?);
        }
        Ok(self.recent.ids.get_or_insert_default())
    }

    /// Whether ids wait to be saved, and since when they do at the least.
    pub(super) fn unsaved_ids(&self) -> Option<Instant> {
        self.recent.changed.then_some(self.recent.saved)
    }

    /// Saves the recent ids, if there are any that wait.
    pub(super) async fn save_recent(
        &mut self,
        name: LaneName,
        lease: &mut dyn CheckpointLease,
    ) -> Result<(), StoreError> {
        if let (true, Some(ids)) = (self.recent.changed, &self.recent.ids) {
            lease.save_ids(document(name), ids.to_bytes()).await?;
            (self.recent.saved, self.recent.changed) = (Instant::now(), false);
        }
        Ok(())
    }

    /// The backfill lane goes on as the main one, `main`, which ends: what either had accepted
    /// lately may come again should its cursor be refused.
    pub(super) async fn take_over(
        &mut self,
        mut main: LaneWork,
        lease: &dyn CheckpointLease,
        log: &Log,
    ) -> Result<(), StoreError> {
        self.newest = self.newest.max(main.newest);
        let mark = self.newest.unwrap_or_else(Utc::now);
        let own = self.recent(LaneName::Backfill, lease, log).await?.to_set();
        let recent = main.recent(LaneName::Main, lease, log).await?;
        recent.extend(own, mark);
        self.recent = Recent {
            changed: true,
            ..main.recent
        };
        Ok(())
    }
}

fn progress(place: &Lane) -> Progress {
    Progress::new(
        place.cursor.clone(),
        place.accepted_beyond.clone(),
        place.newest_published,
    )
}

fn document(name: LaneName) -> Ids {
    match name {
        LaneName::Main => Ids::Recent,
        LaneName::Backfill => Ids::RecentOfBackfill,
    }
}

/// Reads recent ids; damaged ones count as none.
pub(super) async fn recent_ids(
    which: Ids,
    lease: &dyn CheckpointLease,
    log: &Log,
) -> Result<RecentIds, StoreError> {
    let recent = RecentIds::from_bytes(&lease.ids(which).await?);
    if let Err(damaged) = &recent {
        log.recent_ids_damaged(damaged);
    }
    Ok(recent.unwrap_or_default())
}
