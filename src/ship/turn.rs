//! Whose turn it is to be read. New events come first: the main lane is read up to the last
//! moments before the backfill lane goes on, at the start of a run and again and again within it,
//! and to its end before the run is over. Pure: the time is told.

use std::time::Duration;

use tokio::time::Instant;

use super::seam::LaneName;

/// How long the backfill lane may go on before the main lane is read again: what a timer of one
/// minute would leave between two runs.
const MAIN_AGAIN: Duration = Duration::from_secs(60);

/// What the reader does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Read a page of this lane.
    Read(LaneName),
    /// See whether the page that was held back has to wait any more.
    Settle,
    /// Everything there is has been read.
    Over,
}

/// How far a page of the main lane leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// More is to come.
    More,
    /// The events of the last moments; a further page may hold a few more.
    News,
    /// The end of the log.
    End,
}

/// What a page of the backfill lane waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    /// A page of the main lane, which is to be posted first.
    ForNews,
    /// The main lane's end.
    ForTheEnd,
    /// Nothing more.
    NoMore,
}

/// What is known of both lanes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turns {
    two: bool,
    /// When the main lane came to the news, or to its end; nothing while it is to be read.
    main_read: Option<(Reached, Instant)>,
    /// A page of the backfill lane waits for the main lane.
    held: Option<Waits>,
    /// The backfill lane has no further page for now.
    rests: bool,
}

impl Turns {
    /// A run begins, with one lane or two.
    pub(super) fn new(two: bool) -> Turns {
        Turns {
            two,
            main_read: None,
            held: None,
            rests: false,
        }
    }

    pub(super) fn next(&self, now: Instant) -> Turn {
        let fresh = |read| !self.two || now.saturating_duration_since(read) < MAIN_AGAIN;
        match self.main_read {
            _ if self.held == Some(Waits::NoMore) => Turn::Settle,
            Some((_, read)) if !fresh(read) => Turn::Read(LaneName::Main),
            Some(_) if self.held.is_some() => Turn::Settle,
            Some(_) if self.two && !self.rests => Turn::Read(LaneName::Backfill),
            Some((Reached::End, _)) => Turn::Over,
            _ => Turn::Read(LaneName::Main),
        }
    }

    /// A page of the main lane was read.
    pub(super) fn main_was_read(&mut self, reached: Reached, now: Instant) {
        self.main_read = (reached != Reached::More).then_some((reached, now));
        if self.held == Some(Waits::ForNews) {
            self.held = Some(Waits::NoMore);
        }
    }

    /// How far the main lane has been read since a page was held back, or after a pause.
    pub(super) fn main_reached(&self) -> Reached {
        self.main_read.map_or(Reached::More, |(reached, _)| reached)
    }

    /// A first connection splits in two; its first page waits for the first news.
    pub(super) fn split(&mut self) {
        *self = Turns::new(true);
        self.held = Some(Waits::ForNews);
    }

    /// A page of the backfill lane waits for what the main lane has now.
    pub(super) fn hold_back(&mut self) {
        (self.held, self.main_read) = (Some(Waits::ForTheEnd), None);
    }

    /// A page of the backfill lane was handed over.
    pub(super) fn backfill_was_read(&mut self, rests: bool) {
        (self.held, self.rests) = (None, rests);
    }

    /// One lane goes on; `ended` says when it came to its end. Without, it is read to it: what
    /// was stored while the other lane was under way is a run's last work.
    pub(super) fn joined(&mut self, ended: Option<Instant>) {
        *self = Turns {
            main_read: ended.map(|ended| (Reached::End, ended)),
            ..Turns::new(false)
        };
    }

    /// Time passed in which nothing could be asked.
    pub(super) fn paused(&mut self) {
        self.main_read = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LaneName::{Backfill, Main};

    #[test]
    fn one_lane_is_read_to_its_end() {
        let now = Instant::now();
        let mut turns = Turns::new(false);
        for reached in [Reached::More, Reached::News] {
            turns.main_was_read(reached, now);
            assert_eq!(turns.next(now), Turn::Read(Main));
        }
        turns.main_was_read(Reached::End, now);
        assert_eq!(turns.next(now + MAIN_AGAIN), Turn::Over);
    }

    #[test]
    fn new_events_come_first_at_the_start_after_a_pause_and_every_minute() {
        let now = Instant::now();
        let mut turns = Turns::new(true);
        assert_eq!(turns.next(now), Turn::Read(Main));
        turns.main_was_read(Reached::News, now);
        assert_eq!(turns.next(now), Turn::Read(Backfill));
        turns.backfill_was_read(false);
        assert_eq!(turns.next(now + MAIN_AGAIN / 2), Turn::Read(Backfill));
        assert_eq!(turns.next(now + MAIN_AGAIN), Turn::Read(Main));
        turns.paused();
        assert_eq!(turns.next(now), Turn::Read(Main));
    }

    #[test]
    fn a_page_held_back_waits_for_the_main_lane() {
        let now = Instant::now();
        let mut turns = Turns::new(true);
        turns.main_was_read(Reached::End, now);
        turns.hold_back();
        assert_eq!(turns.next(now), Turn::Read(Main));
        turns.main_was_read(Reached::More, now);
        assert_eq!(turns.next(now), Turn::Read(Main));
        turns.main_was_read(Reached::News, now);
        assert_eq!(
            (turns.next(now), turns.main_reached()),
            (Turn::Settle, Reached::News)
        );
        turns.hold_back();
        turns.main_was_read(Reached::End, now);
        assert_eq!(
            (turns.next(now), turns.main_reached()),
            (Turn::Settle, Reached::End)
        );
        turns.backfill_was_read(false);
        assert_eq!(turns.next(now), Turn::Read(Backfill));
    }

    #[test]
    fn the_first_page_of_a_first_connection_waits_for_the_first_news() {
        let now = Instant::now();
        let mut turns = Turns::new(false);
        turns.split();
        assert_eq!(turns.next(now), Turn::Read(Main));
        turns.main_was_read(Reached::More, now);
        assert_eq!(turns.next(now), Turn::Settle);
        turns.backfill_was_read(false);
        assert_eq!(turns.next(now), Turn::Read(Main));
        turns.main_was_read(Reached::News, now);
        assert_eq!(turns.next(now), Turn::Read(Backfill));
    }

    #[test]
    fn a_lane_that_goes_on_alone_is_read_to_its_end() {
        let now = Instant::now();
        let mut turns = Turns::new(true);
        turns.main_was_read(Reached::End, now);
        turns.joined(None);
        assert_eq!(turns.next(now), Turn::Read(Main));
        turns.joined(Some(now));
        assert_eq!(turns.next(now), Turn::Over);
    }

    #[test]
    fn a_run_with_two_lanes_is_over_when_both_are() {
        let now = Instant::now();
        let mut turns = Turns::new(true);
        turns.main_was_read(Reached::News, now);
        turns.backfill_was_read(true);
        assert_eq!(turns.next(now), Turn::Read(Main));
        turns.main_was_read(Reached::End, now);
        assert_eq!(turns.next(now), Turn::Over);
        assert_eq!(turns.next(now + MAIN_AGAIN), Turn::Read(Main));
    }
}
