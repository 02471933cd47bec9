//! Whose turn it is to be read. New events come first: the main lane is read to its end before
//! the backfill lane goes on, at the start of a run and again and again within it. Pure: the time
//! is told.

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
    /// The page that was held back need not wait any more.
    Settle,
    /// Everything there is has been read.
    Over,
}

/// What is known of both lanes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turns {
    two: bool,
    /// When the main lane came to its end; nothing while it is to be read.
    main_ended: Option<Instant>,
    /// A page of the backfill lane waits for the main lane.
    held: bool,
    /// The backfill lane has no further page for now.
    rests: bool,
}

impl Turns {
    /// A run begins, with one lane or two.
    pub(super) fn new(two: bool) -> Turns {
        Turns {
            two,
            main_ended: None,
            held: false,
            rests: false,
        }
    }

    pub(super) fn next(&self, now: Instant) -> Turn {
        let again = |ended| self.two && now.saturating_duration_since(ended) >= MAIN_AGAIN;
        if self.main_ended.is_none_or(again) {
            return Turn::Read(LaneName::Main);
        }
        match self.two {
            true if self.held => Turn::Settle,
            true if !self.rests => Turn::Read(LaneName::Backfill),
            _ => Turn::Over,
        }
    }

    /// A page of the main lane was read.
    pub(super) fn main_was_read(&mut self, last: bool, now: Instant) {
        self.main_ended = last.then_some(now);
    }

    /// A first connection splits in two.
    pub(super) fn split(&mut self) {
        *self = Turns::new(true);
    }

    /// A page of the backfill lane waits for what the main lane has now.
    pub(super) fn hold_back(&mut self) {
        (self.held, self.main_ended) = (true, None);
    }

    /// A page of the backfill lane was handed over.
    pub(super) fn backfill_was_read(&mut self, rests: bool) {
        (self.held, self.rests) = (false, rests);
    }

    /// One lane goes on; `ended` says when it came to its end.
    pub(super) fn joined(&mut self, ended: Option<Instant>) {
        *self = Turns {
            main_ended: ended,
            ..Turns::new(false)
        };
    }

    /// The main lane goes on alone, from where it stands.
    pub(super) fn main_goes_on(&mut self) {
        self.joined(self.main_ended);
    }

    /// Time passed in which nothing could be asked.
    pub(super) fn paused(&mut self) {
        self.main_ended = None;
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
        turns.main_was_read(false, now);
        assert_eq!(turns.next(now), Turn::Read(Main));
        turns.main_was_read(true, now);
        assert_eq!(turns.next(now + MAIN_AGAIN), Turn::Over);
    }

    #[test]
    fn new_events_come_first_at_the_start_after_a_pause_and_every_minute() {
        let now = Instant::now();
        let mut turns = Turns::new(true);
        assert_eq!(turns.next(now), Turn::Read(Main));
        turns.main_was_read(true, now);
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
        turns.main_was_read(true, now);
        turns.hold_back();
        assert_eq!(turns.next(now), Turn::Read(Main));
        turns.main_was_read(false, now);
        assert_eq!(turns.next(now), Turn::Read(Main));
        turns.main_was_read(true, now);
        assert_eq!(turns.next(now), Turn::Settle);
        turns.backfill_was_read(false);
        assert_eq!(turns.next(now), Turn::Read(Backfill));
    }

    #[test]
    fn a_run_with_two_lanes_is_over_when_both_are() {
        let now = Instant::now();
        let mut turns = Turns::new(true);
        turns.main_was_read(true, now);
        turns.backfill_was_read(true);
        assert_eq!(turns.next(now), Turn::Over);
        assert_eq!(turns.next(now + MAIN_AGAIN), Turn::Read(Main));
    }
}
