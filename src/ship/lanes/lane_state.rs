//! One lane: where it is in the log, and what it leaves out.

use super::page_read::PageRead;
use super::read_history::{Circle, ReadHistory};
use crate::ship::id_set::{IdSet, sorted};
use crate::ship::page_filter::{PageFilter, SeenIds};
use crate::state::checkpoint::Lane;

/// A lane as it is once all that was read of it is accepted.
#[derive(Debug)]
pub(super) struct LaneState {
    /// Its `accepted_beyond` stands in `known`.
    pub(super) lane: Lane,
    /// Events at or after the cursor that are not this lane's to deliver.
    pub(super) known: IdSet,
    seen: SeenIds,
    history: ReadHistory,
}

impl LaneState {
    /// `recent` counts only for a lane that reads a second time.
    pub(super) fn new(mut lane: Lane, recent: &IdSet) -> LaneState {
        let known = std::mem::take(&mut lane.accepted_beyond);
        let recent = if lane.rereading {
            recent.clone()
        } else {
            IdSet::default()
        };
        LaneState {
            known: known.into_iter().collect(),
            seen: SeenIds::new(recent),
            history: ReadHistory::default(),
            lane,
        }
    }

    /// Whether nothing of it has been delivered, or tried to be.
    pub(super) fn is_untouched(&self) -> bool {
        self.lane.newest_published.is_none()
            && self.known.is_empty()
            && !self.lane.rereading
            && self.lane.cursor.start().is_some()
    }

    /// What of the next page is to be left out.
    pub(super) fn filter<'a>(&'a mut self, overlap: Option<&'a IdSet>) -> PageFilter<'a> {
        self.seen.begin_page();
        PageFilter::new(&self.known, overlap, &mut self.seen)
    }

    /// Whether the links lead in a circle by this page.
    pub(super) fn circle(&self, page: &PageRead) -> Option<Circle> {
        self.history.circle(page)
    }

    /// What comes next was accepted before: the next run is to leave it out by the recent ids.
    pub(super) fn reread(&mut self) {
        self.lane.rereading = true;
    }

    /// Goes past a page, all of which is accepted.
    pub(super) fn pass(&mut self, page: &PageRead) {
        self.seen.end_page();
        self.history.pass(&self.lane.cursor, page);
        self.lane.newest_published = self.lane.newest_published.max(page.newest);
        match &page.next {
            Some(next) => {
                self.lane.cursor = next.clone();
                for id in &page.ids {
                    self.known.remove(id);
                }
            }
            // It will be read again.
            None => self.known.extend(&page.ids),
        }
    }

    /// The page ends the log, and the lane is past all that was accepted before this run.
    pub(super) fn caught_up(&mut self, page: &PageRead) {
        // Okta names a further request even at the end. An empty page without one may be of
        // something on the way, and more follow.
        if page.ids.is_empty() && !page.has_link {
            return;
        }
        self.lane.rereading = false;
        // Nothing follows the cursor: what no page brought back will not come any more.
        if page.ids.is_empty() {
            self.known.clear();
        }
    }

    pub(super) fn to_lane(&self) -> Lane {
        Lane {
            accepted_beyond: sorted(&self.known),
            ..self.lane.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use okta_rows::EventId;

    use super::*;
    use crate::okta::log::cursor::Cursor;
    use crate::ship::lanes::page_read::Reached;

    #[test]
    fn an_empty_page_ends_the_log_only_where_it_has_a_link() {
        for (has_link, left) in [(true, 0), (false, 1)] {
            let cursor = Cursor::new("https://acme.okta.com/api/v1/logs?after=1".parse().unwrap());
            let lane = Lane {
                accepted_beyond: vec![EventId::digest(b"accepted")],
                rereading: true,
                ..Lane::begin(cursor, DateTime::UNIX_EPOCH)
            };
            let mut state = LaneState::new(lane, &IdSet::default());
            state.caught_up(&PageRead {
                ids: Vec::new(),
                rows: Vec::new(),
                without_uuid: Vec::new(),
                has_other_content: false,
                date: DateTime::UNIX_EPOCH,
                has_link,
                next: None,
                newest: None,
                reached: Reached::End,
            });
            let lane = state.to_lane();
            assert_eq!(lane.accepted_beyond.len(), left, "{has_link}");
            assert_eq!(lane.rereading, !has_link);
        }
    }
}
