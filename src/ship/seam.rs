//! The seam between the two lanes of a first connection: where the backfill lane is to end.
//!
//! Both lanes walk the same sequence of stored events, and the main lane began somewhere in the
//! middle of it. Its first ids are the seam. Once an id is in it the main lane answers for that
//! event: the event is in the workspace, or the main lane's cursor is not past it. So the
//! backfill lane leaves such events out, and it ends in one of two ways, neither of which can lose
//! an event: *at the main lane's place*, when a whole page is the seam's, or *at its own*, when it
//! has come past everything that the main lane has read. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use super::ids::IdSet;
use crate::okta::log::cursor::MAX_PAGE;
use crate::state::store::SeamPlace;
use okta_rows::EventId;

/// Ids after which the seam is long enough. The page that meets the seam's beginning holds up to
/// [`MAX_PAGE`] of them, and the page after that is to be known whole.
const ENOUGH: usize = 2 * MAX_PAGE as usize;

/// How far beyond the main lane's beginning an event must be published to prove that it was stored
/// there: clocks of Okta's own machines differ by less.
const CLOCKS: TimeDelta = TimeDelta::minutes(1);

const MAGIC: &[u8; 8] = b"okta-sm1";

/// Which of the two lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LaneName {
    /// The lane that goes on for ever: the only one, or the one of new events.
    Main,
    /// The lane that brings the backlog.
    Backfill,
}

/// The first ids that the main lane read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seam {
    /// Where the main lane began: a seam is good for one beginning only.
    since: DateTime<Utc>,
    ids: IdSet,
    /// The same in the order in which pages brought them.
    order: Vec<EventId>,
}

/// What a page of the backfill lane has of the seam.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Met {
    /// Events on the page.
    pub(super) events: usize,
    /// Those of them that are in the seam.
    pub(super) of_seam: usize,
    /// Their ids.
    pub(super) ids: IdSet,
}

/// What is known of both lanes when a page of the backfill lane need not wait any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// How many ids of the seam this run has met on pages of the backfill lane, this one included.
    pub(super) met: usize,
    /// Whether no earlier run met any: this one has read the backfill lane from before the seam.
    pub(super) met_is_whole: bool,
    /// Whether the main lane is past all of the seam, or will be when what this run has read of it
    /// is accepted.
    pub(super) main_is_past: bool,
    /// No further page came when this one was read.
    pub(super) last: bool,
    /// Its newest `published`.
    pub(super) newest: Option<DateTime<Utc>>,
}

/// The document is not the seam of this main lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("seam-ids is damaged, missing or of another first run")]
pub(super) struct Untrusted;

impl Seam {
    /// The seam of a main lane that is about to begin at `since`.
    pub(super) fn new(since: DateTime<Utc>) -> Seam {
        Seam {
            since,
            ids: IdSet::default(),
            order: Vec::new(),
        }
    }

