//! Which lane of the log is read next, and what each page makes of the place. Pure: the caller
//! passes in pages and the current time.
//!
//! One lane follows the log. Where a first connection finds a backlog, new events must not wait for
//! it: the lanes *split*. The *main* lane starts five minutes ago and goes on for ever; the
//! *backfill* lane goes on from the old place.
//!
//! Both follow the same sequence of stored events, so the backfill lane ends where the main lane
//! began. It is known by the *overlap*: the ids of the first events that the main lane delivered.
//! The backfill lane leaves them out. Its first page that holds one of them reaches the main lane's
//! beginning, and perhaps goes beyond what the main lane has read. So the main lane leaves out what
//! such a page delivers: its ids become the main lane's `accepted_beyond` in the same save.
//! The backfill lane ends at a page that is wholly in the overlap, or once it has met all of it.
//!
//! While the main lane has delivered nothing, as in an org at rest, there is no overlap. Then it
//! leaves out what the last pages of the backfill lane delivered, since late events may stand there
//! that come after its beginning. At a page with new events, or at the end of the log, the backfill
//! lane becomes the only one.
//!
//! Where Okta says that the log has ended and it has not, no event is lost: neither lane is given up
//! before the other one has all that it left.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use okta_rows::EventId;
use tokio::time::Instant;

use self::lane_state::LaneState;
use self::page_read::{LaneName, PageRead, Reached};
pub(super) use self::read_history::Circle;
use super::id_set::{IdSet, sorted};
use super::page_filter::PageFilter;
use crate::okta::log::cursor::{Cursor, MAX_PAGE};
use crate::state::checkpoint::{Backfill, Lane, Place};

mod lane_state;
#[cfg(test)]
mod model;
pub(super) mod page_read;
mod read_history;
#[cfg(test)]
mod tests;

/// How far behind Okta's clock the main lane starts: far enough for an org that is awake to have an
/// overlap at once, near enough to be read in no time.
const NEW_EVENTS: TimeDelta = TimeDelta::minutes(5);

/// How long new events may wait for the backlog: what a timer of one minute would leave between two
/// runs.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Ids after which the overlap is long enough. The page that reaches it holds fewer than
/// [`MAX_PAGE`] of them, and the page after that one must be wholly known.
const ENOUGH: usize = 2 * MAX_PAGE as usize;

/// What is to be read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A page of this lane.
    Read(LaneName),
    /// Nothing: everything there is has been read.
    CaughtUp,
}

/// A page to deliver, in the order in which pages are to be delivered.
#[derive(Debug)]
pub(super) struct Delivery<P> {
    pub(super) lane: LaneName,
    /// The page's rows, as the reader has them.
    pub(super) payload: P,
    /// Where the lanes split with this page: the place from which it starts, with the time from
    /// which on the main lane delivers.
    pub(super) split: Option<(Place, DateTime<Utc>)>,
    /// The place once all rows of the page are accepted.
    pub(super) after: Place,
    /// Ids that are no part of the overlap.
    without_uuid: Vec<EventId>,
    /// Whether the page reaches into the overlap.
    in_overlap: bool,
    /// Whether one lane is left after it.
    pub(super) joins: bool,
}

impl<P> Delivery<P> {
    /// The place when only these rows of the page were accepted. `before` is the place after the
    /// page before.
    pub(super) fn in_part(&self, before: &Place, accepted: &[EventId]) -> Place {
        let split = self.split.as_ref().map(|(place, _)| place);
        let mut place = split.unwrap_or(before).clone();
        let add = |ids: &mut Vec<EventId>| ids.extend_from_slice(accepted);
        match (self.lane, &mut place.backfill) {
            (LaneName::Main, None) => add(&mut place.main.accepted_beyond),
            (LaneName::Main, Some(backfill)) => {
                add(&mut place.main.accepted_beyond);
                let ids = accepted.iter().filter(|id| !self.without_uuid.contains(id));
                backfill.overlap_ids.extend(ids);
            }
            (LaneName::Backfill, Some(backfill)) => {
                add(&mut backfill.lane.accepted_beyond);
                if self.in_overlap {
                    add(&mut place.main.accepted_beyond);
                }
            }
            (LaneName::Backfill, None) => unreachable!("a page of a lane that there is not"),
        }
        place
    }
}

/// Both lanes as they are once everything that was read is accepted.
#[derive(Debug)]
pub(super) struct Lanes<P> {
    start: Cursor,
    main: LaneState,
    backfill: Option<BackfillState>,
    /// The backfill lane's first page, which waits for the main lane's.
    held: Option<Held<P>>,
    /// When the main lane last came to the newest events or to the end; nothing while it is to be
    /// read.
    main_read: Option<(Reached, Instant)>,
    /// The backfill lane has no further page for now.
    backfill_rests: bool,
}

