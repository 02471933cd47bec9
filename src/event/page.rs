//! A page of Okta's log: a JSON array of events. Its grammar alone can be wrong; an event, be it
//! of whatever shape, has a row.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::row::{Row, RowEncoder};

/// Takes the rows of a page.
pub trait RowSink {
    /// Where the next row is to be appended.
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
    let mut json = serde_json::Deserializer::from_str(text);
    PageSeed { encoder, sink }
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| syntax(error.to_string()))
}

struct PageSeed<'a, S> {
    encoder: &'a mut RowEncoder,
    sink: &'a mut S,
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
        while let Some(event) = seq.next_element::<&RawValue>()? {
            let row = self.encoder.encode(event.get(), self.sink.buffer());
            self.sink.row(&row);
        }
        Ok(())
    }
}
