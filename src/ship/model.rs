//! The two lanes in a world of plain data, held against every growth of the log, every size of
//! page and batch, every interleaving and every kill: each stored event is accepted, and none
//! twice but those of a batch whose save a kill prevented. Where Okta says that the log has ended
//! and it has not, and a kill comes at that very moment too, some may.
//!
//! [`Seam`], [`Turns`] and [`Progress`] are the real ones; what the reader and the deliverer do
//! between them is retold here in a few lines.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tokio::time::Instant;

use super::ids::IdSet;
use super::progress::{PageInWork, Progress};
use super::seam::{Known, LaneName, Met, Seam};
use super::turn::{Reached, Turn, Turns};
use crate::okta::log::cursor::Cursor;
use crate::state::store::SeamPlace;
use okta_rows::EventId;

/// What is saved of a lane.
#[derive(Clone)]
struct Place {
    cursor: Cursor,
    beyond: Vec<EventId>,
}

impl Place {
    fn of((progress, ..): &(Progress, Cursor, HashSet<EventId>)) -> Place {
        Place {
            cursor: progress.cursor().clone(),
            beyond: progress.accepted_beyond(),
        }
    }
}

/// One event of the log.
#[derive(Clone, Copy)]
struct Stored {
    id: EventId,
    published: DateTime<Utc>,
}

/// A run was killed.
struct Killed;

struct World {
    random: fastrand::Rng,
    log: Vec<Stored>,
    /// Whether Okta now and then says that there is no more though there is.
    lies: bool,
    /// Whether events come hours late.
    late: bool,
    largest_page: usize,
    largest_batch: usize,
    now: Instant,
    accepted: HashMap<EventId, u32>,
    /// Rows that were accepted and whose save a kill prevented.
    in_doubt: usize,
    main: Place,
    backfill: Option<Place>,
    seam: Seam,
    seam_place: SeamPlace,
    /// Whether the next run is the one that splits in two, and has the first page of the backlog.
    splits: bool,
    /// Effects until the kill.
    left: usize,
}

struct Read {
    lane: LaneName,
    number: u64,
    from: Cursor,
    next: Option<Cursor>,
    events: Vec<Stored>,
}

/// A run's own view.
struct Run {
    main: (Progress, Cursor, HashSet<EventId>),
    backfill: Option<(Progress, Cursor, HashSet<EventId>)>,
    seam: Seam,
    unread: IdSet,
    seam_read: SeamPlace,
    met: HashSet<EventId>,
    met_is_whole: bool,
    turns: Turns,
    held: Option<Read>,
    /// The lane that goes on once all of the other is accepted.
    joining: Option<LaneName>,
    pages: u64,
}

fn since() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

fn cursor(position: usize) -> Cursor {
    let url = format!("https://a.okta.com/api/v1/logs?after={position}");
    Cursor::new(url.parse().unwrap())
}

fn position(cursor: &Cursor) -> usize {
    let mut pairs = cursor.url().query_pairs();
    let after = pairs.find(|(name, _)| name == "after").unwrap().1;
    after.parse().unwrap()
}

impl World {
    /// A backlog, and what is stored since the main lane's beginning; both lanes at their start.
    fn new(seed: u64, backlog: usize, fresh: usize, lies: bool) -> World {
        let mut random = fastrand::Rng::with_seed(seed);
        let place = |at| Place {
            cursor: cursor(at),
            beyond: Vec::new(),
        };
        let mut world = World {
            largest_page: random.usize(1..40),
            largest_batch: random.usize(1..50),
            log: Vec::new(),
            lies,
            late: !lies,
            now: Instant::now(),
            accepted: HashMap::new(),
            in_doubt: 0,
            main: place(backlog),
            backfill: Some(place(0)),
            seam: Seam::new(since()),
            seam_place: SeamPlace::default(),
            splits: random.bool(),
            left: usize::MAX,
            random,
        };
        world.store(backlog, TimeDelta::days(-1));
        world.grow(fresh);
        world
    }

    fn store(&mut self, count: usize, after: TimeDelta) {
        for _ in 0..count {
            let id = EventId::digest(&self.log.len().to_le_bytes());
            let published = since() + after;
            self.log.push(Stored { id, published });
        }
    }

    fn grow(&mut self, count: usize) {
        // An event that comes late tells nothing by its time of when it was stored.
        let late = self.late && self.random.bool();
        let after = if late { -6 } else { 2 };
        self.store(count, TimeDelta::hours(after));
    }