#[derive(Debug)]
struct BackfillState {
    state: LaneState,
    overlap: IdSet,
}

#[derive(Debug)]
struct Held<P> {
    page: PageRead,
    payload: P,
    since: DateTime<Utc>,
}

impl<P> Lanes<P> {
    /// Reading goes on from `place`. `recent` are ids that were accepted lately, for lanes that
    /// read a second time what was before a refused cursor. `start` is the request by which a lane
    /// starts, at whatever time.
    pub(super) fn new(place: Place, recent: &IdSet, start: Cursor) -> Lanes<P> {
        let backfill = place.backfill.map(|backfill| BackfillState {
            state: LaneState::new(backfill.lane, recent),
            overlap: backfill.overlap_ids.into_iter().collect(),
        });
        Lanes {
            start,
            main: LaneState::new(place.main, recent),
            backfill,
            held: None,
            main_read: None,
            backfill_rests: false,
        }
    }

    /// What to read next. New events come first: the main lane is read up to the last minute
    /// before the backfill lane goes on, at the start of a run and every [`LOOK_AGAIN`], and to its
    /// end before the run is over.
    pub(super) fn next(&self, now: Instant) -> Next {
        let is_fresh = |read| now.saturating_duration_since(read) < LOOK_AGAIN;
        match (&self.backfill, self.main_read) {
            (None, Some((Reached::End, _))) => Next::CaughtUp,
            (Some(_), Some((_, read))) if !is_fresh(read) => Next::Read(LaneName::Main),
            (Some(_), Some(_)) if !self.backfill_rests => Next::Read(LaneName::Backfill),
            (Some(_), Some((Reached::End, _))) => Next::CaughtUp,
            _ => Next::Read(LaneName::Main),
        }
    }

    /// The request for the next page of a lane.
    pub(super) fn cursor(&self, lane: LaneName) -> &Cursor {
        &self.state(lane).lane.cursor
    }

