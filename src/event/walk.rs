//! The walk through an event, from key to key, without a tree of values.

use std::borrow::Cow;

use super::layout::{Child, Meaning, NodeIndex};
use super::row::RowWriter;
use super::scan::{Malformed, Scan, Token};
use super::stray;
use super::text::push_quoted;

/// Why a walk ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stumble {
    /// The text is no JSON.
    Malformed,
    /// It may be, but the walk cannot go on: at half a surrogate pair in a key, or a number past a
    /// double's range in an object's place.
    Impassable,
}

impl From<Malformed> for Stumble {
    fn from(_: Malformed) -> Stumble {
        Stumble::Malformed
    }
}

/// Walks a value that has columns below it; anything but an object in its place is kept as stray.
pub(super) fn walk<'de>(
    writer: &mut RowWriter<'_, 'de>,
    scan: &mut Scan<'de>,
    at: NodeIndex,
) -> Result<(), Stumble> {
    if scan.take(b'{') {
        return object(writer, scan, at);
    }
    let token = scan.value(writer.open)?;
    stray::keep(writer, at, token.text).map_err(|_| Stumble::Impassable)
}

fn object<'de>(
    writer: &mut RowWriter<'_, 'de>,
    scan: &mut Scan<'de>,
    at: NodeIndex,
) -> Result<(), Stumble> {
    let node = writer.node(at).ok_or(Stumble::Impassable)?;
    let mut hint = writer.hints.get(at).copied().unwrap_or(0);
    scan.blank();
    let mut more = !scan.take(b'}');
    while more {
        match key(scan, &node.children, &mut hint)? {
            Key::Known(child) => match child.meaning {
                Meaning::Object(below) => walk(writer, scan, below)?,
                Meaning::Column(column) => {
                    let value = scan.value(writer.open)?;
                    writer.known(at, Token::of_schema(&child.quoted), column, value);
                }
            },
            Key::Unknown(name) => {
                let value = scan.value(writer.open)?;
                writer.unknown(at, Token::of(&name), value);
            }
        }
        scan.blank();
        more = scan.take(b',');
        if more {
            scan.blank();
        } else if !scan.take(b'}') {
            return Err(Stumble::Malformed);
        }
    }
    if let Some(kept) = writer.hints.get_mut(at) {
        *kept = hint;
    }
    writer.additional.leave(node.path.len());
    Ok(())
}

enum Key<'n, 'de> {
    Known(&'n Child),
    /// Quoted, with no escape that it does not need.
    Unknown(Cow<'de, str>),
}

/// Reads a key and its colon, and looks it up among a node's children, beginning with the one
/// after the last one found: Okta's order of keys hardly varies.
fn key<'n, 'de>(
    scan: &mut Scan<'de>,
    children: &'n [Child],
    hint: &mut usize,
) -> Result<Key<'n, 'de>, Stumble> {
    if let Some(expected) = children.get(*hint)
        && scan.take_all(expected.quoted.as_bytes())
    {
        *hint += 1;
        scan.mark(b':')?;
        return Ok(Key::Known(expected));
    }
    let token = scan.string()?;
    scan.mark(b':')?;
    let quoted = match token.escaped {
        false => Cow::Borrowed(token.text),
        true => Cow::Owned(requoted(token.text).ok_or(Stumble::Impassable)?),
    };
    let (before, after) = children.split_at_checked(*hint).unwrap_or((children, &[]));
    let found = after
        .iter()
        .chain(before)
        .enumerate()
        .find(|(_, child)| child.quoted == quoted);
    Ok(match found {
        Some((steps, child)) => {
            *hint = (*hint + steps + 1) % children.len();
            Key::Known(child)
        }
        None => Key::Unknown(quoted),
    })
}

/// A key with nothing escaped that need not be; `None` if it is no text.
fn requoted(token: &str) -> Option<String> {
    let name: String = serde_json::from_str(token).ok()?;
    let mut quoted = Vec::new();
    push_quoted(&mut quoted, &name);
    String::from_utf8(quoted).ok()
}
