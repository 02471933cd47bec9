//! Makes System Log events: real shapes, invented people, the same bytes for the same seed.
//!
//! An event is a pure function of the seed and its number, so a log of a million events takes no
//! memory. Shapes follow what Okta sends in 2026, members outside its published schema included
//! (`device`, `rootSessionId`, newer `securityContext`), with nulls, the text `"null"` and JSON
//! inside JSON strings where Okta has them.
//!
//! Generated events repeat each other as real ones do, because compressed sizes depend on it:
//!
//! - The org's policies, apps and groups keep their ids.
//! - People keep place, browser and device; some are far busier than others.
//! - A session has up to eight events, which stand among those of other sessions.
//! - Events of one request share its id.
//! - New with each event: its `uuid`, its times, the id of an assertion or a token.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

mod assessment;
mod context;
mod debug;
mod event_types;
mod flows;
mod interleaving;
mod json;
mod org_objects;
mod people;
pub(super) mod rng;
mod security;
mod session;

use context::EventContext;
use interleaving::Step;
use json::Json;
use rng::{Rng, mix};

/// The mean event has 2.75 KB.
const INITIAL_CAPACITY: usize = 3_500;

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
        let mut event = Vec::with_capacity(INITIAL_CAPACITY);
        self.write(number, self.published(number), &mut event);
        event.into()
    }

    /// When event `number` says it happened, to the millisecond.
    #[must_use]
    pub fn published(&self, number: u64) -> DateTime<Utc> {
        let spacing = self.spacing.num_milliseconds();
        let jitter = Rng::new(!self.seed, number).below((spacing / 4).unsigned_abs());
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
        Step::of(self.seed, number).event.kind.event_type
    }

    /// Appends event `number` with another time than [`Self::published`].
    pub(super) fn write(&self, number: u64, published: DateTime<Utc>, out: &mut Vec<u8>) {
        let rng = &mut Rng::new(self.seed, number);
        let context = EventContext::of(&Step::of(self.seed, number), published);
        let json = &mut Json(out);
        json.raw("{");
        context.actor(json);
        context.client(json);
        context.device(json);
        context.authentication_context(json);
        json.raw("\"displayMessage\":").text(context.kind.message);
        json.raw(",\"eventType\":")
            .text(context.kind.event_type)
            .raw(",");
        context.outcome(rng, json);
        json.raw("\"published\":");
        json.time(published);
        json.raw(",");
        context.security_context(json);
        json.raw("\"severity\":\"")
            .raw(context.kind.severity)
            .raw("\",");
        debug::debug_context(&context, rng, json);
        json.raw("\"legacyEventType\":")
            .text_or_null(context.kind.legacy)
            .raw(",");
        context.transaction(json);
        json.raw("\"uuid\":\"");
        self.write_id(number, json);
        json.raw("\",\"version\":\"0\",");
        context.ip_chain(json);
        context.target(rng, json);
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

#[cfg(test)]
mod tests;
