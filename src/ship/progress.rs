//! Where the next run has to begin, reckoned from what the workspace accepted.
//!
//! Pages come in their order and their rows may be accepted in several batches. The cursor moves
//! past a page only when every row of it is accepted; what is accepted beyond that is remembered
//! by id. Pure: no clock, no network.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use crate::okta::log::cursor::Cursor;
use okta_rows::EventId;

/// A page whose rows are on their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageInWork {
    /// The number that its rows carry.
    pub(super) number: u64,
    /// The request that gave it.
    pub(super) cursor: Cursor,
    /// The request after it; `None` when Okta named none, or this one again.
    pub(super) next: Option<Cursor>,
    /// Rows to be accepted before the cursor may move on.
    pub(super) rows: usize,
    /// Its events that the workspace had before.
    pub(super) repeated: Vec<EventId>,
    /// Its newest `published`.
    pub(super) newest: Option<DateTime<Utc>>,
}

/// The reckoning.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    cursor: Cursor,
    newest: Option<DateTime<Utc>>,
    /// Accepted beyond the cursor by an earlier run, and not met again so far.
    carried: Vec<EventId>,
    pages: VecDeque<(PageInWork, Vec<EventId>)>,
}

impl Progress {
    pub(super) fn new(
        cursor: Cursor,
        accepted_beyond: Vec<EventId>,
        newest: Option<DateTime<Utc>>,
    ) -> Progress {
        Progress {
            cursor,
            newest,
            carried: accepted_beyond,
            pages: VecDeque::new(),
        }
    }

    /// The next page in order was read, or the last one again, if it had no next one.
    pub(super) fn read(&mut self, page: PageInWork) {
        let again = self.pages.pop_back_if(|(last, _)| last.next.is_none());
        self.carried
            .extend(again.into_iter().flat_map(|(_, accepted)| accepted));
        let met: std::collections::HashSet<&EventId> = page.repeated.iter().collect();
        self.carried.retain(|id| !met.contains(id));
        let accepted = page.repeated.clone();
        self.pages.push_back((page, accepted));
        self.advance();
    }

    /// Rows were accepted, each named by its page and id.
    pub(super) fn accepted(&mut self, rows: impl IntoIterator<Item = (u64, EventId)>) {
        for (number, id) in rows {
            // There are hardly more than two.
            let mut pages = self.pages.iter_mut();
            if let Some((_, accepted)) = pages.find(|(page, _)| page.number == number) {
                accepted.push(id);
            }
        }
        self.advance();
    }

    fn advance(&mut self) {
        while let Some((page, accepted)) = self.pages.front() {
            let whole = accepted.len() >= page.rows + page.repeated.len();
            if !whole {
                return;
            }
            self.newest = self.newest.max(page.newest);
            let Some(next) = page.next.clone() else {
                return;
            };
            self.cursor = next;
            self.pages.pop_front();
        }
    }

    /// Whether every page that was read is accepted.
    pub(super) fn is_all_accepted(&self) -> bool {
        let mut pages = self.pages.iter();
        pages.all(|(page, accepted)| accepted.len() >= page.rows + page.repeated.len())
    }

    /// Everything there was is accepted: ids that no page brought back will not come any more,
    /// unless the last page is to be read again.
    pub(super) fn caught_up(&mut self) {
        if self.pages.is_empty() {
            self.carried.clear();
        }
    }

    /// The request for the oldest page that is not wholly accepted.
    pub(super) fn cursor(&self) -> &Cursor {
        self.pages
            .front()
            .map_or(&self.cursor, |(page, _)| &page.cursor)
    }

    /// The newest `published` of the pages that are wholly accepted. Everything else was stored
    /// later, so this is a sound time to go on from; the newest of a page in work is not.
    pub(super) fn newest(&self) -> Option<DateTime<Utc>> {
        self.newest
    }

