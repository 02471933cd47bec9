//! Which events of a page are left out: those that the workspace has, and those that the other
//! lane delivers.

use okta_rows::EventId;

use super::id_set::IdSet;

/// Events that a lane met lately.
#[derive(Debug, Default)]
pub(super) struct SeenIds {
    /// Accepted before a cursor was refused; empty unless the lane reads that part of the log again.
    recent: IdSet,
    /// On the page before.
    previous: IdSet,
    /// On this page.
    current: IdSet,
}

impl SeenIds {
    pub(super) fn new(recent: IdSet) -> SeenIds {
        SeenIds {
            recent,
            ..SeenIds::default()
        }
    }

    /// A page begins, or begins again.
    pub(super) fn begin_page(&mut self) {
        self.current.clear();
    }

    /// The page was read whole.
    pub(super) fn end_page(&mut self) {
        std::mem::swap(&mut self.previous, &mut self.current);
    }
}

/// What is to be done with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is to be delivered.
    New,
    /// The workspace accepted it beyond the cursor, or the other lane delivers it.
    Known,
    /// It was accepted before a cursor was refused.
    Repeated,
    /// An event before it has the same id.
    SameId {
        /// One on the page before, rather than only on this page.
        on_page_before: bool,
    },
}

/// Tells the events of one page apart.
#[derive(Debug)]
pub(super) struct PageFilter<'a> {
    known: &'a IdSet,
    overlap: Option<&'a IdSet>,
    seen: &'a mut SeenIds,
}

impl<'a> PageFilter<'a> {
    pub(super) fn new(
        known: &'a IdSet,
        overlap: Option<&'a IdSet>,
        seen: &'a mut SeenIds,
    ) -> PageFilter<'a> {
        PageFilter {
            known,
            overlap,
            seen,
        }
    }

    /// Looks the page's next event up.
    pub(super) fn look_up(&mut self, id: EventId) -> Seen {
        if self.known.contains(&id) || self.overlap.is_some_and(|ids| ids.contains(&id)) {
            return Seen::Known;
        }
        let is_first = self.seen.current.insert(id);
        if self.seen.recent.contains(&id) {
            return Seen::Repeated;
        }
        let on_page_before = self.seen.previous.contains(&id);
        match is_first && !on_page_before {
            true => Seen::New,
            false => Seen::SameId { on_page_before },
        }
    }
}
