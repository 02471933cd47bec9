//! A page of Okta's log: a JSON array of events. Its grammar alone can be wrong; an event, be it
//! of whatever shape, has a row. A page with an event that is no JSON is for [`crate::damaged`].

use serde::de::IgnoredAny;

use crate::encoder::RowEncoder;
use crate::escape_index::EscapeIndex;
use crate::row::RowSink;
use crate::scanner::Scanner;
use crate::token::Malformed;

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
    /// The list goes on after as many events as were asked for.
    #[error("the page of {bytes} bytes has more than the {most} events that were asked for")]
    TooManyEvents {
        /// Length of the page.
        bytes: usize,
        /// See [`RowEncoder::limit`].
        most: usize,
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
    let bytes = page.len();
    let syntax = |problem: String| PageError::Syntax { bytes, problem };
    // The quick check says only whether it is UTF-8, the other one where not.
    let text = simdutf8::basic::from_utf8(page)
        .or_else(|_| std::str::from_utf8(page))
        .map_err(|error| syntax(error.to_string()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.trim_start().starts_with('[') {
        return Err(not_a_list(page));
    }
    let index = EscapeIndex::of(text);
    encode_list(Scanner::new(text, &index), encoder, sink).map_err(|stopped| match stopped {
        Stopped::Malformed => syntax(parser_message(text)),
        Stopped::TooManyEvents => too_many_events(page, encoder),
    })
}

/// Why a list is not read to its end.
enum Stopped {
    Malformed,
    TooManyEvents,
}

impl From<Malformed> for Stopped {
    fn from(_: Malformed) -> Stopped {
        Stopped::Malformed
    }
}

fn encode_list(
    mut scanner: Scanner<'_>,
    encoder: &mut RowEncoder,
    sink: &mut impl RowSink,
) -> Result<(), Stopped> {
    scanner.punctuation(b'[')?;
    let mut events = 0;
    if !scanner.take(b']') {
        loop {
            if events == encoder.most_events {
                return Err(Stopped::TooManyEvents);
            }
            events += 1;
            // Looked at where it is: a copy waits until the whole row stands in memory.
            let row = encoder.encode(&mut scanner, sink.buffer());
            sink.row(row.as_ref().map_err(|malformed| *malformed)?);
            scanner.skip_blanks();
            if scanner.take(b']') {
                break;
            }
            scanner.punctuation(b',')?;
        }
    }
    scanner.skip_blanks();
    Ok(scanner.peek().map_or(Ok(()), |_| Err(Malformed))?)
}

pub(crate) fn not_a_list(page: &[u8]) -> PageError {
    let start = page.get(..200).unwrap_or(page).trim_ascii_start();
    PageError::NotAList {
        bytes: page.len(),
        start: String::from_utf8_lossy(start).chars().take(40).collect(),
    }
}

pub(crate) fn too_many_events(page: &[u8], encoder: &RowEncoder) -> PageError {
    PageError::TooManyEvents {
        bytes: page.len(),
        most: encoder.most_events,
    }
}

/// Where and how a page goes wrong, from a parser that takes the time to know.
fn parser_message(text: &str) -> String {
    serde_json::from_str::<Vec<IgnoredAny>>(text).map_or_else(
        |error| error.to_string(),
        |_| "it cannot be read as a list".to_owned(),
    )
}