    fn effect(&mut self) -> Result<(), Killed> {
        self.left -= 1;
        if self.left == 0 { Err(Killed) } else { Ok(()) }
    }

    fn ask(&mut self, lane: LaneName, number: u64, from: Cursor) -> Read {
        let at = position(&from);
        let size = self.random.usize(1..=self.largest_page);
        let lie = self.lies && self.random.u8(..) < 60;
        let size = if lie { 0 } else { size };
        let events: Vec<Stored> = self.log[at..].iter().take(size).copied().collect();
        let at_end = at + events.len() == self.log.len();
        let no_link = (self.lies || at_end) && self.random.u8(..) < 60;
        let next = (!no_link && (!events.is_empty() || lie)).then(|| cursor(at + events.len()));
        // The link to the place itself counts as none.
        let next = next.filter(|next| *next != from);
        Read {
            lane,
            number,
            from,
            next,
            events,
        }
    }

    fn run(&mut self, kill_after: usize) -> Result<(), Killed> {
        self.left = kill_after;
        let lane = |place: &Place| {
            let beyond = place.beyond.clone();
            let known = beyond.iter().copied().collect();
            (
                Progress::new(place.cursor.clone(), beyond, None),
                place.cursor.clone(),
                known,
            )
        };
        let mut run = Run {
            main: lane(&self.main),
            backfill: self.backfill.as_ref().map(lane),
            seam: self.seam.clone(),
            unread: self.seam.unread(&self.seam_place),
            seam_read: self.seam_place.clone(),
            met: HashSet::new(),
            met_is_whole: false,
            turns: Turns::new(self.backfill.is_some()),
            held: None,
            joining: None,
            pages: 0,
        };
        if std::mem::take(&mut self.splits) {
            run.pages += 1;
            run.held = Some(self.ask(LaneName::Backfill, run.pages, cursor(0)));
            run.met_is_whole = true;
            run.turns.split();
        }
        loop {
            self.now += Duration::from_secs(self.random.u64(0..20));
            let count = self.random.usize(0..6) * usize::from(self.random.u8(..) < 60);
            self.grow(count);
            match run.turns.next(self.now) {
                Turn::Over => return Ok(()),
                Turn::Settle => self.settle(&mut run)?,
                Turn::Read(lane) => self.read(&mut run, lane)?,
            }
        }
    }

    fn read(&mut self, run: &mut Run, lane: LaneName) -> Result<(), Killed> {
        run.pages += 1;
        let from = match (lane, &run.backfill) {
            (LaneName::Backfill, Some((_, at, _))) => at.clone(),
            _ => run.main.1.clone(),
        };
        let page = self.ask(lane, run.pages, from);
        let last = page.next.is_none() || page.events.is_empty();
        if lane == LaneName::Main {
            // How news is told from the rest is of no concern to what is shipped.
            let reached = match self.random.bool() {
                _ if last => Reached::End,
                true if run.backfill.is_some() => Reached::News,
                _ => Reached::More,
            };
            run.turns.main_was_read(reached, self.now);
            let ids: Vec<EventId> = page.events.iter().map(|event| event.id).collect();
            // The seam's length goes by the largest page, which is smaller here.
            let short = run.backfill.is_some() && run.seam.len() < 2 * self.largest_page;
            if short && !run.seam.extend(&ids).is_empty() {
                self.seam = run.seam.clone();
                self.effect()?;
            }
            ids.iter().for_each(|id| _ = run.unread.remove(id));
            run.seam_read = SeamPlace {
                accepted: run.seam.len(),
                unread: run.unread.iter().copied().collect(),
            };
            return self.deliver(run, page, None, last);
        }
        self.pass(run, page, false)
    }

    fn settle(&mut self, run: &mut Run) -> Result<(), Killed> {
        let page = run.held.take().unwrap();
        self.pass(run, page, true)
    }

