//! What a lane has read in this run, so that links that lead in a circle are seen.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash};

use foldhash::quality::RandomState;

use super::page_read::PageRead;
use crate::okta::log::cursor::Cursor;

/// Most events and places that are remembered; then it begins anew. A run reads about half as many
/// at most, and these take 20 MB.
const MOST_REMEMBERED: usize = 1_000_000;

/// What came again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ship) enum Circle {
    /// The link leads to a page that the lane has read.
    Place,
    /// The lane has read all events of the page.
    Events,
}

/// Places and events of one lane, by a hash of each.
#[derive(Debug, Default)]
pub(super) struct ReadHistory {
    hasher: RandomState,
    places: HashSet<u64, RandomState>,
    events: HashSet<u64, RandomState>,
}

impl ReadHistory {
    /// Whether the lane goes in a circle by this page.
    pub(super) fn circle(&self, page: &PageRead) -> Option<Circle> {
        let is_known = |id| self.events.contains(&self.hasher.hash_one(id));
        let may_be_known = !page.has_other_content && !page.ids.is_empty();
        if may_be_known && page.ids.iter().all(is_known) {
            return Some(Circle::Events);
        }
        let next = self.place(page.next.as_ref()?);
        self.places.contains(&next).then_some(Circle::Place)
    }

    /// The lane has read a page at `cursor`. One without a link on is not gone past: it will be read
    /// again, in parts perhaps.
    pub(super) fn pass(&mut self, cursor: &Cursor, page: &PageRead) {
        if page.next.is_none() {
            return;
        }
        let place = self.place(cursor);
        remember(&mut self.places, place);
        for id in &page.ids {
            remember(&mut self.events, self.hasher.hash_one(id));
        }
    }

    fn place(&self, cursor: &Cursor) -> u64 {
        self.hasher.hash_one(cursor.place())
    }
}

fn remember<T: Eq + Hash>(known: &mut HashSet<T, RandomState>, new: T) {
    if known.len() >= MOST_REMEMBERED {
        known.clear();
    }
    known.insert(new);
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use okta_rows::EventId;

    use super::super::page_read::Reached;
    use super::*;

    fn cursor(place: u32) -> Cursor {
        let url = format!("https://a.okta.com/api/v1/logs?after={place}");
        Cursor::new(url.parse().unwrap())
    }

    fn page(ids: &[u32], next: Option<u32>) -> PageRead {
        PageRead {
            ids: ids
                .iter()
                .map(|id| EventId::digest(&id.to_le_bytes()))
                .collect(),
            rows: Vec::new(),
            without_uuid: Vec::new(),
            has_other_content: false,
            date: DateTime::UNIX_EPOCH,
            has_link: true,
            next: next.map(cursor),
            newest: None,
            reached: Reached::More,
        }
    }

    #[test]
    fn what_was_read_is_known_and_nothing_else() {
        let mut history = ReadHistory::default();
        for at in 0..5 {
            let page = page(&[2 * at, 2 * at + 1], Some(at + 1));
            assert_eq!(history.circle(&page), None);
            history.pass(&cursor(at), &page);
        }
        for (ids, next, circle) in [
            (&[10, 11][..], 6, None),
            (&[9, 11], 6, None),
            (&[], 6, None),
            (&[9, 0, 4], 6, Some(Circle::Events)),
            (&[10], 3, Some(Circle::Place)),
            (&[], 0, Some(Circle::Place)),
        ] {
            let page = page(ids, Some(next));
            assert_eq!(history.circle(&page), circle, "{ids:?} {next}");
        }
    }

    #[test]
    fn other_content_under_a_known_id_is_news() {
        let mut history = ReadHistory::default();
        history.pass(&cursor(0), &page(&[1], Some(1)));
        let mut same = page(&[1], Some(2));
        assert_eq!(history.circle(&same), Some(Circle::Events));
        same.has_other_content = true;
        assert_eq!(history.circle(&same), None);
    }

    #[test]
    fn a_page_without_a_link_on_may_come_again() {
        let mut history = ReadHistory::default();
        for read in [&[1][..], &[1], &[1, 2]] {
            let page = page(read, None);
            assert_eq!(history.circle(&page), None);
            history.pass(&cursor(0), &page);
        }
        for at in 0..2 {
            let page = page(&[at + 1], Some(at + 1));
            assert_eq!(history.circle(&page), None);
            history.pass(&cursor(at), &page);
        }
        let page = page(&[1, 2], Some(3));
        assert_eq!(history.circle(&page), Some(Circle::Events));
    }
}
