//! The lanes in a world of plain data: every growth of the log, every size of page, every
//! interleaving of reading and delivering, every kill and every failure in the middle of a page.
//! Each stored event is accepted, and none twice but the rows of one page a kill.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use okta_rows::EventId;
use proptest::prelude::*;
use tokio::time::Instant;

use super::page_read::{LaneName, PageRead, Reached};
use super::{Delivery, Lanes, Next};
use crate::okta::log::cursor::Cursor;
use crate::ship::id_set::IdSet;
use crate::ship::page_filter::Seen;
use crate::state::checkpoint::{Lane, Place};

const MOST_EVENTS: usize = 500;

#[derive(Clone, Copy, Debug)]
struct Stored {
    id: EventId,
    published: DateTime<Utc>,
    persisted: DateTime<Utc>,
}

/// The run ended before its time.
#[derive(Debug)]
struct Ended;

struct World {
    random: fastrand::Rng,
    log: Vec<Stored>,
    /// Whether Okta now and then says that the log has ended where it has not.
    lies: bool,
    posts_fail: bool,
    now: DateTime<Utc>,
    page_size: usize,
    batch_size: usize,
    accepted: HashMap<EventId, u32>,
    /// Rows that were accepted and whose save a kill prevented.
    doubtful: usize,
    saved: Place,
    /// Steps until the kill.
    steps_left: usize,
}

fn started() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

fn start() -> Cursor {
    Cursor::new("https://a.okta.com/api/v1/logs?since=x".parse().unwrap())
}

fn cursor(position: usize) -> Cursor {
    let url = format!("https://a.okta.com/api/v1/logs?after={position}");
    Cursor::new(url.parse().unwrap())
}

impl World {
    fn new(seed: u64, backlog: usize, fresh: usize, lies: bool) -> World {
        let mut random = fastrand::Rng::with_seed(seed);
        let now = started();
        let first = now - TimeDelta::days(3);
        let mut world = World {
            page_size: random.usize(1..40),
            batch_size: random.usize(1..50),
            log: Vec::new(),
            lies,
            posts_fail: true,
            now,
            accepted: HashMap::new(),
            doubtful: 0,
            saved: Place::of_one_lane(Lane::begin(start().with_since(first), first)),
            steps_left: usize::MAX,
            random,
        };
        world.now = first + TimeDelta::hours(1);
        world.store(backlog, TimeDelta::zero());
        world.now = now - TimeDelta::minutes(4);
        world.store(fresh, TimeDelta::zero());
        world.now = now;
        world
    }

    fn store(&mut self, count: usize, late: TimeDelta) {
        for _ in 0..count {
            self.log.push(Stored {
                id: EventId::digest(&self.log.len().to_le_bytes()),
                published: self.now - late,
                persisted: self.now,
            });
        }
    }

    fn time_passes(&mut self) {
        self.now += TimeDelta::seconds(self.random.i64(0..20));
        // A log that grows faster than it is read is never read to its end.
        let grows = self.log.len() < MOST_EVENTS && self.random.u8(..) < 60;
        let count = self.random.usize(0..6) * usize::from(grows);
        let late = TimeDelta::hours(6 * i64::from(self.random.bool()));
        self.store(count, late);
    }

    fn instant(&self, base: Instant) -> Instant {
        base + (self.now - started()).to_std().unwrap()
    }

    fn step(&mut self) -> Result<(), Ended> {
        self.steps_left -= 1;
        if self.steps_left == 0 {
            Err(Ended)
        } else {
            Ok(())
        }
    }

