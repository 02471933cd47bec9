//! From the rows of a page to the batch: repeats and what the other lane answers for are left
//! out, what is odd is noted.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::ids::IdSet;
use super::seam::{Met, Seam};
use crate::log_analytics::batcher::Batcher;
use okta_rows::EventId;
use okta_rows::Row;
use okta_rows::RowSink;

/// A row whose time is older than this when it arrives gets the time of arrival as `TimeGenerated`
/// (Azure Monitor, *Standard columns in Azure Monitor Logs*).
const TIME_KEPT_FOR: TimeDelta = TimeDelta::days(2);

/// Events that the workspace has, or has on its way.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    accepted: IdSet,
    recent: IdSet,
    /// On the page before.
    previous: IdSet,
    /// On this page.
    current: IdSet,
}

impl Repeats {
    /// `accepted`: accepted beyond the cursor by an earlier run. `recent`: accepted lately; given
    /// only while a refused cursor's overlap is read again.
    pub(super) fn new(accepted: IdSet, recent: IdSet) -> Repeats {
        Repeats {
            accepted,
            recent,
            ..Repeats::default()
        }
    }

    /// A page begins.
    pub(super) fn turn(&mut self) {
        std::mem::swap(&mut self.previous, &mut self.current);
        self.current.clear();
    }

    /// This page begins again.
    pub(super) fn again(&mut self) {
        self.current.clear();
    }

    /// This page will be read again, since no other comes after it: all of it is known then.
    pub(super) fn comes_again(&mut self) {
        self.accepted.extend(&self.current);
    }
}

/// What is to be told about a page's events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Odd {
    /// How many.
    pub(super) count: u64,
    /// The first of them.
    pub(super) first: Option<EventId>,
}

impl Odd {
    fn note(&mut self, id: EventId) {
        self.count += 1;
        self.first.get_or_insert(id);
    }
}

/// Takes the rows of one page.
#[derive(Debug)]
pub(super) struct Intake<'a> {
    batcher: &'a mut Batcher,
    repeats: &'a mut Repeats,
    /// What the other lane answers for, if there is one.
    seam: Option<&'a Seam>,
    /// What is published before this is too old to keep its time.
    old_before: String,
    /// Events on the page.
    pub(super) events: usize,
    /// Rows that went to the batch.
    pub(super) rows: usize,
    /// All ids on the page, in their order.
    pub(super) ids: Vec<EventId>,
    /// Those of the seam.
    pub(super) met: Met,
    /// Events left out that are accepted: by an earlier run beyond the cursor, or in the other lane.
    pub(super) repeated: Vec<EventId>,
    /// Events left out, whatever the reason.
    pub(super) left_out: u64,
    pub(super) without_uuid: Odd,
    pub(super) cut: Odd,
    newest: Option<String>,
}

impl<'a> Intake<'a> {
    /// Takes a page that is to be posted at about `now`.
    pub(super) fn new(
        batcher: &'a mut Batcher,
        repeats: &'a mut Repeats,
        seam: Option<&'a Seam>,
        now: DateTime<Utc>,
    ) -> Intake<'a> {
        let old_before = now - TIME_KEPT_FOR;
        Intake {
            batcher,
            repeats,
            seam,
            old_before: old_before.to_rfc3339_opts(SecondsFormat::Millis, true),
            events: 0,
            rows: 0,
            ids: Vec::new(),
            met: Met::default(),
            repeated: Vec::new(),
            left_out: 0,
            without_uuid: Odd::default(),
            cut: Odd::default(),
            newest: None,
        }
    }

    /// The newest `published` on the page.
    pub(super) fn newest(&self) -> Option<DateTime<Utc>> {
        self.newest.as_deref().and_then(time)
    }

    fn is_repeat(&mut self, id: EventId) -> bool {
        if self.seam.is_some_and(|seam| seam.contains(&id)) {
            self.met.of_seam += 1;
            self.met.ids.insert(id);
            self.repeated.push(id);
            return true;
        }
        if self.repeats.accepted.contains(&id) {
            self.repeated.push(id);
            return true;
        }
        if self.repeats.previous.contains(&id) || self.repeats.recent.contains(&id) {
            self.repeats.current.insert(id);
            return true;
        }
        // Okta's uuids are unique; should two events of a page share one and differ, both count.
        !self.repeats.current.insert(id) && self.batcher.is_written_twice(id)
    }
}

impl RowSink for Intake<'_> {
    fn buffer(&mut self) -> &mut Vec<u8> {
        self.batcher.buffer()
    }

    fn row(&mut self, row: &Row<'_>) {
        self.events += 1;
        self.ids.push(row.id);
        if let Some(published) = row.published
            && self
                .newest
                .as_deref()
                .is_none_or(|newest| is_later(published, newest))
        {
            let newest = self.newest.get_or_insert_default();
            newest.clear();
            newest.push_str(published);
        }
        if self.is_repeat(row.id) {
            self.left_out += 1;
            return self.batcher.drop_row();
        }
        if !row.has_uuid {
            self.without_uuid.note(row.id);
        }
        if row.truncated > 0 {
            self.cut.note(row.id);
        }
        self.rows += 1;
        self.batcher.row(row);
        if row
            .published
            .is_some_and(|published| is_later(&self.old_before, published))
        {
            self.batcher.mark_old();
        }
    }
}

/// Times of Okta's own naming compare as text; others are read.
fn is_later(one: &str, other: &str) -> bool {
    if one.len() == other.len() && one.ends_with('Z') && other.ends_with('Z') {
        return one > other;
    }
    time(one) > time(other)
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.to_utc())
}