    /// What of the next page of a lane is to be left out. The page begins, or begins again.
    pub(super) fn filter(&mut self, lane: LaneName) -> PageFilter<'_> {
        match (lane, &mut self.backfill) {
            (LaneName::Main, _) => self.main.filter(None),
            (LaneName::Backfill, Some(BackfillState { state, overlap })) => {
                state.filter(Some(overlap))
            }
            (LaneName::Backfill, None) => unreachable!("a page of a lane that there is not"),
        }
    }

    /// Time passed in which nothing could be asked: new events come first again.
    pub(super) fn paused(&mut self) {
        self.main_read = None;
    }

    /// Whether the links of a lane lead in a circle by this page. It is then made one without a link
    /// on, and without what is delivered already; the lane is to be read no further in this run.
    pub(super) fn break_circle(&mut self, lane: LaneName, page: &mut PageRead) -> Option<Circle> {
        let state = match (lane, &mut self.backfill) {
            (LaneName::Backfill, Some(backfill)) => &mut backfill.state,
            _ => &mut self.main,
        };
        let circle = state.circle(page)?;
        state.reread();
        (page.next, page.reached) = (None, Reached::Now);
        if circle == Circle::Events {
            page.rows.clear();
        }
        Some(circle)
    }

    /// Takes a page of `lane`, read at the cursor, and says what is to be delivered now.
    pub(super) fn page_read(
        &mut self,
        lane: LaneName,
        page: PageRead,
        payload: P,
        now: Instant,
    ) -> Vec<Delivery<P>> {
        if let Some(held) = self.held.take() {
            let split = Some((self.place(), held.since));
            let first = self.main_page(&page, payload, now);
            let second = self.backfill_page(&held.page, held.payload, now);
            return vec![Delivery { split, ..first }, second];
        }
        if let Some(since) = self.split_at(&page) {
            self.split(since, &page);
            self.held = Some(Held {
                page,
                payload,
                since,
            });
            return Vec::new();
        }
        vec![match lane {
            LaneName::Main => self.main_page(&page, payload, now),
            LaneName::Backfill => self.backfill_page(&page, payload, now),
        }]
    }

    fn state(&self, lane: LaneName) -> &LaneState {
        match (lane, &self.backfill) {
            (LaneName::Main, _) => &self.main,
            (LaneName::Backfill, Some(backfill)) => &backfill.state,
            (LaneName::Backfill, None) => unreachable!("a page of a lane that there is not"),
        }
    }

    /// From when on new events get a lane of their own: if this is the first page of a first
    /// connection, and neither the end of the log nor the new events are in sight.
    fn split_at(&self, page: &PageRead) -> Option<DateTime<Utc>> {
        let since = page.date - NEW_EVENTS;
        let lane = &self.main.lane;
        let is_first = self.backfill.is_none() && self.main.is_untouched();
        let is_behind = lane.since.is_none_or(|start| start < since)
            && page.newest.is_some_and(|newest| newest < since)
            && page.reached == Reached::More;
        (is_first && is_behind).then_some(since)
    }

    /// `page` is the backfill lane's first and not delivered yet.
    fn split(&mut self, since: DateTime<Utc>, page: &PageRead) {
        let cursor = self.start.with_since(since);
        let mut main = LaneState::new(Lane::begin(cursor, since), &IdSet::default());
        main.known.extend(&page.ids);
        self.backfill = Some(BackfillState {
            state: std::mem::replace(&mut self.main, main),
            overlap: IdSet::default(),
        });
    }

    fn main_page(&mut self, page: &PageRead, payload: P, now: Instant) -> Delivery<P> {
        self.main.pass(page);
        if let Some(backfill) = &mut self.backfill
            && backfill.overlap.len() < ENOUGH
        {
            // Only a uuid tells that both lanes have the same event before them.
            let rows = page.rows.iter();
            let rows = rows.filter(|id| !page.without_uuid.contains(id));
            backfill.overlap.extend(rows);
        }
        if page.reached == Reached::End {
            self.main.caught_up(page);
        }
        let is_read = match page.reached {
            Reached::More => false,
            Reached::Now => self.backfill.is_some(),
            Reached::End => true,
        };
        self.main_read = is_read.then_some((page.reached, now));
        Delivery {
            without_uuid: page.without_uuid.clone(),
            ..self.delivery(LaneName::Main, payload, false, false)
        }
    }

    fn backfill_page(&mut self, page: &PageRead, payload: P, now: Instant) -> Delivery<P> {
        let Some(mut backfill) = self.backfill.take() else {
            unreachable!("a page of a lane that there is not");
        };
        backfill.state.pass(page);
        self.backfill_rests = page.reached == Reached::End;
        let is_alone = backfill.overlap.is_empty();
        let (in_overlap, joins) = match is_alone {
            true => (true, self.pass_without_overlap(&mut backfill, page, now)),
            false => self.pass_with_overlap(&mut backfill, page),
        };
        match (joins, is_alone) {
            (false, _) => self.backfill = Some(backfill),
            (true, true) => self.main = backfill.state,
            // What was stored meanwhile is the run's last work.
            (true, false) => self.main_read = None,
        }
        self.delivery(LaneName::Backfill, payload, in_overlap, joins)
    }

    /// The main lane has delivered nothing. Whether the backfill lane goes on alone.
    fn pass_without_overlap(
        &mut self,
        backfill: &mut BackfillState,
        page: &PageRead,
        now: Instant,
    ) -> bool {
        let is_at_end = page.reached == Reached::End;
        if is_at_end || page.newest >= self.main.lane.since {
            self.main_read = is_at_end.then_some((Reached::End, now));
            if is_at_end {
                backfill.state.caught_up(page);
            }
            return true;
        }
        if self.main.known.len() >= MAX_PAGE as usize {
            self.main.known.clear();
        }
        self.main.known.extend(&page.ids);
        false
    }

    /// Whether the page reaches into the overlap, and whether the backfill lane ends with it.
    fn pass_with_overlap(&mut self, backfill: &mut BackfillState, page: &PageRead) -> (bool, bool) {
        let BackfillState { state, overlap } = backfill;
        let (met, others): (Vec<EventId>, Vec<EventId>) =
            page.ids.iter().partition(|id| overlap.contains(*id));
        if met.is_empty() {
            return (false, false);
        }
        // One event could be in the log twice; a whole page of them could not.
        let is_wholly_known = others.is_empty();
        for id in &met {
            overlap.remove(id);
        }
        // Should the log hold one of them a second time, it is known there, too.
        state.known.extend(met);
        self.main.known.extend(others);
        (true, is_wholly_known || overlap.is_empty())
    }

    fn delivery(&self, lane: LaneName, payload: P, in_overlap: bool, joins: bool) -> Delivery<P> {
        Delivery {
            lane,
            payload,
            split: None,
            after: self.place(),
            without_uuid: Vec::new(),
            in_overlap,
            joins,
        }
    }

    fn place(&self) -> Place {
        Place {
            main: self.main.to_lane(),
            backfill: self.backfill.as_ref().map(|backfill| Backfill {
                lane: backfill.state.to_lane(),
                overlap_ids: sorted(&backfill.overlap),
            }),
        }
    }
}
