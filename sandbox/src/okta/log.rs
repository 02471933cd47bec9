//! The org's log: append-only, in the order in which events were persisted.
//!
//! Most events are only counted here and made again whenever they are served; events that a test
//! hands in are kept as they are.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::events::EventMaker;
use super::query::Wanted;

/// Events that arrived together, at consecutive positions of the log.
#[derive(Debug)]
struct Span {
    positions: Range<u64>,
    persisted: Persisted,
    content: Content,
}

#[derive(Clone, Copy, Debug)]
enum Persisted {
    /// Each event the moment it was published.
    WhenPublished,
    At(DateTime<Utc>),
}

#[derive(Debug)]
enum Content {
    /// The maker's events from this number on, published when the maker says.
    Paced {
        number: u64,
    },
    /// The maker's events from this number on, published within the second up to this time.
    Dated {
        number: u64,
        until: DateTime<Utc>,
    },
    Given(Vec<GivenEvent>),
}

#[derive(Debug)]
struct GivenEvent {
    json: Bytes,
    known: Known,
}

/// What the log itself reads of an event that was handed in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Known {
    uuid: Option<String>,
    published: Option<DateTime<Utc>>,
    #[serde(rename = "eventType")]
    event_type: Option<String>,
}

/// One event of the log, cheap to hand around; its text is made by [`Entry::write`].
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) position: u64,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Made {
        maker: EventMaker,
        number: u64,
        published: DateTime<Utc>,
    },
    Given(Bytes),
}

impl Entry {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match &self.source {
            Source::Made {
                maker,
                number,
                published,
            } => maker.write(*number, *published, out),
            Source::Given(json) => out.extend_from_slice(json),
        }
    }

    fn holds(&self, keywords: &[String]) -> bool {
        let mut text = Vec::new();
        self.write(&mut text);
        let text = String::from_utf8_lossy(&text).to_lowercase();
        keywords.iter().all(|keyword| text.contains(keyword))
    }
}

/// A stretch of the log as one page asks for it.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) entries: Vec<Entry>,
    /// Where the next page starts.
    pub(super) next: u64,
    /// Nothing of the log was left unread; a later append changes what follows.
    pub(super) at_end: bool,
}

/// The log and the maker of its next events.
#[derive(Debug)]
pub(super) struct Log {
    maker: EventMaker,
    spans: Vec<Span>,
    made: u64,
}

impl Log {
    pub(super) fn new(maker: EventMaker, events: u64) -> Self {
        let mut log = Self {
            maker,
            spans: Vec::new(),
            made: events,
        };
        log.push(
            events,
            Persisted::WhenPublished,
            Content::Paced { number: 0 },
        );
        log
    }

    pub(super) fn len(&self) -> u64 {
        self.spans.last().map_or(0, |span| span.positions.end)
    }

