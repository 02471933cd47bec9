//! An event, from value to value, without a tree of them.
//!
//! What stands between two values, keys and brackets and `null`s, is the same in most events: the
//! [`KeyTable`](crate::key_table::KeyTable) predicts it.

use serde_json::Value;

use crate::key_table::{KeyIndex, START, Transition, ValueKind};
use crate::layout::{Meaning, NodeIndex, ROOT};
use crate::row_writer::RowWriter;
use crate::scanner::Scanner;
use crate::schema::MAX_VALUE;
use crate::token::{Malformed, Token};
use crate::truncate::compact_array;
use crate::value::read_value;

/// Why an event could not be written value by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// None is left: the text is no JSON.
    Malformed,
    /// [`RowWriter::put_event`]. A key has a lone surrogate; or in an object's place stands a text
    /// with one, or a number past a double's range.
    WholeEvent,
}

impl From<Malformed> for Fallback {
    fn from(_: Malformed) -> Fallback {
        Fallback::Malformed
    }
}

/// Reads an event and writes its values; anything but an object or `null` is a type mismatch.
pub(crate) fn encode_event(
    writer: &mut RowWriter,
    scanner: &mut Scanner<'_>,
) -> Result<(), Fallback> {
    if !scanner.take(b'{') {
        return type_mismatch(writer, scanner, ROOT);
    }
    let mut key = START;
    loop {
        let transition = match writer.keys.predict(scanner, key) {
            Some(transition) => transition,
            None => match read_transition(writer, scanner, key)? {
                Some(transition) => transition,
                None => return Ok(()),
            },
        };
        writer.leave(transition.leaves);
        key = transition.key;
        match transition.value {
            ValueKind::ColumnString(column) => writer.column_string(scanner, key, column)?,
            ValueKind::UnmappedString => writer.unmapped(scanner, key, true)?,
            ValueKind::Column(column) => writer.column(scanner, key, column)?,
            ValueKind::Unmapped => writer.unmapped(scanner, key, false)?,
            ValueKind::TypeMismatch(node) => type_mismatch(writer, scanner, node)?,
        }
    }
}

/// Reads from the end of a key's value on to the next value that may hold something; `None` at
/// the event's end.
#[inline(never)]
fn read_transition(
    writer: &mut RowWriter,
    scanner: &mut Scanner<'_>,
    from: KeyIndex,
) -> Result<Option<Transition>, Fallback> {
    let start = scanner.at();
    let mut node = writer.keys.key(from).node;
    let mut leaves = usize::MAX;
    let mut is_first = from == START;
    loop {
        scanner.skip_blanks();
        if scanner.take(b'}') {
            if node == ROOT {
                return Ok(None);
            }
            let left = writer.layout.node(node);
            leaves = leaves.min(left.path.len());
            (node, is_first) = (left.parent, false);
            continue;
        }
        if !is_first {
            scanner.punctuation(b',')?;
        }
        is_first = false;
        let name = scanner.key()?;
        let key = writer
            .keys
            .index_of(node, name)
            .ok_or(Fallback::WholeEvent)?;
        let known = writer.keys.key(key);
        let meaning = known.meaning;
        if name.text.len() > MAX_VALUE {
            writer.truncated += name.text.len() + 1 - known.name.length;
        }
        if scanner.take_text(b"null") {
            continue;
        }
        let value = match meaning {
            Meaning::Object(below) if scanner.take(b'{') => {
                (node, is_first) = (below, true);
                continue;
            }
            Meaning::Object(below) => ValueKind::TypeMismatch(below),
            Meaning::Text(column) if scanner.take(b'"') => ValueKind::ColumnString(column),
            Meaning::Unmapped if scanner.take(b'"') => ValueKind::UnmappedString,
            Meaning::Text(column) | Meaning::Column(column) => ValueKind::Column(column),
            Meaning::Unmapped => ValueKind::Unmapped,
        };
        let transition = Transition {
            length: scanner.at() - start,
            leaves: if leaves == usize::MAX { 0 } else { leaves },
            key,
            value,
        };
        // A string may stand there another time: this value is told from it by its first byte.
        let is_told_by_next = match value {
            ValueKind::Column(_) => matches!(meaning, Meaning::Text(_)),
            _ => value == ValueKind::Unmapped,
        };
        // Where something else stands, an object may stand another time.
        if !matches!(value, ValueKind::TypeMismatch(_))
            && let Some(text) = scanner.text_and_next(start, usize::from(is_told_by_next))
        {
            writer.keys.learn(from, text, transition);
        }
        return Ok(Some(transition));
    }
}

/// Reads something that stands where an object was expected, and keeps it unless it is `null`.
fn type_mismatch(
    writer: &mut RowWriter,
    scanner: &mut Scanner<'_>,
    node: NodeIndex,
) -> Result<(), Fallback> {
    let value = read_value(scanner, &mut writer.cache)?.text;
    let normalized = normalized(value).map_err(|_| Fallback::WholeEvent)?;
    if let Some(text) = &normalized {
        let escapes = text.matches('\\').count();
        writer.put_type_mismatch(node, Token { text, escapes });
    }
    Ok(())
}

/// A value that is no object without blanks around its elements; `None` for `null`.
///
/// # Errors
/// A text with a lone surrogate, or a number past a double's range.
fn normalized(value: &str) -> serde_json::Result<Option<String>> {
    Ok(match value.as_bytes().first() {
        Some(b'n') => None,
        Some(b'[') => Some(compact_array(value)),
        _ => Some(serde_json::from_str::<Value>(value)?.to_string()),
    })
}
