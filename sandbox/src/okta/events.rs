//! Makes System Log events: real shapes, invented people, the same bytes for the same seed.
//!
//! An event is a pure function of the seed and its number, so a log of a million events takes no
//! memory. Shapes follow what Okta sends in 2026, members outside its published schema included
//! (`device`, `rootSessionId`, newer `securityContext`), with nulls, the text `"null"` and JSON
//! inside JSON strings where Okta has them.
//!
//! What real events share, these share too. A log compresses as well as its events repeat each
//! other, so every figure about bytes on the wire hangs on it: the org's policies, apps and groups
//! keep their ids; people, some far busier than others, keep place, browser and device; a session
//! is told by up to eight events that stand among those of other sessions; and events of one
//! request share its id. New with each event are its `uuid`, its times and an assertion's or
//! token's own id.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

mod cast;
mod course;
mod debug;
mod dice;
mod estate;
mod json;
mod kinds;
mod scene;
mod security;
mod stories;
mod visit;

use course::Step;
use dice::{Dice, mix};
use json::Json;
use scene::Scene;

/// Room for an event and a bit: their mean is 2.75 KB.
const ROOM: usize = 3_500;

/// Makes the events of one org's log.
#[derive(Clone, Copy, Debug)]
pub struct EventMaker {
    seed: u64,
    start: DateTime<Utc>,
    spacing: TimeDelta,
}

impl EventMaker {
    /// The first event is published at `start`, each further one `spacing` later, give or take
    /// under a quarter of `spacing`; `published` never falls from one event to the next.
    #[must_use]
    pub fn new(seed: u64, start: DateTime<Utc>, spacing: Duration) -> Self {
        Self {
            seed,
            start,
            spacing: TimeDelta::from_std(spacing).unwrap_or(TimeDelta::MAX),
        }
    }

    /// Event number `number` as compact JSON.
    #[must_use]
    pub fn event(&self, number: u64) -> Bytes {
        let mut event = Vec::with_capacity(ROOM);
        self.write(number, self.published(number), &mut event);
        event.into()
    }

    /// When event `number` says it happened, to the millisecond.
    #[must_use]
    pub fn published(&self, number: u64) -> DateTime<Utc> {
        let spacing = self.spacing.num_milliseconds();
        let jitter = Dice::new(!self.seed, number).below((spacing / 4).unsigned_abs());
        let since_start = i64::try_from(number)
            .unwrap_or(i64::MAX)
            .saturating_mul(spacing)
            .saturating_add(jitter.cast_signed());
        TimeDelta::try_milliseconds(since_start)
            .and_then(|since_start| self.start.checked_add_signed(since_start))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// The `uuid` of event `number`: version 4 in form, no two numbers alike.
    #[must_use]
    pub fn id(&self, number: u64) -> String {
        let mut id = Vec::with_capacity(36);
        self.write_id(number, &mut Json(&mut id));
        String::from_utf8(id).unwrap_or_default()
    }

    /// The `eventType` of event `number`, without making the event.
    #[must_use]
    pub fn event_type(&self, number: u64) -> &'static str {
        Step::of(self.seed, number).happening.kind.event_type
    }

    /// Appends event `number` with another time than [`Self::published`].
    pub(super) fn write(&self, number: u64, published: DateTime<Utc>, out: &mut Vec<u8>) {
        let dice = &mut Dice::new(self.seed, number);
        let scene = Scene::of(&Step::of(self.seed, number), published);
        let json = &mut Json(out);
        json.raw("{");
        scene.actor(json);
        scene.client(json);
        scene.device(json);
        scene.authentication_context(json);
        json.raw("\"displayMessage\":").text(scene.kind.message);
        json.raw(",\"eventType\":")
            .text(scene.kind.event_type)
            .raw(",");
        scene.outcome(dice, json);
        json.raw("\"published\":");
        write_time(published, json);
        json.raw(",");
        scene.security_context(json);
        json.raw("\"severity\":\"")
            .raw(scene.kind.severity)
            .raw("\",");
        debug::debug_context(&scene, dice, json);
        json.raw("\"legacyEventType\":")
            .text_or_null(scene.kind.legacy)
            .raw(",");
        scene.transaction(json);
        json.raw("\"uuid\":\"");
        self.write_id(number, json);
        json.raw("\",\"version\":\"0\",");
        scene.ip_chain(json);
        scene.target(dice, json);
        json.raw("}");
    }

    fn write_id(&self, number: u64, json: &mut Json<'_>) {
        // 64 of the 122 free bits are the number itself, scrambled: that alone makes it unique.
        let unique = mix(number ^ mix(self.seed));
        let rest = mix(unique ^ self.seed.rotate_left(32));
        json.hex_digits(unique >> 32, 8)
            .raw("-")
            .hex_digits(unique >> 16, 4);
        json.raw("-4").hex_digits(unique >> 4, 3).raw("-");
        json.hex_digits(8 | rest >> 60 & 3, 1)
            .hex_digits(unique, 1)
            .hex_digits(rest >> 48, 2);
        json.raw("-").hex_digits(rest, 12);
    }
}

/// Spreads a number over 64 bits; no two numbers share a result.
pub(super) const fn scramble(number: u64) -> u64 {
    mix(number)
}

fn write_time(time: DateTime<Utc>, json: &mut Json<'_>) {
    let year = u64::from(time.year().unsigned_abs());
    json.raw("\"")
        .padded(year, 4)
        .raw("-")
        .padded(time.month().into(), 2)
        .raw("-");
    json.padded(time.day().into(), 2)
        .raw("T")
        .padded(time.hour().into(), 2)
        .raw(":");
    json.padded(time.minute().into(), 2)
        .raw(":")
        .padded(time.second().into(), 2)
        .raw(".");
    json.padded(u64::from(time.timestamp_subsec_millis()).min(999), 3)
        .raw("Z\"");
}

#[cfg(test)]
mod tests;