    /// Appends events of the maker, persisted `now` and published `age` earlier.
    pub(super) fn append(&mut self, count: u64, age: Duration, now: DateTime<Utc>) {
        let age = TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX);
        let until = now
            .checked_sub_signed(age)
            .unwrap_or(DateTime::<Utc>::MIN_UTC);
        let number = self.made;
        self.made += count;
        self.push(count, Persisted::At(now), Content::Dated { number, until });
    }

    /// Appends the given JSON texts, persisted `now`.
    pub(super) fn append_given(&mut self, events: Vec<Bytes>, now: DateTime<Utc>) {
        let given = |json: Bytes| {
            let known = serde_json::from_slice(&json).unwrap_or_default();
            GivenEvent { json, known }
        };
        let count = events.len() as u64;
        let events = events.into_iter().map(given).collect();
        self.push(count, Persisted::At(now), Content::Given(events));
    }

    fn push(&mut self, count: u64, persisted: Persisted, content: Content) {
        if count > 0 {
            let first = self.len();
            self.spans.push(Span {
                positions: first..first + count,
                persisted,
                content,
            });
        }
    }

    /// The first position whose event was persisted at `since` or later.
    pub(super) fn position_at(&self, since: DateTime<Utc>) -> u64 {
        // An event is never persisted before its predecessor, whatever the clock said.
        let later = |span: &Span| match span.persisted {
            Persisted::At(time) => (time >= since).then_some(span.positions.start),
            Persisted::WhenPublished => {
                let positions = span.positions.clone();
                let found = first_in(positions.clone(), |at| self.published(span, at) >= since);
                positions.contains(&found).then_some(found)
            }
        };
        self.spans
            .iter()
            .find_map(later)
            .unwrap_or_else(|| self.len())
    }

    /// When the event before `position` was persisted, in milliseconds of the Unix epoch.
    pub(super) fn persisted_before(&self, position: u64) -> i64 {
        let before = position.saturating_sub(1);
        let Some(span) = self.span_of(before) else {
            return 0;
        };
        let time = match span.persisted {
            Persisted::At(time) => time,
            Persisted::WhenPublished => self.published(span, before),
        };
        time.timestamp_millis()
    }

    /// Up to `limit` wanted events from `from` on, in the order of the log.
    pub(super) fn select(&self, from: u64, limit: usize, wanted: &Wanted) -> Selection {
        let mut entries = Vec::with_capacity(limit);
        let mut position = from;
        let end = self.len();
        while position < end && entries.len() < limit {
            entries.extend(self.wanted_entry(position, wanted));
            position += 1;
        }
        Selection {
            entries,
            next: position,
            at_end: position >= end,
        }
    }

    /// The positions of wanted events by `published`, which lies in `range`.
    pub(super) fn by_published(&self, range: &Range<DateTime<Utc>>, wanted: &Wanted) -> Vec<u64> {
        let mut dated: Vec<(DateTime<Utc>, u64)> = self
            .spans
            .iter()
            .flat_map(|span| {
                span.positions
                    .clone()
                    .map(move |at| (self.published(span, at), at))
            })
            .filter(|(published, _)| range.contains(published))
            .filter(|(_, at)| wanted.is_all() || self.wanted_entry(*at, wanted).is_some())
            .collect();
        dated.sort_unstable();
        dated.into_iter().map(|(_, at)| at).collect()
    }

    pub(super) fn entry(&self, position: u64) -> Option<Entry> {
        let span = self.span_of(position)?;
        let offset = position - span.positions.start;
        let source = match &span.content {
            Content::Paced { number } | Content::Dated { number, .. } => Source::Made {
                maker: self.maker,
                number: number + offset,
                published: self.published(span, position),
            },
            Content::Given(events) => Source::Given(events.get(offset as usize)?.json.clone()),
        };
        Some(Entry { position, source })
    }

    /// The event's `uuid`; none if it was handed in without one.
    pub(super) fn id(&self, position: u64) -> Option<String> {
        let span = self.span_of(position)?;
        let offset = position - span.positions.start;
        match &span.content {
            Content::Paced { number } | Content::Dated { number, .. } => {
                Some(self.maker.id(number + offset))
            }
            Content::Given(events) => events.get(offset as usize)?.known.uuid.clone(),
        }
    }

    fn wanted_entry(&self, position: u64, wanted: &Wanted) -> Option<Entry> {
        if let Some(types) = &wanted.event_types
            && !self.is_of(position, types)
        {
            return None;
        }
        let entry = self.entry(position)?;
        (wanted.keywords.is_empty() || entry.holds(&wanted.keywords)).then_some(entry)
    }

    fn is_of(&self, position: u64, types: &BTreeSet<String>) -> bool {
        let Some(span) = self.span_of(position) else {
            return false;
        };
        let offset = position - span.positions.start;
        match &span.content {
            Content::Paced { number } | Content::Dated { number, .. } => {
                types.contains(self.maker.event_type(number + offset))
            }
            Content::Given(events) => events
                .get(offset as usize)
                .and_then(|event| event.known.event_type.as_ref())
                .is_some_and(|event_type| types.contains(event_type)),
        }
    }

    fn published(&self, span: &Span, position: u64) -> DateTime<Utc> {
        let offset = position - span.positions.start;
        match &span.content {
            Content::Paced { number } => self.maker.published(number + offset),
            Content::Dated { until, .. } => {
                let count = span.positions.end - span.positions.start;
                let earlier = (count - 1 - offset) * 1000 / count;
                *until - TimeDelta::milliseconds(earlier.cast_signed())
            }
            Content::Given(events) => events
                .get(offset as usize)
                .and_then(|event| event.known.published)
                .unwrap_or(match span.persisted {
                    Persisted::At(time) => time,
                    Persisted::WhenPublished => DateTime::<Utc>::MIN_UTC,
                }),
        }
    }

    fn span_of(&self, position: u64) -> Option<&Span> {
        let at = self
            .spans
            .partition_point(|span| span.positions.end <= position);
        self.spans.get(at)
    }
}

/// The first number of `range` for which `reached` holds, its end if none does; `reached` must
/// hold for every number after the first.
fn first_in(range: Range<u64>, reached: impl Fn(u64) -> bool) -> u64 {
    let Range { mut start, mut end } = range;
    while start < end {
        let middle = start + (end - start) / 2;
        if reached(middle) {
            end = middle;
        } else {
            start = middle + 1;
        }
    }
    start
}
