//! The rows of one page on their way to batches: what is left out, what is odd.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use okta_rows::{EventId, Row, RowSink};

use super::page_filter::{PageFilter, Seen};
use crate::log_analytics::batcher::Batcher;

/// A row whose time is older than this when it arrives gets the time of arrival as `TimeGenerated`
/// (Azure Monitor, *Standard columns in Azure Monitor Logs*).
const TIME_KEPT_FOR: TimeDelta = TimeDelta::days(2);

/// Events that are to be mentioned in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mentioned {
    pub(super) count: u64,
    pub(super) first: Option<EventId>,
}

impl Mentioned {
    fn add(&mut self, id: EventId) {
        self.count += 1;
        self.first.get_or_insert(id);
    }
}

/// Takes the rows of one page.
#[derive(Debug)]
pub(super) struct PageRows<'a> {
    batcher: &'a mut Batcher,
    filter: PageFilter<'a>,
    /// What is published before this is too old to keep its time.
    old_before: String,
    /// All ids on the page, in their order.
    pub(super) ids: Vec<EventId>,
    /// Those of the rows that went to a batch.
    pub(super) rows: Vec<EventId>,
    /// Events left out that the workspace accepted already, or gets by the other lane.
    pub(super) known: usize,
    pub(super) without_uuid: Mentioned,
    pub(super) cut: Mentioned,
    newest: Option<String>,
}

impl<'a> PageRows<'a> {
    /// Takes a page that is to be posted at about `now`.
    pub(super) fn new(
        batcher: &'a mut Batcher,
        filter: PageFilter<'a>,
        now: DateTime<Utc>,
    ) -> PageRows<'a> {
        let old_before = now - TIME_KEPT_FOR;
        PageRows {
            batcher,
            filter,
            old_before: old_before.to_rfc3339_opts(SecondsFormat::Millis, true),
            ids: Vec::new(),
            rows: Vec::new(),
            known: 0,
            without_uuid: Mentioned::default(),
            cut: Mentioned::default(),
            newest: None,
        }
    }

    /// The newest `published` on the page.
    pub(super) fn newest(&self) -> Option<DateTime<Utc>> {
        self.newest.as_deref().and_then(time)
    }

    fn is_left_out(&mut self, id: EventId) -> bool {
        match self.filter.look_up(id) {
            Seen::New => false,
            Seen::Known => {
                self.known += 1;
                true
            }
            Seen::Repeated => true,
            // Okta's uuids are unique; should two events of a page share one and differ, both count.
            Seen::SameId => self.batcher.is_written_twice(id),
        }
    }
}

impl RowSink for PageRows<'_> {
    fn buffer(&mut self) -> &mut Vec<u8> {
        self.batcher.buffer()
    }

    fn row(&mut self, row: &Row<'_>) {
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
        if self.is_left_out(row.id) {
            return self.batcher.drop_row();
        }
        if !row.has_uuid {
            self.without_uuid.add(row.id);
        }
        if row.truncated > 0 {
            self.cut.add(row.id);
        }
        self.rows.push(row.id);
        self.batcher.row(row);
        if row
            .published
            .is_some_and(|published| is_later(&self.old_before, published))
        {
            self.batcher.mark_old();
        }
    }
}

/// Times of Okta's own spelling compare as text; others are read.
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
