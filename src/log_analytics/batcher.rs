//! Cuts the rows of a page into batches, by bytes and by count, in their order. The same rows
//! always give the same batches, and no batch has rows of two pages.

use okta_rows::{EventId, Row, RowSink};

use super::batch::{Batch, BatchLimits, BatchRow};
use super::buffer_pool::BufferPool;

/// Collects the rows of one page at a time.
#[derive(Debug)]
pub struct Batcher {
    limits: BatchLimits,
    pool: BufferPool,
    /// The open batch: an array without its closing bracket.
    body: Vec<u8>,
    rows: Vec<BatchRow>,
    /// The full batches of this page.
    full: Vec<Batch>,
}

impl Batcher {
    /// A batcher for one sink's limits.
    pub fn new(limits: BatchLimits, pool: BufferPool) -> Batcher {
        Batcher {
            limits,
            pool,
            body: Vec::new(),
            rows: Vec::new(),
            full: Vec::new(),
        }
    }

    /// The batches of the page; none where no row was written.
    pub fn finish_page(&mut self) -> Vec<Batch> {
        self.close();
        std::mem::take(&mut self.full)
    }

    /// Forgets the rows of the page.
    pub(crate) fn discard_page(&mut self) {
        self.rows.clear();
        self.body.clear();
        for batch in self.full.drain(..) {
            self.pool.give_back(batch);
        }
    }

    /// Marks the last row as one whose `TimeGenerated` Azure Monitor will replace.
    pub(crate) fn mark_old(&mut self) {
        let Some(row) = self.rows.last_mut() else {
            unreachable!("a row is counted before it is marked");
        };
        row.old = true;
    }

    /// The row just written, before it is counted.
    pub(crate) fn written(&self) -> &[u8] {
        let Some(written) = self.body.get(self.end() + 1..) else {
            unreachable!("the row was written before anybody asks about it");
        };
        written
    }

    /// The last row of this page that has this id. `None` where no row has: the event was left out.
    pub(crate) fn last_row_of(&self, id: EventId) -> Option<&[u8]> {
        let open = self.rows.iter().rev();
        let open = open.map(|row| (row, self.body.as_slice()));
        let full = self.full.iter().rev().flat_map(|batch| {
            let rows = batch.rows.iter().rev();
            rows.map(|row| (row, batch.body.as_ref()))
        });
        let (row, body) = open.chain(full).find(|(row, _)| row.id == id)?;
        body.get(row.span.clone())
    }

    /// Takes the row just written back, before it is counted.
    pub(crate) fn drop_row(&mut self) {
        self.body.truncate(self.end());
    }

    /// Where the last row ends.
    fn end(&self) -> usize {
        self.rows.last().map_or(0, |row| row.span.end)
    }

    fn open(&mut self) {
        if self.body.capacity() == 0 {
            self.body = self.pool.take();
        }
        self.body.push(b'[');
    }

    fn close(&mut self) {
        self.body.truncate(self.end());
        if self.rows.is_empty() {
            return;
        }
        self.body.push(b']');
        self.full.push(Batch {
            body: std::mem::take(&mut self.body).into(),
            rows: std::mem::take(&mut self.rows),
        });
    }
}

impl RowSink for Batcher {
    fn buffer(&mut self) -> &mut Vec<u8> {
        // Without a row after it, what was written last is gone.
        self.body.truncate(self.end());
        match self.rows.is_empty() {
            true => self.open(),
            false => self.body.push(b','),
        }
        &mut self.body
    }