    fn position(&self, cursor: &Cursor) -> usize {
        let value = |name: &str| {
            let mut pairs = cursor.url().query_pairs();
            pairs
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        match cursor.start() {
            Some(since) => {
                let before = |event: &Stored| event.persisted < since;
                self.log.partition_point(before)
            }
            None => value("after").unwrap().parse().unwrap(),
        }
    }

    fn ask<P>(&mut self, lanes: &mut Lanes<P>, lane: LaneName, began: DateTime<Utc>) -> PageRead {
        let from = lanes.cursor(lane).clone();
        let at = self.position(&from);
        let asked = self.page_size;
        let lie = self.lies && self.random.u8(..) < 60;
        let most = match self.random.u8(..) < 200 {
            _ if lie => 0,
            true => asked,
            false => self.random.usize(1..=asked),
        };
        let events: Vec<Stored> = self.log[at..].iter().take(most).copied().collect();
        let is_end = at + events.len() == self.log.len();
        let no_link = (self.lies || is_end) && self.random.u8(..) < 60;
        let next = (!no_link && (!events.is_empty() || lie)).then(|| cursor(at + events.len()));
        let next = next.filter(|next| *next != from);
        let newest = events.iter().map(|event| event.published).max();
        let is_short = events.len() < asked;
        let is_from = |time| is_short && newest.is_some_and(|newest| newest >= time);
        let reached = match () {
            () if next.is_none() || events.is_empty() || is_from(began) => Reached::End,
            () if is_from(self.now - TimeDelta::minutes(1)) => Reached::Now,
            () => Reached::More,
        };
        let mut filter = lanes.filter(lane);
        let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
        let is_new = |id: &EventId| filter.look_up(*id) == Seen::New;
        PageRead {
            rows: ids.iter().copied().filter(is_new).collect(),
            ids,
            without_uuid: Vec::new(),
            has_other_content: false,
            date: self.now,
            has_link: !no_link,
            next,
            newest,
            reached,
        }
    }

    /// A run, killed after so many steps.
    fn run(&mut self, kill_after: usize) -> Result<(), Ended> {
        self.steps_left = kill_after;
        let base = Instant::now();
        let mut lanes = Lanes::new(self.saved.clone(), &IdSet::default(), start());
        let began = self.now + TimeDelta::seconds(1);
        let mut on_the_way: VecDeque<Delivery<Vec<EventId>>> = VecDeque::new();
        loop {
            self.time_passes();
            let next = lanes.next(self.instant(base));
            let Next::Read(lane) = next else { break };
            if on_the_way.len() > 1 || !on_the_way.is_empty() && self.random.bool() {
                let delivery = on_the_way.pop_front().unwrap();
                self.deliver(delivery)?;
                continue;
            }
            self.step()?;
            let mut page = self.ask(&mut lanes, lane, began);
            assert_eq!(lanes.break_circle(lane, &mut page), None);
            let (rows, now) = (page.rows.clone(), self.instant(base));
            on_the_way.extend(lanes.page_read(lane, page, rows, now));
        }
        for delivery in on_the_way {
            self.deliver(delivery)?;
        }
        Ok(())
    }

    fn deliver(&mut self, delivery: Delivery<Vec<EventId>>) -> Result<(), Ended> {
        let mut calls: Vec<&[EventId]> = delivery.payload.chunks(self.batch_size).collect();
        self.random.shuffle(&mut calls);
        let fails = self.posts_fail && self.random.u8(..) < 20;
        let answered = if fails {
            self.random.usize(0..=calls.len())
        } else {
            calls.len()
        };
        let mut accepted = Vec::new();
        for call in &calls[..answered] {
            for id in *call {
                *self.accepted.entry(*id).or_default() += 1;
            }
            self.doubtful += call.len();
            accepted.extend_from_slice(call);
            self.step()?;
        }
        if !fails {
            self.saved = delivery.after;
        } else if !accepted.is_empty() {
            self.saved = delivery.in_part(&self.saved, &accepted);
        }
        self.doubtful -= accepted.len();
        self.step()?;
        if fails { Err(Ended) } else { Ok(()) }
    }
}

/// Runs one world to its end and tells what is wrong with it.
fn check(
    seed: u64,
    backlog: usize,
    fresh: usize,
    lies: bool,
    kills: &[usize],
) -> Result<(), String> {
    let mut world = World::new(seed, backlog, fresh, lies);
    for kill in kills {
        let _ = world.run(*kill);
    }
    (world.lies, world.posts_fail) = (false, false);
    for _ in 0..5 {
        if world.run(usize::MAX).is_err() {
            return Err("a run of a sound world ended before its time".to_owned());
        }
        world.store(1, TimeDelta::zero());
    }
    if world.saved.backfill.is_some() {
        return Err("two lanes for ever".to_owned());
    }
    // The log may have grown after the last request of the last run.
    let end = world.position(&world.saved.main.cursor);
    let times = |event: &Stored| world.accepted.get(&event.id).copied().unwrap_or_default();
    if world.log[..end].iter().any(|event| times(event) == 0) {
        return Err("an event is missing".to_owned());
    }
    let twice: u32 = world.accepted.values().map(|times| times - 1).sum();
    // After an end of the log that was none and a kill, a page may come again.
    let exact = !lies || kills.is_empty();
    match !exact || twice as usize <= world.doubtful {
        true => Ok(()),
        false => Err(format!("{twice} rows twice, {} in doubt", world.doubtful)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_of_two_lanes_is_accepted_and_none_twice(
        seed: u64,
        backlog in 0_usize..200,
        fresh in 0_usize..40,
        lies: bool,
        kills in prop::collection::vec(1_usize..30, 0..6),
    ) {
        if let Err(wrong) = check(seed, backlog, fresh, lies, &kills) {
            prop_assert!(false, "{wrong}");
        }
    }
}
