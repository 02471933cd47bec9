//! The reading half of a run: follow Okta's links, make batches, keep Okta's pace.
//!
//! There is one reader and one request at a time, whatever the number of lanes: whose turn it is
//! says [`Turns`], where two lanes meet says the [`Seam`].

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Shipper;
use super::backfill::Backfill;
use super::course::{Asking, Course, Encoded};
use super::handover::{Beginning, Handed, PageRead, ReadEnd, ReadReport, ReadStats};
use super::ids::IdSet;
use super::intake::Repeats;
use super::progress::PageInWork;
use super::seam::{LaneName, Seam};
use super::turn::{Reached, Turn, Turns};
use crate::log_analytics::batch::Spares;
use crate::net::retry::{Failure, Limits, Verdict};
use crate::okta::api::error::{OktaError, OktaErrorKind};
use crate::okta::api::rate::RateLimit;
use crate::telemetry::Log;
use okta_rows::EventId;
use okta_rows::RowEncoder;

/// How far behind Okta's clock the lane of new events begins on a first connection: far enough for
/// an org with some news to have it in the seam at once, near enough to be read in no time.
const NEW_EVENTS: TimeDelta = TimeDelta::minutes(5);

/// Pages that may wait to be delivered: one, and one that was held back.
pub(super) const ROOMS: usize = 2;

pub(super) struct Reader<'a> {
    shipper: &'a Shipper,
    asking: Asking<'a>,
    turns: Turns,
    main: Course,
    backfill: Option<Backfill>,
    may_split: Option<DateTime<Utc>>,
    spares: Spares,
    /// Pages read so far, of both lanes.
    pages: u64,
}

