//! The walk through an event, from value to value, without a tree of them.
//!
//! What stands between two values, keys and brackets and `null`s, is the same in most events. So
//! the way from one value to the next is remembered with its meaning: where the same bytes come
//! again, they are compared and not read.

use crate::layout::{Meaning, NodeIndex, ROOT};
use crate::scan::{Malformed, Scan};
use crate::stray;
use crate::target::Nowhere;
use crate::vocabulary::{Next, START, Step, WordIndex};
use crate::writer::RowWriter;

/// Why a walk ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stumble {
    /// The text is no JSON.
    Malformed,
    /// It may be, but the walk cannot go on: at half a surrogate pair in a key, or in an object's
    /// place at one in a text or at a number past a double's range.
    Impassable,
}

impl From<Malformed> for Stumble {
    fn from(_: Malformed) -> Stumble {
        Stumble::Malformed
    }
}

/// Walks an event; anything but an object or `null` is kept as stray.
pub(super) fn walk<'de>(
    writer: &mut RowWriter<'_, 'de>,
    scan: &mut Scan<'de>,
) -> Result<(), Stumble> {
    if !scan.take(b'{') {
        return keep_stray(writer, scan, ROOT);
    }
    let mut word = START;
    loop {
        let step = match writer.vocabulary.step(scan, word) {
            Some(step) => step,
            None => match find(writer, scan, word)? {
                Some(step) => step,
                None => return Ok(()),
            },
        };
        writer.leave(step.leaves);
        word = step.word;
        match step.next {
            Next::Text(column) => writer.text(scan, word, column)?,
            Next::StrangeText => writer.strange_text(scan, word)?,
            Next::Column(column) => {
                scan.blank();
                writer.column(scan, word, column)?;
            }
            Next::Stranger => {
                scan.blank();
                writer.stranger(scan, word)?;
            }
            Next::Stray(below) => keep_stray(writer, scan, below)?,
        }
    }
}

fn keep_stray<'de>(
    writer: &mut RowWriter<'_, 'de>,
    scan: &mut Scan<'de>,
    node: NodeIndex,
) -> Result<(), Stumble> {
    let token = scan.value(writer.nest, &mut Nowhere)?;
    stray::keep(writer, node, token.text).map_err(|_| Stumble::Impassable)
}

/// Reads on to the next value that may hold something, from the end of a word's value;
/// `None` at the event's end.
#[inline(never)]
fn find<'de>(
    writer: &mut RowWriter<'_, 'de>,
    scan: &mut Scan<'de>,
    from: WordIndex,
) -> Result<Option<Step>, Stumble> {
    let start = scan.at();
    let from_word = writer.vocabulary.word(from).ok_or(Malformed)?;
    let (mut node, mut leaves) = (from_word.node, 0);
    let mut is_first = from == START;
    loop {
        scan.blank();
        if scan.take(b'}') {
            if node == ROOT {
                return Ok(None);
            }
            let (depth, parent) = writer.around(node);
            leaves = if leaves == 0 {
                depth
            } else {
                depth.min(leaves)
            };
            (node, is_first) = (parent, false);
            continue;
        }
        if !is_first {
            scan.mark(b',')?;
        }
        is_first = false;
        let word = writer.vocabulary.key(scan, node)?;
        let meaning = writer.vocabulary.word(word).map(|word| word.meaning);
        let meaning = meaning.ok_or(Malformed)?;
        if scan.take_null() {
            continue;
        }
        let next = match meaning {
            Meaning::Object(below) if scan.take(b'{') => {
                (node, is_first) = (below, true);
                continue;
            }
            Meaning::Object(below) => Next::Stray(below),
            Meaning::Text(column) if scan.take(b'"') => Next::Text(column),
            Meaning::Stranger if scan.take(b'"') => Next::StrangeText,
            Meaning::Text(column) | Meaning::Column(column) => Next::Column(column),
            Meaning::Stranger => Next::Stranger,
        };
        let step = Step {
            length: scan.at() - start,
            leaves,
            word,
            next,
        };
        // An object may stand another time where one was missed.
        if !matches!(next, Next::Stray(_)) {
            let mut ahead = *scan;
            let may_be_text = matches!(meaning, Meaning::Text(_) | Meaning::Stranger);
            let looks_ahead = may_be_text && matches!(next, Next::Column(_) | Next::Stranger);
            ahead.skip(usize::from(looks_ahead));
            let way = ahead.bytes_since(start);
            writer.vocabulary.remember(from, way, step);
        }
        return Ok(Some(step));
    }
}
