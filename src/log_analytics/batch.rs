//! Rows cut into batches: by bytes and by count, in their order, the same rows always alike.

use std::ops::Range;

use bytes::Bytes;

use okta_rows::EventId;
use okta_rows::Row;
use okta_rows::RowSink;

mod buffer_pool;

pub use buffer_pool::Spares;

/// What one post may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Bytes of the whole body, brackets and commas included.
    pub bytes: usize,
    /// Rows.
    pub rows: usize,
}

/// A JSON array of rows, ready to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    body: Bytes,
    rows: Vec<BatchRow>,
}

/// One row of a [`Batch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRow {
    /// The event it was made of.
    pub id: EventId,
    /// Number of the page that held the event, as given to [`Batcher::page`].
    pub page: u64,
    /// Whether the event was too old to keep its time, see [`Batcher::mark_old`].
    pub old: bool,
    span: Range<usize>,
}

impl Batch {
    /// The array's bytes.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Its rows, in order.
    pub fn rows(&self) -> &[BatchRow] {
        &self.rows
    }

    /// A row's own bytes.
    pub fn row_json(&self, row: &BatchRow) -> &[u8] {
        self.body.get(row.span.clone()).unwrap_or_default()
    }

    /// The two halves, the first not the smaller; `None` for a batch of one row.
    pub fn halves(&self) -> Option<(Batch, Batch)> {
        let middle = self.rows.len().div_ceil(2);
        let (first, second) = self.rows.split_at_checked(middle)?;
        (!second.is_empty()).then(|| (self.part(first), self.part(second)))
    }

    fn part(&self, rows: &[BatchRow]) -> Batch {
        let mut body = Vec::new();
        let mut kept = Vec::with_capacity(rows.len());
        for row in rows {
            body.push(if body.is_empty() { b'[' } else { b',' });
            let start = body.len();
            body.extend_from_slice(self.row_json(row));
            kept.push(BatchRow {
                span: start..body.len(),
                ..row.clone()
            });
        }
        body.push(b']');
        Batch {
            body: body.into(),
            rows: kept,
        }
    }

    /// A batch of one row that is no event's, for a table other than `Okta_CL`.
    pub fn of_one(row: &[u8]) -> Batch {
        let body = [b"[", row, b"]"].concat();
        let span = 1..body.len() - 1;
        Batch {
            rows: vec![BatchRow {
                id: EventId::digest(row),
                page: 0,
                old: false,
                span,
            }],
            body: body.into(),
        }
    }
}

/// Bodies are made in steps of so many bytes, so that one finds room where another was: sizes that
/// all differ a little leave holes in the memory.
const STEP: usize = 256 * 1024;

/// Collects rows and closes a batch whenever the next row would pass a limit.
#[derive(Debug)]
pub struct Batcher {
    limits: BatchLimits,
    body: Vec<u8>,
    rows: Vec<BatchRow>,
    closed: Vec<Batch>,
    page: u64,
    /// Length and rows of the last closed body: room to make for the next one at once.
    usual: (usize, usize),
    spares: Spares,
}

impl Batcher {
    /// A batcher for one road's limits.
    pub fn new(limits: BatchLimits) -> Batcher {
        Batcher::with_spares(limits, Spares::default())
    }

    /// The same, with buffers of batches that were delivered.
    pub fn with_spares(limits: BatchLimits, spares: Spares) -> Batcher {
        let (body, rows, closed) = (Vec::new(), Vec::new(), Vec::new());
        Batcher {
            limits,
            body,
            rows,
            closed,
            page: 0,
            usual: (0, 0),
            spares,
        }
    }

    /// Rows from here on come from this page.
    pub fn page(&mut self, number: u64) {
        self.page = number;
    }

    /// The batches that are full.
    pub fn closed(&mut self) -> Vec<Batch> {
        std::mem::take(&mut self.closed)
    }

    /// All batches, the last one as full as it came to be.
    pub fn flush(&mut self) -> Vec<Batch> {
        self.close();
        self.closed()
    }

    /// Where the last row ends.
    fn end(&self) -> usize {
        self.rows.last().map_or(0, |row| row.span.end)
    }

    /// Takes all rows of one page back: it turned out not to be whole.
    pub fn forget_page(&mut self, number: u64) {
        let written = self.flush();
        self.page = number;
        for batch in &written {
            for row in batch.rows().iter().filter(|row| row.page != number) {
                self.buffer().extend_from_slice(batch.row_json(row));
                self.push(row.id, row.page);
                if row.old {
                    self.mark_old();
                }
            }
        }
    }

    /// Marks the last row as one whose event is too old for the workspace to keep its time.
    pub fn mark_old(&mut self) {
        if let Some(row) = self.rows.last_mut() {
            row.old = true;
        }
    }

    /// Whether the row just written says the same, byte for byte, as the last row of this page
    /// that carries its id.
    pub(crate) fn is_written_twice(&self, id: EventId) -> bool {
        let written = self.body.get(self.end() + 1..).unwrap_or_default();
        let open = self
            .rows
            .iter()
            .rev()
            .map(|row| (row, self.body.as_slice()));
        let closed = self.closed.iter().rev().flat_map(|batch| {
            batch
                .rows
                .iter()
                .rev()
                .map(|row| (row, batch.body.as_ref()))
        });
        let same = open
            .chain(closed)
            .find(|(row, _)| row.id == id && row.page == self.page);
        same.is_none_or(|(row, body)| body.get(row.span.clone()) == Some(written))
    }