    fn pass(&mut self, run: &mut Run, page: Read, was_held: bool) -> Result<(), Killed> {
        let newest = page.events.iter().map(|event| event.published).max();
        let of_seam = met(&run.seam, &page);
        run.met.extend(&of_seam.ids);
        let known = Known {
            met: run.met.len(),
            met_is_whole: run.met_is_whole,
            main_is_past: run.unread.is_empty(),
            last: page.next.is_none() || page.events.is_empty(),
            newest,
        };
        let reached = run.turns.main_reached();
        let waited = was_held && reached == Reached::End;
        let too_soon = was_held && reached == Reached::More && of_seam.of_seam > 0;
        if too_soon || (!waited && run.seam.holds_back(&of_seam, known)) {
            run.held = Some(page);
            run.turns.hold_back();
            return Ok(());
        }
        run.met_is_whole |= !page.events.is_empty() && of_seam.of_seam == 0;
        let joined = run.seam.meets(&of_seam, known);
        let last = match joined {
            None if was_held => page.next.is_none(),
            Some(LaneName::Backfill) if waited && run.seam.is_all_met(known) => true,
            _ => known.last,
        };
        match joined {
            None => run.turns.backfill_was_read(last),
            Some(LaneName::Main) => run.turns.joined(None),
            Some(LaneName::Backfill) => run.turns.joined(last.then_some(self.now)),
        }
        self.deliver(run, page, joined, last && joined.is_some())
    }

    fn deliver(
        &mut self,
        run: &mut Run,
        page: Read,
        joined: Option<LaneName>,
        last: bool,
    ) -> Result<(), Killed> {
        let seam = run.seam.clone();
        let Run { main, backfill, .. } = run;
        let (progress, at, known) = match page.lane {
            LaneName::Backfill => backfill.as_mut().unwrap(),
            LaneName::Main => main,
        };
        let of_seam = |id: &EventId| page.lane == LaneName::Backfill && seam.contains(id);
        let ids = page.events.iter().map(|event| event.id);
        let (repeated, rows): (Vec<_>, Vec<_>) =
            ids.partition(|id| of_seam(id) || known.contains(id));
        if page.next.is_none() {
            known.extend(&rows);
        }
        *at = page.next.clone().unwrap_or(page.from.clone());
        progress.read(PageInWork {
            number: page.number,
            cursor: page.from,
            next: page.next,
            rows: rows.len(),
            repeated,
            newest: None,
        });
        run.joining = joined;
        for batch in rows.chunks(self.largest_batch) {
            batch
                .iter()
                .for_each(|id| *self.accepted.entry(*id).or_default() += 1);
            self.in_doubt += batch.len();
            self.effect()?;
            let (progress, ..) = match (page.lane, &mut run.backfill) {
                (LaneName::Backfill, Some(backfill)) => backfill,
                _ => &mut run.main,
            };
            progress.accepted(batch.iter().map(|id| (page.number, *id)));
            self.save(run);
            self.in_doubt -= batch.len();
            self.effect()?;
        }
        if last {
            run.main.0.caught_up();
        }
        self.save(run);
        self.effect()
    }

    fn save(&mut self, run: &mut Run) {
        let through = |(progress, ..): &mut (Progress, Cursor, HashSet<EventId>)| {
            run.joining.is_some() && progress.is_all_accepted()
        };
        if let Some(backfill) = run.backfill.take_if(through)
            && run.joining == Some(LaneName::Backfill)
        {
            run.main = backfill;
        }
        if run.main.0.is_all_accepted() {
            self.seam_place = run.seam_read.clone();
        }
        self.main = Place::of(&run.main);
        self.backfill = run.backfill.as_ref().map(Place::of);
    }
}

fn met(seam: &Seam, page: &Read) -> Met {
    let ids = page.events.iter().map(|event| event.id);
    let met: Vec<EventId> = ids.filter(|id| seam.contains(id)).collect();
    Met {
        events: page.events.len(),
        of_seam: met.len(),
        ids: met.into_iter().collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_of_two_lanes_is_accepted_and_none_twice(
        seed: u64,
        backlog in 0_usize..100,
        fresh in 0_usize..40,
        lies: bool,
        kills in prop::collection::vec(1_usize..30, 0..6),
    ) {
        let mut world = World::new(seed, backlog, fresh, lies);
        let exact = !lies || kills.is_empty();
        for kill in kills {
            let _ = world.run(kill);
        }
        world.lies = false;
        for _ in 0..4 {
            prop_assert!(world.run(usize::MAX).is_ok());
            world.store(1, TimeDelta::hours(2));
        }
        prop_assert!(world.run(usize::MAX).is_ok());
        prop_assert!(world.backfill.is_none(), "two lanes for ever");
        // The log may have grown after the last request of the last run.
        let end = position(&world.main.cursor);
        for event in &world.log[..end] {
            prop_assert!(world.accepted.contains_key(&event.id), "missing");
        }
        let twice: u32 = world.accepted.values().map(|times| times - 1).sum();
        prop_assert!(!exact || twice as usize <= world.in_doubt, "{} rows twice", twice);
    }
}