    /// Counts the row just written, in a batch of its own if the open one is full.
    fn row(&mut self, row: &Row<'_>) {
        let start = self.end() + 1;
        let full = self.body.len() + 1 > self.limits.bytes || self.rows.len() >= self.limits.rows;
        let span = if full && !self.rows.is_empty() {
            let json = self.body.split_off(start);
            self.close();
            self.open();
            self.body.extend_from_slice(&json);
            1..self.body.len()
        } else {
            start..self.body.len()
        };
        self.rows.push(BatchRow {
            id: row.id,
            old: false,
            span,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn append(batcher: &mut Batcher, json: &str) {
        batcher.buffer().extend_from_slice(json.as_bytes());
    }

    fn write_as(batcher: &mut Batcher, id: EventId, json: &str) {
        append(batcher, json);
        batcher.row(&Row {
            id,
            has_uuid: true,
            published: None,
            truncated: 0,
            raw: None,
        });
    }

    fn write(batcher: &mut Batcher, json: &str) {
        write_as(batcher, EventId::digest(json.as_bytes()), json);
    }

    fn batcher(bytes: usize, rows: usize) -> Batcher {
        Batcher::new(BatchLimits { bytes, rows }, BufferPool::default())
    }

    fn batches(mut batcher: Batcher, rows: &[String]) -> Vec<Batch> {
        rows.iter().for_each(|row| write(&mut batcher, row));
        batcher.finish_page()
    }

    proptest! {
        #[test]
        fn every_row_arrives_once_in_order_and_within_the_limits(
            rows in prop::collection::vec("\\{\"a\":\"[a-z]{0,30}\"\\}", 0..60),
            bytes in 10_usize..200,
            count in 1_usize..20,
        ) {
            let made = batches(batcher(bytes, count), &rows);
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
            prop_assert_eq!(made, batches(batcher(bytes, count), &rows));
        }

        #[test]
        fn halves_hold_the_rows_of_the_whole(rows in prop::collection::vec("\\{\"a\":[0-9]\\}", 2..40)) {
            let whole = batches(batcher(10_000, 1_000), &rows).remove(0);
            let (first, second) = whole.halves().unwrap();
            let json = |batch: &Batch| batch.rows().iter().map(|r| batch.row_json(r).to_vec()).collect::<Vec<_>>();
            prop_assert_eq!([json(&first), json(&second)].concat(), json(&whole));
            serde_json::from_slice::<serde::de::IgnoredAny>(second.body()).unwrap();
        }
    }

    #[test]
    fn a_discarded_page_leaves_no_trace() {
        let mut batcher = batcher(22, 10);
        for json in ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"] {
            write(&mut batcher, json);
        }
        batcher.discard_page();
        assert_eq!(batcher.finish_page(), []);
        write(&mut batcher, "{\"b\":1}");
        assert_eq!(batcher.finish_page(), [Batch::of_one(b"{\"b\":1}")]);
    }

    #[test]
    fn a_row_taken_back_leaves_no_trace() {
        let mut batcher = batcher(100, 10);
        write(&mut batcher, "{\"a\":1}");
        append(&mut batcher, "{\"a\":2}");
        batcher.drop_row();
        batcher.buffer();
        assert_eq!(batcher.finish_page(), [Batch::of_one(b"{\"a\":1}")]);
        assert_eq!(batcher.finish_page(), []);
    }

    #[test]
    fn a_row_is_compared_with_the_last_of_its_id_on_the_page() {
        let (one, other) = (EventId::digest(b"1"), EventId::digest(b"2"));
        // Two rows a batch: the first is found in a full batch, the last in the open one.
        let mut batcher = batcher(18, 2);
        for (id, json) in [(one, "{\"a\":1}"), (other, "{\"a\":2}"), (one, "{\"a\":3}")] {
            write_as(&mut batcher, id, json);
        }
        for (id, json, repeats) in [
            (other, "{\"a\":2}", true),
            (other, "{\"a\":1}", false),
            (one, "{\"a\":3}", true),
            (one, "{\"a\":1}", false),
        ] {
            append(&mut batcher, json);
            assert_eq!(
                batcher.last_row_of(id) == Some(batcher.written()),
                repeats,
                "{json}"
            );
            batcher.drop_row();
        }
        batcher.finish_page();
        append(&mut batcher, "{\"a\":4}");
        assert_eq!(batcher.last_row_of(one), None, "the next page starts anew");
    }

    #[test]
    fn only_the_last_row_is_marked_as_old() {
        let mut batcher = batcher(100, 10);
        write(&mut batcher, "{\"a\":1}");
        write(&mut batcher, "{\"a\":2}");
        batcher.mark_old();
        let batch = batcher.finish_page().remove(0);
        let old: Vec<bool> = batch.rows().iter().map(|row| row.old).collect();
        assert_eq!(old, [false, true]);
    }
}