    pub(super) fn contains(&self, id: &EventId) -> bool {
        self.ids.contains(id)
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether the ids of the main lane's next page belong to it. Pages are taken whole: within
    /// one the order of events says nothing.
    pub(super) fn is_short(&self) -> bool {
        self.ids.len() < ENOUGH
    }

    /// Takes the ids of the main lane's next page and returns those that are new.
    pub(super) fn extend(&mut self, page: &[EventId]) -> Vec<EventId> {
        let ids = &mut self.ids;
        let new: Vec<EventId> = page.iter().copied().filter(|id| ids.insert(*id)).collect();
        self.order.extend_from_slice(&new);
        new
    }

    /// The ids that the main lane has still to read, where its place along the seam is this one.
    pub(super) fn unread(&self, place: &SeamPlace) -> IdSet {
        let beyond = self.order.iter().skip(place.accepted);
        beyond.chain(&place.unread).copied().collect()
    }

    /// Whether a page of the backfill lane has to wait until the main lane is read to its end, and
    /// so past all that this page may hold of it.
    ///
    /// What the main lane has read is a stretch of the log. A page that reaches into it, as the
    /// first one to do so, holds its first event; that one is in the seam unless the seam is empty.
    /// A page that leaves some of the seam to pages after it ends within it, so that all it shares
    /// with the main lane is known. One that has the last of it may reach beyond.
    pub(super) fn holds_back(&self, page: &Met, known: Known) -> bool {
        let ends_within = known.met_is_whole && known.met < self.ids.len();
        self.ids.is_empty() || (page.of_seam > 0 && !ends_within)
    }

    /// Whether pages of the backfill lane have brought all of the seam: that lane is where the main
    /// lane is, or beyond.
    pub(super) fn is_all_met(&self, known: Known) -> bool {
        !self.ids.is_empty() && known.met == self.ids.len()
    }

    /// Which lane's place goes on alone after this page of the backfill lane, if the two have met.
    pub(super) fn meets(&self, page: &Met, known: Known) -> Option<LaneName> {
        // Everything that the main lane has read is on pages of the backfill lane: going on from
        // there loses nothing and repeats nothing, even if Okta had more and did not say so.
        let past_all = match self.ids.is_empty() {
            // An event is stored no earlier than it is published.
            true => known.last || known.newest >= Some(self.since),
            false => self.is_all_met(known),
        };
        // A page this new that has nothing of the seam is behind it. That takes an Okta that held
        // the end of the seam back and a kill before all of it was met; what the main lane read
        // beyond comes twice then, once.
        let behind = page.of_seam == 0 && known.newest >= Some(self.since + CLOCKS);
        if (past_all || behind) && known.main_is_past {
            return Some(LaneName::Backfill);
        }
        // One id could be of an event that the log holds twice; a whole page of them could not.
        let within = page.events > 0 && page.of_seam == page.events;
        within.then_some(LaneName::Main)
    }

    /// The document to store: the magic, the main lane's beginning in milliseconds (i64), the
    /// count (u32), ids (16 bytes each); little-endian.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let count = u32::try_from(self.order.len()).unwrap_or(u32::MAX);
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.since.timestamp_millis().to_le_bytes());
        bytes.extend_from_slice(&count.to_le_bytes());
        let ids = self.order.iter();
        ids.for_each(|id| bytes.extend_from_slice(id.as_bytes()));
        bytes
    }

    /// Reads the stored seam of the main lane that began at `since` and is past the first
    /// `accepted` of its ids.
    ///
    /// # Errors
    /// [`Untrusted`] for anything else, no bytes at all included.
    pub(super) fn from_bytes(
        bytes: &[u8],
        since: DateTime<Utc>,
        accepted: usize,
    ) -> Result<Seam, Untrusted> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Untrusted)?;
        let (began, rest) = rest.split_first_chunk::<8>().ok_or(Untrusted)?;
        let (count, rest) = rest.split_first_chunk::<4>().ok_or(Untrusted)?;
        let (ids, odd) = rest.as_chunks::<16>();
        let whole = odd.is_empty()
            && ids.len() >= accepted
            && u32::try_from(ids.len()) == Ok(u32::from_le_bytes(*count));
        if !whole || i64::from_le_bytes(*began) != since.timestamp_millis() {
            return Err(Untrusted);
        }
        let order: Vec<EventId> = ids.iter().copied().map(EventId::from_bytes).collect();
        let ids = order.iter().copied().collect();
        Ok(Seam { since, ids, order })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn ids(from: u32, to: u32) -> Vec<EventId> {
        (from..to)
            .map(|n| EventId::digest(&n.to_le_bytes()))
            .collect()
    }

    fn began() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap()
    }

    fn seam(from: u32, to: u32) -> Seam {
        let mut seam = Seam::new(began());
        seam.extend(&ids(from, to));
        seam
    }

    fn page(seam: &Seam, from: u32, to: u32) -> Met {
        let page = ids(from, to);
        let met: Vec<EventId> = page
            .iter()
            .copied()
            .filter(|id| seam.contains(id))
            .collect();
        Met {
            events: page.len(),
            of_seam: met.len(),
            ids: met.into_iter().collect(),
        }
    }

    #[test]
    fn a_page_waits_if_what_it_shares_with_the_main_lane_may_not_be_known() {
        let seam = seam(100, 120);
        let after_a_kill = Known {
            met_is_whole: false,
            ..known(1)
        };
        let waits = |from, to, known| seam.holds_back(&page(&seam, from, to), known);
        assert!(!waits(0, 100, known(0)));
        assert!(!waits(0, 100, after_a_kill));
        assert!(!waits(90, 101, known(1)));
        assert!(waits(90, 101, after_a_kill));
        assert!(!waits(90, 119, known(19)));
        assert!(waits(90, 120, known(20)));
        let empty = Seam::new(began());
        assert!(empty.holds_back(&page(&empty, 0, 10), known(0)));
    }

    fn known(met: usize) -> Known {
        Known {
            met,
            met_is_whole: true,
            main_is_past: true,
            last: false,
            newest: None,
        }
    }

    #[test]
    fn the_main_lane_goes_on_after_a_page_that_is_all_its_own() {
        let seam = seam(100, 200);
        let meets = |from, to| {
            let page = page(&seam, from, to);
            seam.meets(&page, known(page.ids.len()))
        };
        assert_eq!(meets(90, 110), None);
        assert_eq!(meets(110, 120), Some(LaneName::Main));
        assert_eq!(meets(0, 0), None);
    }

    #[test]
    fn the_backfill_lane_goes_on_once_it_is_past_all_that_the_main_lane_read() {
        let seam = seam(100, 110);
        let whole = page(&seam, 95, 130);
        assert_eq!(seam.meets(&whole, known(10)), Some(LaneName::Backfill));
        let rest = page(&seam, 105, 130);
        assert_eq!(seam.meets(&rest, known(5)), None);
        assert_eq!(seam.meets(&rest, known(10)), Some(LaneName::Backfill));
    }

    #[test]
    fn the_main_lane_never_ends_before_what_it_answers_for_is_accepted() {
        let seam = seam(100, 110);
        let unread = Known {
            main_is_past: false,
            newest: Some(began() + TimeDelta::hours(1)),
            ..known(10)
        };
        assert_eq!(seam.meets(&page(&seam, 95, 130), unread), None);
        assert_eq!(seam.meets(&page(&seam, 120, 130), unread), None);
    }

    #[test]
    fn what_the_main_lane_has_still_to_read_is_known() {
        let unread = |accepted, unread| seam(100, 110).unread(&SeamPlace { accepted, unread });
        assert!(unread(10, Vec::new()).is_empty());
        let both = [ids(102, 103), ids(107, 110)].concat();
        assert_eq!(unread(7, ids(102, 103)), both.into_iter().collect());
    }

    #[test]
    fn a_page_of_new_events_without_the_seam_is_behind_it() {
        let seam = seam(100, 110);
        let meets = |after| {
            let newest = Some(began() + TimeDelta::seconds(after));
            let known = Known { newest, ..known(0) };
            seam.meets(&page(&seam, 0, 50), known)
        };
        assert_eq!(meets(59), None);
        assert_eq!(meets(60), Some(LaneName::Backfill));
    }

    #[test]
    fn an_event_that_the_log_holds_twice_ends_no_lane() {
        let mut seam = seam(100, 110);
        seam.extend(&ids(3, 4));
        assert_eq!(seam.meets(&page(&seam, 0, 10), known(1)), None);
    }

    #[test]
    fn without_news_the_lanes_meet_at_the_end_of_the_log_or_at_a_page_that_must_be_new() {
        let seam = Seam::new(began());
        let meets = |last, newest| {
            let known = Known {
                last,
                newest: Some(newest),
                ..known(0)
            };
            seam.meets(&page(&seam, 0, 10), known)
        };
        let older = began() - TimeDelta::seconds(1);
        assert_eq!(meets(false, older), None);
        assert_eq!(meets(true, older), Some(LaneName::Backfill));
        assert_eq!(meets(false, began()), Some(LaneName::Backfill));
    }

    #[test]
    fn a_seam_of_another_beginning_is_not_trusted() {
        let stored = seam(0, 5).to_bytes();
        assert_eq!(Seam::from_bytes(&stored, began(), 5), Ok(seam(0, 5)));
        assert_eq!(Seam::from_bytes(&stored, began(), 6), Err(Untrusted));
        let later = began() + TimeDelta::milliseconds(1);
        assert_eq!(Seam::from_bytes(&stored, later, 0), Err(Untrusted));
        assert_eq!(Seam::from_bytes(&[], began(), 0), Err(Untrusted));
        for cut in 1..stored.len() {
            let cut = &stored[..stored.len() - cut];
            assert_eq!(Seam::from_bytes(cut, began(), 0), Err(Untrusted));
        }
    }

    proptest! {
        #[test]
        fn other_bytes_are_no_seam_and_no_panic(bytes: Vec<u8>) {
            let framed = [MAGIC.as_slice(), &bytes].concat();
            prop_assert!(Seam::from_bytes(&bytes, began(), 0).is_err());
            let _ = Seam::from_bytes(&framed, began(), 0);
        }
    }
}
