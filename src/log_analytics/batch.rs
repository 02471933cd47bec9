//! A batch: the rows of one post, as one JSON array.

use std::ops::Range;

use bytes::Bytes;
use okta_rows::EventId;

/// What one post may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Bytes of the JSON array before compression, brackets and commas included.
    pub bytes: usize,
    /// Rows.
    pub rows: usize,
}

/// A JSON array of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub(super) body: Bytes,
    pub(super) rows: Vec<BatchRow>,
}

/// One row of a [`Batch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRow {
    /// The event's `uuid`; a digest of the row where it has none.
    pub(crate) id: EventId,
    /// Whether Azure Monitor will replace the row's `TimeGenerated` because it is too old.
    pub(crate) old: bool,
    /// Where the row stands in its batch's body.
    pub(super) span: Range<usize>,
}

impl Batch {
    /// A batch of one row that comes from no event, for a table other than `Okta_CL`.
    pub fn of_one(row: &[u8]) -> Batch {
        let body = [b"[", row, b"]"].concat();
        let span = 1..body.len() - 1;
        Batch {
            rows: vec![BatchRow {
                id: EventId::digest(row),
                old: false,
                span,
            }],
            body: body.into(),
        }
    }

    /// The JSON array.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The rows, in order.
    pub fn rows(&self) -> &[BatchRow] {
        &self.rows
    }

    /// The JSON object of one of this batch's rows.
    #[expect(
        clippy::indexing_slicing,
        reason = "a row's span lies in its own batch; any other row is a bug, and must not be posted"
    )]
    pub(crate) fn row_json(&self, row: &BatchRow) -> &[u8] {
        &self.body[row.span.clone()]
    }

    /// The two halves, the first not the smaller; `None` for a batch of one row.
    pub(crate) fn halves(&self) -> Option<(Batch, Batch)> {
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
}
