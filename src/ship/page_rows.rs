//! The rows of one page on their way to batches: what is left out, what is odd.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use okta_rows::{EventId, Row, RowSink};

use super::page_filter::{PageFilter, Seen};
use crate::log_analytics::batch::Batch;
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

/// Events of a page that are to be mentioned in the log.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OddEvents {
    pub(super) without_uuid: Mentioned,
    /// A value was too long.
    pub(super) cut: Mentioned,
    /// Other events than those that had their ids before them.
    pub(super) same_id: Mentioned,
    /// They had bytes that no JSON may hold.
    pub(super) replaced: Mentioned,
}

/// What is known of a page once its rows are in batches.
#[derive(Debug)]
pub(super) struct EncodedPage {
    /// All ids on the page, in their order; those without a row come last.
    pub(super) ids: Vec<EventId>,
    /// Those that are to be delivered or set aside.
    pub(super) rows: Vec<EventId>,
    /// Those of them that are known by a digest.
    pub(super) without_uuid: Vec<EventId>,
    /// Events left out that the workspace accepted already, or gets by the other lane.
    pub(super) known: usize,
    /// The newest `published` on the page.
    pub(super) newest: Option<DateTime<Utc>>,
    pub(super) odd: OddEvents,
    /// An event has the id of one on the page before, and other content.
    pub(super) has_other_content: bool,
}

/// Takes the rows of one page.
#[derive(Debug)]
pub(super) struct PageRows<'a> {
    batcher: &'a mut Batcher,
    filter: PageFilter<'a>,
    /// The rows of the page before, as far as they were delivered.
    page_before: &'a [Batch],
    /// What is published before this is too old to keep its time.
    old_before: String,
    ids: Vec<EventId>,
    /// Of the rows that went to a batch, and of what is set aside.
    rows: Vec<EventId>,
    without_uuid: Vec<EventId>,
    known: usize,
    odd: OddEvents,
    has_other_content: bool,
    newest: Option<String>,
}

impl<'a> PageRows<'a> {
    /// Takes a page that is to be posted at about `now`.
    pub(super) fn new(
        batcher: &'a mut Batcher,
        filter: PageFilter<'a>,
        page_before: &'a [Batch],
        now: DateTime<Utc>,
    ) -> PageRows<'a> {
        let old_before = now - TIME_KEPT_FOR;
        PageRows {
            batcher,
            filter,
            page_before,
            old_before: old_before.to_rfc3339_opts(SecondsFormat::Millis, true),
            ids: Vec::new(),
            rows: Vec::new(),
            without_uuid: Vec::new(),
            known: 0,
            odd: OddEvents::default(),
            has_other_content: false,
            newest: None,
        }
    }

    /// The page was read to its end.
    pub(super) fn finish(self) -> EncodedPage {
        EncodedPage {
            newest: self.newest.as_deref().and_then(time),
            ids: self.ids,
            rows: self.rows,
            without_uuid: self.without_uuid,
            known: self.known,
            odd: self.odd,
            has_other_content: self.has_other_content,
        }
    }

    /// Takes an event that has no row. Whether it is to be set aside: it was not, in this run.
    pub(super) fn set_aside(&mut self, id: EventId) -> bool {
        self.ids.push(id);
        let seen = self.filter.look_up(id);
        self.known += usize::from(seen == Seen::Known);
        let is_new = seen == Seen::New;
        if is_new {
            self.rows.push(id);
            self.without_uuid.push(id);
        }
        is_new
    }

    fn is_left_out(&mut self, id: EventId) -> bool {
        match self.filter.look_up(id) {
            Seen::New => false,
            Seen::Known => {
                self.known += 1;
                true
            }
            Seen::Repeated => true,
            Seen::SameId { on_page_before } => self.is_repeated(id, on_page_before),
        }
    }

    /// Whether the row just written is that of an event before it with the same id. Okta's uuids are
    /// unique; should two events share one and differ, both count. Where no row of this id is at
    /// hand, the event was left out and is again.
    fn is_repeated(&mut self, id: EventId, on_page_before: bool) -> bool {
        let before = self.page_before.iter().filter(|_| on_page_before);
        let before = before.flat_map(|batch| {
            let of_id = batch.rows().iter().filter(|row| row.id == id);
            of_id.map(|row| batch.row_json(row))
        });
        let mut rows = before.chain(self.batcher.last_row_of(id)).peekable();
        let written = self.batcher.written();
        let is_repeated = rows.peek().is_none() || rows.any(|row| row == written);
        if !is_repeated {
            self.has_other_content |= on_page_before;
            self.odd.same_id.add(id);
        }
        is_repeated
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
            self.odd.without_uuid.add(row.id);
            self.without_uuid.push(row.id);
        }
        if row.truncated > 0 {
            self.odd.cut.add(row.id);
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
