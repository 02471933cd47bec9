//! What is said of a row, and to whom.

use crate::event_id::EventId;

/// What the encoder learned of an event while writing its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'page> {
    /// The event's identity.
    pub id: EventId,
    /// Whether it has a `uuid`, be it one that does not read as a UUID.
    pub has_uuid: bool,
    /// `published` as Okta wrote it, if it is a time.
    pub published: Option<&'page str>,
    /// Bytes cut from values that were too long.
    pub truncated: usize,
    /// The event as the page has it, if its type is watched ([`RowEncoder::watch`]).
    ///
    /// [`RowEncoder::watch`]: crate::RowEncoder::watch
    pub raw: Option<&'page [u8]>,
}

/// Takes the rows of a page.
pub trait RowSink {
    /// Where the next row is to be appended. What was appended since the last row, when no
    /// [`row`](RowSink::row) followed it, is to be gone.
    fn buffer(&mut self) -> &mut Vec<u8>;

    /// A row was appended to the buffer.
    fn row(&mut self, row: &Row<'_>);
}
