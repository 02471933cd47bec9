//! The lane of the backlog as the reading half knows it: its place, and what it shares with the
//! main lane.

use chrono::{DateTime, Utc};

use super::course::{Course, Encoded};
use super::ids::IdSet;
use super::seam::{Known, Seam};
use okta_rows::EventId;
use okta_rows::RowEncoder;

/// The lane of the backlog.
pub(super) struct Backfill {
    pub(super) course: Course,
    pub(super) seam: Seam,
    /// Ids of the seam that the main lane has still to read, as an earlier run did.
    pub(super) unread: IdSet,
    /// Ids of the seam on the pages of this lane so far.
    pub(super) met: IdSet,
    /// Whether no earlier run met others.
    pub(super) met_is_whole: bool,
    /// A page that waits for the main lane.
    pub(super) held: Option<Encoded>,
}

impl Backfill {
    /// Takes the ids of a page of the main lane: gives those that are new to the seam, and those of
    /// the seam that are still to be read.
    pub(super) fn main_was_read(&mut self, page: &[EventId]) -> (Vec<EventId>, Vec<EventId>) {
        for id in page {
            self.unread.remove(id);
        }
        let new = match self.seam.is_short() {
            true => self.seam.extend(page),
            false => Vec::new(),
        };
        (new, self.unread.iter().copied().collect())
    }

    /// What is known when this page is the next one of its lane.
    pub(super) fn know(&mut self, page: &Encoded, began: Option<DateTime<Utc>>) -> Known {
        let next = self.course.after(page);
        self.met.extend(&page.met.ids);
        Known {
            met: self.met.len(),
            met_is_whole: self.met_is_whole,
            main_is_past: self.unread.is_empty(),
            last: page.is_last(next.as_ref(), began),
            newest: page.newest,
        }
    }

    /// The page that was held back, without what the seam has now. Nothing if it cannot be made
    /// again, though it could be before: then it is to be read again.
    pub(super) fn settled(&mut self, encoder: &mut RowEncoder) -> Option<Encoded> {
        let page = self.held.take()?;
        let ids = page.ids.iter();
        match ids.filter(|id| self.seam.contains(id)).count() > page.met.of_seam {
            true => self.course.again(page, &self.seam, encoder).ok(),
            false => Some(page),
        }
    }
}
