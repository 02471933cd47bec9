//! A page of Okta's log: a JSON array of events. Its grammar alone can be wrong; an event, be it
//! of whatever shape, has a row.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::row::{Row, RowEncoder};

/// Takes the rows of a page.
pub trait RowSink {
    /// Where the next row is to be appended. What was appended since the last row, when no
    /// [`row`](RowSink::row) followed it, is to be gone.
    fn buffer(&mut self) -> &mut Vec<u8>;

    /// A row was appended to the buffer.
    fn row(&mut self, row: &Row<'_>);
}

/// Why a page is no page. Nothing of it may be shipped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The body stops or goes wrong within the array.
    #[error("the page of {bytes} bytes is not valid JSON: {problem}")]
    Syntax {
        /// Length of the page.
        bytes: usize,
        /// The parser's words, with the position.
        problem: String,
    },
    /// The body is JSON, or something else, but no list.
    #[error("the answer of {bytes} bytes is no list of events; it begins `{start}`")]
    NotAList {
        /// Length of the page.
        bytes: usize,
        /// Its first characters.
        start: String,
    },
}

/// Writes the rows of all events of `page` to `sink`, in their order.
///
/// # Errors
/// [`PageError`]; `sink` may have been given rows by then, which must not be used.
pub fn encode_page(
    page: &[u8],
    encoder: &mut RowEncoder,
    sink: &mut impl RowSink,
) -> Result<(), PageError> {
    let syntax = |problem: String| PageError::Syntax {
        bytes: page.len(),
        problem,
    };
    let text = std::str::from_utf8(page).map_err(|error| syntax(error.to_string()))?;
    if !text.trim_start().starts_with('[') {
        let start = text.trim_start().chars().take(40).collect();
        return Err(PageError::NotAList {
            bytes: page.len(),
            start,
        });
    }
    let mut rows = 0;
    let mut walk = |event_by_event| {
        let mut json = serde_json::Deserializer::from_str(text);
        let seed = PageSeed {
            encoder: &mut *encoder,
            sink: &mut *sink,
            rows: &mut rows,
            event_by_event,
        };
        seed.deserialize(&mut json).and_then(|()| json.end())
    };
    // One event that cannot be walked must not hold up its page for ever. Cutting the page into
    // events first costs half as much again as the walk, so it is done for such a page only.
    walk(false)
        .or_else(|_| walk(true))
        .map_err(|error| syntax(error.to_string()))
}

struct PageSeed<'a, S> {
    encoder: &'a mut RowEncoder,
    sink: &'a mut S,
    /// Rows that the sink has.
    rows: &'a mut usize,
    event_by_event: bool,
}

impl<'de, S: RowSink> DeserializeSeed<'de> for PageSeed<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, S: RowSink> Visitor<'de> for PageSeed<'_, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.event_by_event {
            for _ in 0..*self.rows {
                seq.next_element::<IgnoredAny>()?;
            }
            while let Some(event) = seq.next_element::<&RawValue>()? {
                let row = self.encoder.encode(event.get(), self.sink.buffer());
                self.sink.row(&row);
            }
            return Ok(());
        }
        while let Some(row) = seq.next_element_seed(self.encoder.seed(self.sink.buffer()))? {
            self.sink.row(&row);
            *self.rows += 1;
        }
        Ok(())
    }
}
