//! A page that is no JSON because of single events: each is read alone.
//!
//! Bytes that are no UTF-8, and control characters in a string, are read. An event that is no JSON
//! even so is handed out as it stands, and the others have their rows. What stands between events
//! must be right, else nobody knows where an event ends.

use serde::de::IgnoredAny;

use crate::encoder::RowEncoder;
use crate::escape_index::EscapeIndex;
use crate::event_id::EventId;
use crate::items::{nested_length, string_length};
use crate::page::{PageError, not_a_list, too_many_events};
use crate::row::RowSink;
use crate::scanner::Scanner;
use crate::text::escaped;
use crate::token::Malformed;

/// The longest event of which a readable copy is made, in bytes. The copy may be six times as long.
const LONGEST_COPY: usize = 1_000_000;

/// What was wrong with a page, other than its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DamagedPage {
    /// Events that were read with other bytes than they have.
    pub replaced: u64,
    /// The first of those.
    pub first_replaced: Option<EventId>,
    /// Events without a row, in their order.
    pub unreadable: Vec<UnreadableEvent>,
}

/// An event that is no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableEvent {
    /// A digest of its bytes.
    pub id: EventId,
    /// Its bytes as they came.
    pub raw: Vec<u8>,
    /// The parser's words, with the position in the event.
    pub problem: String,
}

/// Writes the rows of the events of `page` that can be read to `sink`, in their order. It is slower
/// than [`encode_page`](crate::encode_page) and meant for pages that function has refused.
///
/// # Errors
/// [`PageError`], where the page cannot be told apart into events, or has too many; `sink` may have
/// been given rows by then, which must not be used.
pub fn encode_damaged_page(
    page: &[u8],
    encoder: &mut RowEncoder,
    sink: &mut impl RowSink,
) -> Result<DamagedPage, PageError> {
    let mut damaged = DamagedPage::default();
    let mut rest = skip_blanks(page.strip_prefix(b"\xef\xbb\xbf").unwrap_or(page));
    rest = rest.strip_prefix(b"[").ok_or_else(|| not_a_list(page))?;
    let mut events = 0;
    loop {
        rest = skip_blanks(rest);
        match rest {
            [b']', after @ ..] if skip_blanks(after).is_empty() => return Ok(damaged),
            // A comma too many leaves no doubt about where events end.
            [b',', after @ ..] => {
                rest = after;
                continue;
            }
            _ => {}
        }
        if events == encoder.most_events {
            return Err(too_many_events(page, encoder));
        }
        events += 1;
        let (event, after) = event(rest).ok_or_else(|| not_told_apart(page, rest))?;
        rest = after;
        if let Err(unreadable) = encode_event(event, encoder, sink, &mut damaged) {
            // A word among the events is no event.
            if !event.starts_with(b"{") {
                return Err(not_told_apart(page, event));
            }
            damaged.unreadable.push(unreadable);
        }
    }
}

/// Blanks, and NULs that a page was filled up with.
fn skip_blanks(bytes: &[u8]) -> &[u8] {
    let start = bytes
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | 0));
    bytes
        .get(start.unwrap_or(bytes.len())..)
        .unwrap_or_default()
}

/// The event that begins here, without blanks behind it, and what follows it: a comma or the end.
fn event(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = match bytes.first()? {
        b'{' | b'[' => nested_length(bytes),
        b'"' => string_length(bytes),
        _ => bytes.iter().position(|byte| matches!(byte, b',' | b']'))?,
    };
    let (event, after) = bytes.split_at_checked(length)?;
    let after = skip_blanks(after);
    matches!(after.first()?, b',' | b']').then(|| (event.trim_ascii_end(), after))
}

fn not_told_apart(page: &[u8], rest: &[u8]) -> PageError {
    let at = rest.as_ptr().addr() - page.as_ptr().addr();
    PageError::Syntax {
        bytes: page.len(),
        problem: format!("no event can be told from the next one from byte {at} on"),
    }
}

fn encode_event(
    event: &[u8],
    encoder: &mut RowEncoder,
    sink: &mut impl RowSink,
    damaged: &mut DamagedPage,
) -> Result<(), UnreadableEvent> {
    let unreadable = |problem: String| UnreadableEvent {
        id: EventId::digest(event),
        raw: event.to_vec(),
        problem,
    };
    let as_it_stands = std::str::from_utf8(event);
    if let Ok(text) = as_it_stands
        && encode_text(text, encoder, sink).is_ok()
    {
        return Ok(());
    }
    if event.len() > LONGEST_COPY {
        let problem = as_it_stands.map_or_else(|error| error.to_string(), parser_message);
        return Err(unreadable(problem));
    }
    let text = readable(event);
    let id = encode_text(&text, encoder, sink);
    let id = id.map_err(|Malformed| unreadable(parser_message(&text)))?;
    damaged.replaced += 1;
    damaged.first_replaced.get_or_insert(id);
    Ok(())
}

fn encode_text(
    text: &str,
    encoder: &mut RowEncoder,
    sink: &mut impl RowSink,
) -> Result<EventId, Malformed> {
    let index = EscapeIndex::of(text);
    let mut scanner = Scanner::new(text, &index);
    let row = encoder.encode(&mut scanner, sink.buffer())?;
    if scanner.peek().is_some() {
        return Err(Malformed);
    }
    sink.row(&row);
    Ok(row.id)
}

/// The event with U+FFFD in place of what is no UTF-8, and an escape in place of each control
/// character in a string.
fn readable(event: &[u8]) -> String {
    let text = String::from_utf8_lossy(event);
    let mut readable = String::with_capacity(text.len());
    let (mut is_in_string, mut is_escaped) = (false, false);
    for char in text.chars() {
        match char {
            '\0'..' ' if is_in_string => {
                readable.push_str(&escaped(char.encode_utf8(&mut [0; 4])));
            }
            _ => readable.push(char),
        }
        is_in_string ^= char == '"' && !is_escaped;
        is_escaped = is_in_string && char == '\\' && !is_escaped;
    }
    readable
}

fn parser_message(text: &str) -> String {
    serde_json::from_str::<IgnoredAny>(text).map_or_else(
        |error| error.to_string(),
        |_| "it cannot be read as an event".to_owned(),
    )
}
