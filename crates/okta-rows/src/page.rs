//! A page of Okta's log: a JSON array of events. Its grammar alone can be wrong; an event, be it
//! of whatever shape, has a row.

use std::str::Utf8Error;

use serde::de::IgnoredAny;

use crate::row::{Row, RowEncoder};
use crate::scan::{Malformed, Scan};

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
    let text = utf8(page).map_err(|error| syntax(error.to_string()))?;
    if !text.trim_start().starts_with('[') {
        let start = text.trim_start().chars().take(40).collect();
        return Err(PageError::NotAList {
            bytes: page.len(),
            start,
        });
    }
    rows(text, encoder, sink).map_err(|Malformed| syntax(words(text)))
}

/// A page as text, if it is UTF-8. The quick check says only whether; the other one says where not.
fn utf8(page: &[u8]) -> Result<&str, Utf8Error> {
    simdutf8::basic::from_utf8(page).or_else(|_| std::str::from_utf8(page))
}

fn rows(text: &str, encoder: &mut RowEncoder, sink: &mut impl RowSink) -> Result<(), Malformed> {
    let mut marks = std::mem::take(&mut encoder.marks);
    let read = read(Scan::new(text, marks.of(text)), encoder, sink);
    encoder.marks = marks;
    read
}

fn read(
    mut scan: Scan<'_>,
    encoder: &mut RowEncoder,
    sink: &mut impl RowSink,
) -> Result<(), Malformed> {
    scan.mark(b'[')?;
    let mut more = !scan.take(b']');
    while more {
        let row = encoder.encode(&mut scan, sink.buffer())?;
        sink.row(&row);
        scan.blank();
        more = scan.take(b',');
        if more {
            scan.blank();
        } else if !scan.take(b']') {
            return Err(Malformed);
        }
    }
    scan.blank();
    match scan.peek() {
        None => Ok(()),
        Some(_) => Err(Malformed),
    }
}

/// Where and how a page goes wrong, from a parser that takes the time to know.
fn words(text: &str) -> String {
    serde_json::from_str::<Vec<IgnoredAny>>(text).map_or_else(
        |error| error.to_string(),
        |_| "it cannot be read as a list".to_owned(),
    )
}