    /// Takes the row just written back.
    pub(crate) fn drop_row(&mut self) {
        self.body.truncate(self.end());
    }

    /// Room for a whole body at once.
    fn make_room(&mut self) {
        let (bytes, rows) = self.usual;
        if self.body.capacity() == 0 {
            self.body = self.spares.take(bytes + bytes / 16);
        }
        if self.body.capacity() == 0 {
            let room = (bytes + bytes / 8).next_multiple_of(STEP);
            self.body.reserve(room);
        }
        self.rows.reserve(rows + rows / 8);
    }

    fn close(&mut self) {
        self.body.truncate(self.end());
        if self.rows.is_empty() {
            self.body.clear();
            return;
        }
        self.body.push(b']');
        self.usual = (self.body.len(), self.rows.len());
        let body = std::mem::take(&mut self.body).into();
        let rows = std::mem::take(&mut self.rows);
        self.closed.push(Batch { body, rows });
    }
}

impl RowSink for Batcher {
    fn buffer(&mut self) -> &mut Vec<u8> {
        // A walk that finds no further row leaves its separator behind.
        self.body.truncate(self.end());
        if self.body.is_empty() {
            self.make_room();
        }
        self.body
            .push(if self.rows.is_empty() { b'[' } else { b',' });
        &mut self.body
    }

    fn row(&mut self, row: &Row<'_>) {
        self.push(row.id, self.page);
    }
}

impl Batcher {
    /// Counts the row just written, in a batch of its own if the open one is full.
    fn push(&mut self, id: EventId, page: u64) {
        let start = self.end() + 1;
        let full = self.body.len() + 1 > self.limits.bytes || self.rows.len() >= self.limits.rows;
        let span = if full && !self.rows.is_empty() {
            let json = self.body.split_off(start);
            self.close();
            self.make_room();
            self.body.push(b'[');
            self.body.extend_from_slice(&json);
            1..self.body.len()
        } else {
            start..self.body.len()
        };
        self.rows.push(BatchRow {
            id,
            page,
            old: false,
            span,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn write(batcher: &mut Batcher, json: &str) {
        batcher.buffer().extend_from_slice(json.as_bytes());
        let id = EventId::digest(json.as_bytes());
        batcher.row(&Row {
            id,
            has_uuid: true,
            published: None,
            truncated: 0,
            raw: None,
        });
    }

    fn batches(limits: BatchLimits, rows: &[String]) -> Vec<Batch> {
        let mut batcher = Batcher::new(limits);
        rows.iter().for_each(|row| write(&mut batcher, row));
        batcher.flush()
    }

    proptest! {
        #[test]
        fn every_row_arrives_once_in_order_and_within_the_limits(
            rows in prop::collection::vec("\\{\"a\":\"[a-z]{0,30}\"\\}", 0..60),
            bytes in 10_usize..200,
            count in 1_usize..20,
        ) {
            let limits = BatchLimits { bytes, rows: count };
            let made = batches(limits, &rows);
            let mut seen = Vec::new();
            for batch in &made {
                let values: Vec<Box<serde_json::value::RawValue>> = serde_json::from_slice(batch.body()).unwrap();
                prop_assert_eq!(values.len(), batch.rows().len());
                prop_assert!(batch.rows().len() <= count);
                prop_assert!(batch.body().len() <= bytes || batch.rows().len() == 1);
                for (value, row) in values.iter().zip(batch.rows()) {
                    prop_assert_eq!(value.get().as_bytes(), batch.row_json(row));
                    seen.push(value.get().to_owned());
                }
            }
            prop_assert_eq!(&seen, &rows);
            prop_assert_eq!(made, batches(limits, &rows));
        }

        #[test]
        fn halves_hold_the_rows_of_the_whole(rows in prop::collection::vec("\\{\"a\":[0-9]\\}", 2..40)) {
            let limits = BatchLimits { bytes: 10_000, rows: 1_000 };
            let whole = batches(limits, &rows).remove(0);
            let (first, second) = whole.halves().unwrap();
            let json = |batch: &Batch| batch.rows().iter().map(|r| batch.row_json(r).to_vec()).collect::<Vec<_>>();
            prop_assert_eq!([json(&first), json(&second)].concat(), json(&whole));
            serde_json::from_slice::<serde::de::IgnoredAny>(second.body()).unwrap();
        }
    }

    #[test]
    fn a_page_taken_back_leaves_the_rows_of_others() {
        let limits = BatchLimits {
            bytes: 22,
            rows: 10,
        };
        let (mut batcher, mut alone) = (Batcher::new(limits), Batcher::new(limits));
        batcher.page(1);
        alone.page(1);
        for json in ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"] {
            write(&mut batcher, json);
            write(&mut alone, json);
        }
        batcher.page(2);
        write(&mut batcher, "{\"b\":1}");
        write(&mut batcher, "{\"b\":2}");
        batcher.forget_page(2);
        assert_eq!(batcher.flush(), alone.flush());
    }

    #[test]
    fn a_row_taken_back_leaves_no_trace() {
        let mut batcher = Batcher::new(BatchLimits {
            bytes: 100,
            rows: 10,
        });
        write(&mut batcher, "{\"a\":1}");
        batcher.buffer().extend_from_slice(b"{\"a\":2}");
        batcher.drop_row();
        batcher.buffer();
        assert_eq!(batcher.flush()[0].body().as_ref(), b"[{\"a\":1}]");
    }
}