    /// What of it, and of later pages, is accepted already.
    pub(super) fn accepted_beyond(&self) -> Vec<EventId> {
        let of_pages = self.pages.iter().flat_map(|(_, accepted)| accepted.iter());
        of_pages.chain(&self.carried).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn cursor(page: u64) -> Cursor {
        Cursor::new(
            format!("https://a.okta.com/api/v1/logs?after={page}")
                .parse()
                .unwrap(),
        )
    }

    fn id(page: u64, row: usize) -> EventId {
        EventId::digest(format!("{page}/{row}").as_bytes())
    }

    fn page(number: u64, rows: usize, last: bool) -> PageInWork {
        let next = (!last).then(|| cursor(number + 1));
        PageInWork {
            number,
            cursor: cursor(number),
            next,
            rows,
            repeated: Vec::new(),
            newest: DateTime::from_timestamp(number as i64, 0),
        }
    }

    #[test]
    fn the_cursor_waits_for_the_last_row_of_a_page() {
        let mut progress = Progress::new(cursor(0), Vec::new(), None);
        progress.read(page(0, 2, false));
        progress.accepted([(0, id(0, 0))]);
        assert_eq!(
            (progress.cursor(), progress.accepted_beyond()),
            (&cursor(0), vec![id(0, 0)])
        );
        progress.accepted([(0, id(0, 1))]);
        assert_eq!(
            (progress.cursor(), progress.accepted_beyond()),
            (&cursor(1), vec![])
        );
    }

    #[test]
    fn a_time_to_go_on_from_is_never_that_of_a_page_in_work() {
        let mut progress = Progress::new(cursor(0), Vec::new(), None);
        progress.read(page(0, 1, false));
        progress.read(page(1, 2, true));
        progress.accepted([(0, id(0, 0)), (1, id(1, 0))]);
        assert_eq!(progress.newest(), DateTime::from_timestamp(0, 0));
        progress.accepted([(1, id(1, 1))]);
        assert_eq!(progress.newest(), DateTime::from_timestamp(1, 0));
    }

    #[test]
    fn a_page_without_a_next_one_is_remembered_by_its_ids() {
        let mut progress = Progress::new(cursor(0), Vec::new(), None);
        progress.read(page(0, 1, true));
        progress.accepted([(0, id(0, 0))]);
        progress.caught_up();
        assert_eq!(
            (progress.cursor(), progress.accepted_beyond()),
            (&cursor(0), vec![id(0, 0)])
        );
    }

    #[test]
    fn a_page_without_a_next_one_may_be_read_again_by_the_same_run() {
        let mut progress = Progress::new(cursor(0), Vec::new(), None);
        progress.read(page(0, 1, true));
        progress.accepted([(0, id(0, 0))]);
        let again = PageInWork {
            repeated: vec![id(0, 0)],
            number: 1,
            ..page(0, 1, false)
        };
        progress.read(again);
        assert_eq!(progress.accepted_beyond(), vec![id(0, 0)]);
        progress.accepted([(1, id(0, 1))]);
        assert_eq!(
            (progress.cursor(), progress.accepted_beyond()),
            (&cursor(1), vec![])
        );
    }

    #[test]
    fn what_an_earlier_run_had_accepted_counts_when_it_is_met_again() {
        let mut progress = Progress::new(cursor(0), vec![id(0, 0), id(1, 0)], None);
        let first = PageInWork {
            repeated: vec![id(0, 0)],
            ..page(0, 1, false)
        };
        progress.read(first);
        assert_eq!(progress.cursor(), &cursor(0));
        progress.accepted([(0, id(0, 1))]);
        assert_eq!(
            (progress.cursor(), progress.accepted_beyond()),
            (&cursor(1), vec![id(1, 0)])
        );
    }

    proptest! {
        /// Whatever the batches and wherever the run is cut off: a run that begins at the cursor
        /// and leaves out what is accepted beyond it ships exactly the rest.
        #[test]
        fn cursor_and_ids_split_the_log_in_two(
            pages in prop::collection::vec(0_usize..6, 1..8),
            batch in 1_usize..7,
            kept in 0_usize..12,
        ) {
            let mut progress = Progress::new(cursor(0), Vec::new(), None);
            let mut rows = Vec::new();
            let last = pages.len() - 1;
            for (number, count) in pages.iter().enumerate() {
                progress.read(page(number as u64, *count, number == last));
                rows.extend((0..*count).map(|row| (number as u64, id(number as u64, row))));
            }
            let accepted: Vec<_> = rows.chunks(batch).take(kept).flatten().copied().collect();
            for chunk in rows.chunks(batch).take(kept) {
                progress.accepted(chunk.iter().copied());
            }
            let start = (0..=pages.len() as u64).find(|n| &cursor(*n) == progress.cursor()).unwrap();
            let beyond: HashSet<_> = progress.accepted_beyond().into_iter().collect();
            let again: Vec<_> = rows.iter()
                .filter(|(page, id)| *page >= start && !beyond.contains(id))
                .copied().collect();
            prop_assert_eq!([accepted, again].concat(), rows);
        }
    }
}