/// What becomes of a page that is handed over.
struct Passing {
    lane: LaneName,
    last: bool,
    /// Whether no page of this lane that has rows is likely to be read next: its rows do not wait
    /// for a full batch.
    leaves: bool,
    joined: Option<LaneName>,
    seam: Vec<EventId>,
    unread: Vec<EventId>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        shipper: &'a Shipper,
        limits: &'a Limits,
        log: &'a Log,
        beginning: Beginning,
        spares: Spares,
    ) -> Reader<'a> {
        let sink = shipper.sink.as_ref();
        let course = |cursor, repeats| Course::new(cursor, repeats, sink, &spares);
        let (cursor, repeats) = beginning.main;
        let main = course(cursor, repeats);
        let backfill = beginning.backfill.map(|backfill| Backfill {
            course: course(backfill.cursor, backfill.repeats),
            seam: backfill.seam,
            unread: backfill.unread,
            met: IdSet::default(),
            met_is_whole: false,
            held: None,
        });
        Reader {
            shipper,
            asking: Asking {
                client: &shipper.okta,
                limits,
                log,
                encoder: RowEncoder::new(sink.column_naming(), shipper.okta.domain().host()),
                began: None,
                stats: ReadStats::default(),
            },
            turns: Turns::new(backfill.is_some()),
            main,
            backfill,
            may_split: beginning.may_split,
            spares,
            pages: 0,
        }
    }

    /// Reads pages until there is a reason to stop; a page is read only when there is room for it.
    pub(super) async fn run(mut self, room: mpsc::Sender<Handed>) -> ReadReport {
        let end = self.follow(&room).await;
        ReadReport {
            end,
            stats: self.asking.stats,
        }
    }

    async fn follow(&mut self, pages: &mpsc::Sender<Handed>) -> ReadEnd {
        let mut spare = None;
        loop {
            let Ok(room) = pages.reserve().await else {
                return ReadEnd::NobodyListens;
            };
            // One room is kept free. It is for a page that was held back: that one is in memory
            // anyway, and the next is to be on its way while it is posted.
            spare = spare.or_else(|| pages.try_reserve().ok());
            let lane = match self.turns.next(Instant::now()) {
                Turn::Over => return ReadEnd::CaughtUp,
                Turn::Read(lane) => lane,
                Turn::Settle => {
                    if let Some(settled) = self.settle() {
                        room.send(settled);
                        spare = None;
                    }
                    continue;
                }
            };
            let page = match self.read_in_time(lane, pages).await {
                Ok(page) => page,
                Err(end) => return end,
            };
            let rate = page.head.rate;
            if let Some(handed) = self.take(lane, page) {
                room.send(handed);
            }
            if self.turns.next(Instant::now()) == Turn::Over {
                return ReadEnd::CaughtUp;
            }
            if let Some(end) = self.keep_pace(rate).await {
                return end;
            }
        }
    }

    /// Reads a page, unless the run ends before it is there.
    async fn read_in_time(
        &mut self,
        lane: LaneName,
        pages: &mpsc::Sender<Handed>,
    ) -> Result<Encoded, ReadEnd> {
        if let Some(end) = self.over() {
            return Err(end);
        }
        let limits = self.asking.limits;
        let read = tokio::select! {
            () = pages.closed() => return Err(ReadEnd::NobodyListens),
            () = limits.stop.cancelled() => return Err(ReadEnd::Stopped),
            // Okta may take most of a minute over one answer; the run has no such minute left.
            () = tokio::time::sleep_until(limits.deadline) => return Err(ReadEnd::BudgetSpent),
            read = self.read(lane) => read,
        };
        read.map_err(|error| self.failed(lane, error))
    }

    async fn read(&mut self, lane: LaneName) -> Result<Encoded, OktaError> {
        self.pages += 1;
        let (number, asking) = (self.pages, &mut self.asking);
        match (lane, &mut self.backfill) {
            (LaneName::Backfill, Some(Backfill { course, seam, .. })) => {
                course.page(number, Some(&*seam), asking).await
            }
            _ => self.main.page(number, None, asking).await,
        }
    }

    /// What is to be handed over of a page that was read.
    fn take(&mut self, lane: LaneName, page: Encoded) -> Option<Handed> {
        match (lane, self.backfill.take()) {
            (LaneName::Backfill, Some(backfill)) => self.take_of_backfill(backfill, page),
            (_, backfill) => {
                self.backfill = backfill;
                Some(self.take_of_main(page))
            }
        }
    }

    fn take_of_main(&mut self, page: Encoded) -> Handed {
        let last = page.is_last(self.main.after(&page).as_ref(), self.asking.began);
        if let Some(since) = self.split_at(&page, last) {
            self.split(since, page);
            return Handed::Split(since);
        }
        let reached = match last {
            true => Reached::End,
            false if self.backfill.is_some() && page.is_news() => Reached::News,
            false => Reached::More,
        };
        self.turns.main_was_read(reached, Instant::now());
        let (seam, unread) = match &mut self.backfill {
            Some(backfill) => backfill.main_was_read(&page.ids),
            None => Default::default(),
        };
        let passing = Passing {
            lane: LaneName::Main,
            last,
            leaves: reached != Reached::More,
            joined: None,
            seam,
            unread,
        };
        let course = &mut self.main;
        let read = passing.hand_over(page, course, &mut self.asking, self.shipper);
        Handed::Page(Box::new(read))
    }

    fn take_of_backfill(&mut self, mut backfill: Backfill, page: Encoded) -> Option<Handed> {
        let known = backfill.know(&page, self.asking.began);
        if backfill.seam.holds_back(&page.met, known) {
            self.hold_back(backfill, page);
            return None;
        }
        Some(self.pass(backfill, page, false))
    }

    fn hold_back(&mut self, mut backfill: Backfill, page: Encoded) {
        backfill.held = Some(page);
        self.backfill = Some(backfill);
        self.turns.hold_back();
    }

    /// Hands the page over that was held back, if the main lane has been read far enough since.
    fn settle(&mut self) -> Option<Handed> {
        let Some(mut backfill) = self.backfill.take() else {
            self.turns.joined(None);
            return None;
        };
        let Some(page) = backfill.settled(&mut self.asking.encoder) else {
            self.turns.backfill_was_read(false);
            self.backfill = Some(backfill);
            return None;
        };
        let known = backfill.know(&page, self.asking.began);
        let waits = match self.turns.main_reached() {
            Reached::End => false,
            Reached::News => backfill.seam.holds_back(&page.met, known),
            // The main lane's rows may still wait for a full batch: its lane must not end here.
            Reached::More => page.met.of_seam > 0 || backfill.seam.holds_back(&page.met, known),
        };
        if waits {
            self.hold_back(backfill, page);
            return None;
        }
        Some(self.pass(backfill, page, true))
    }

    /// Hands a page of the backfill lane over, which may have been held back, and goes on with the
    /// lanes that are left.
    fn pass(&mut self, mut backfill: Backfill, page: Encoded, was_held: bool) -> Handed {
        let known = backfill.know(&page, self.asking.began);
        let joined = backfill.seam.meets(&page.met, known);
        let waited = was_held && self.turns.main_reached() == Reached::End;
        let last = match joined {
            // There is more, whatever this page said when it was read: the main lane has seen it.
            None if was_held => backfill.course.after(&page).is_none(),
            // Where the main lane ended, this one is now.
            Some(LaneName::Backfill) if waited && backfill.seam.is_all_met(known) => true,
            // A lane that has not met its seam is not at the end of the log, whatever Okta says:
            // what is to come of it the next run asks for.
            _ => known.last,
        };
        backfill.met_is_whole |= page.events > 0 && page.met.of_seam == 0;
        let passing = Passing {
            lane: LaneName::Backfill,
            last,
            // What is left of this lane, if anything, is a page of the seam's.
            leaves: joined.is_some() || page.met.of_seam > 0,
            joined,
            seam: Vec::new(),
            unread: Vec::new(),
        };
        let course = &mut backfill.course;
        let read = passing.hand_over(page, course, &mut self.asking, self.shipper);
        match joined {
            None => {
                self.turns.backfill_was_read(last);
                self.backfill = Some(backfill);
            }
            Some(LaneName::Main) => self.turns.joined(None),
            Some(LaneName::Backfill) => {
                self.turns.joined(last.then(Instant::now));
                self.main = backfill.course;
            }
        }
        Handed::Page(Box::new(read))
    }

    /// From when on new events get a lane of their own: if this is the first page of a first
    /// connection, and neither the end of the log nor the new events are in sight.
    fn split_at(&mut self, page: &Encoded, last: bool) -> Option<DateTime<Utc>> {
        let start = self.may_split.take()?;
        let since = page.head.date.unwrap_or_else(Utc::now) - NEW_EVENTS;
        let in_sight = last || page.newest.is_some_and(|newest| newest >= since);
        (start < since && !in_sight).then_some(since)
    }

    /// Begins with two lanes what began with one; its first page, which may reach into the new
    /// events, waits for the seam.
    fn split(&mut self, since: DateTime<Utc>, page: Encoded) {
        let cursor = self.shipper.cursor_since(since);
        let sink = self.shipper.sink.as_ref();
        let main = Course::new(cursor, Repeats::default(), sink, &self.spares);
        self.backfill = Some(Backfill {
            course: std::mem::replace(&mut self.main, main),
            seam: Seam::new(since),
            unread: IdSet::default(),
            met: IdSet::default(),
            met_is_whole: true,
            held: Some(page),
        });
        self.turns.split();
    }

    fn over(&self) -> Option<ReadEnd> {
        let Limits { stop, deadline } = self.asking.limits;
        if stop.is_cancelled() {
            return Some(ReadEnd::Stopped);
        }
        (Instant::now() >= *deadline).then_some(ReadEnd::BudgetSpent)
    }

    async fn keep_pace(&mut self, rate: Option<RateLimit>) -> Option<ReadEnd> {
        let pause = self.shipper.share.pause(rate?);
        if !pause.is_zero() {
            let org = self.asking.client.domain();
            self.asking.log.rate_paused(org, pause);
            self.turns.paused();
        }
        if self.asking.limits.pause(pause).await {
            return None;
        }
        Some(if self.asking.limits.stop.is_cancelled() {
            ReadEnd::Stopped
        } else {
            ReadEnd::RateSpent(pause)
        })
    }

    fn failed(&self, lane: LaneName, error: OktaError) -> ReadEnd {
        if self.asking.limits.stop.is_cancelled() {
            return ReadEnd::Stopped;
        }
        match (&error.kind, error.verdict()) {
            (OktaErrorKind::RateLimited { .. }, Verdict::RetryAfter(wait)) => {
                ReadEnd::RateSpent(wait)
            }
            (OktaErrorKind::RateLimited { .. }, _) => ReadEnd::RateSpent(Duration::from_secs(60)),
            _ => ReadEnd::Failed(lane, error),
        }
    }
}

impl Passing {
    fn hand_over(
        self,
        page: Encoded,
        course: &mut Course,
        asking: &mut Asking<'_>,
        shipper: &Shipper,
    ) -> PageRead {
        asking.note(&page);
        let next = course.after(&page);
        // Rows do not wait for a full batch while nothing can be read, nor, where pages have to be
        // small, for so many of them that the run may end before.
        let waits = |rate| !shipper.share.pause(rate).is_zero();
        let soon = page.head.rate.is_some_and(waits) || page.is_cut_down();
        let ends = self.last || self.leaves;
        let all = !shipper.sink.spans_pages() || ends || soon;
        let batches = course.batches(all);
        let cursor = course.cursor().clone();
        course.go_on(next.clone());
        PageRead {
            lane: self.lane,
            page: PageInWork {
                number: page.number,
                cursor,
                next,
                rows: page.rows,
                repeated: page.repeated,
                newest: page.newest,
            },
            batches,
            newest: page.newest,
            seam: self.seam,
            unread: self.unread,
            last: self.last,
            joined: self.joined,
            oversize: page.oversize,
        }
    }
}
