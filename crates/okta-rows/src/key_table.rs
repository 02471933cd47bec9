//! The keys that events have, those of the schema and others, and the transitions from one to the
//! next.

#![expect(clippy::indexing_slicing, reason = "keys are added and never removed")]

use std::borrow::Cow;

use crate::layout::{Layout, Meaning, MemberName, NodeIndex, ROOT};
use crate::predictor::Predictor;
use crate::row_buffer::PaddedText;
use crate::scanner::Scanner;
use crate::schema::MAX_VALUE;
use crate::text::quoted;
use crate::token::Token;
use crate::truncate::truncate_key;

/// The most unmapped keys that are kept; from there on each is looked up in vain.
const MOST_UNMAPPED: usize = 200;

/// The longest unmapped key that is kept, in bytes.
const LONGEST_UNMAPPED: usize = 128;

/// The longest transition that is kept, in bytes: some twenty keys without values.
const LONGEST_TRANSITION: usize = 512;

pub(crate) type KeyIndex = usize;

/// No key: an event's beginning.
pub(crate) const START: KeyIndex = 0;

/// An unmapped key that is one of too many, or too long, and overwritten by the next one.
const OVERFLOW_KEY: KeyIndex = 1;

/// Keys that were met, or can be.
#[derive(Debug)]
pub(crate) struct KeyTable {
    keys: Vec<Key>,
    /// For each node the keys that its objects can have.
    of_nodes: Vec<Vec<KeyIndex>>,
    /// How many unmapped keys may still be added.
    left: usize,
    transitions: Predictor<Transition>,
}

/// A key.
#[derive(Debug)]
pub(crate) struct Key {
    /// As a JSON string, with nothing escaped that need not be.
    quoted: String,
    pub(crate) name: MemberName,
    /// A comma, the name, and the quotation mark of a text, as the inside of a string.
    pub(crate) before_text: Option<PaddedText>,
    /// The object that it is a key of.
    pub(crate) node: NodeIndex,
    pub(crate) meaning: Meaning,
}

/// The way from the end of a key's value to the next value that may hold something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transition {
    /// How many bytes it takes.
    pub(crate) length: usize,
    /// The outermost object that ends on the way, by the length of its path; 0 if none does.
    pub(crate) leaves: usize,
    pub(crate) key: KeyIndex,
    pub(crate) value: ValueKind,
}

/// What a transition leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueKind {
    /// The text of a column, by its index; its quotation mark belongs to the transition.
    ColumnString(usize),
    /// A text without a column, likewise.
    UnmappedString,
    /// Any other value of a column.
    Column(usize),
    /// Any other value without a column.
    Unmapped,
    /// Something in the place of an object.
    TypeMismatch(NodeIndex),
}

impl Key {
    fn new(quoted: String, node: NodeIndex, meaning: Meaning) -> Key {
        let name = MemberName::of(&quoted);
        Key {
            before_text: PaddedText::of(&format!(",{}\\\"", name.escaped)),
            name,
            quoted,
            node,
            meaning,
        }
    }
}

impl KeyTable {
    /// The schema's keys.
    pub(crate) fn new(layout: &Layout) -> KeyTable {
        let nameless = || Key::new("\"\"".to_owned(), ROOT, Meaning::Unmapped);
        let mut keys = vec![nameless(), nameless()];
        let mut of_nodes = Vec::new();
        for (index, node) in layout.nodes.iter().enumerate() {
            let first = keys.len();
            let of_node = node.keys.iter();
            keys.extend(of_node.map(|(key, meaning)| Key::new(key.clone(), index, *meaning)));
            of_nodes.push((first..keys.len()).collect());
        }
        KeyTable {
            keys,
            of_nodes,
            left: MOST_UNMAPPED,
            transitions: Predictor::default(),
        }
    }

    #[inline(always)]
    pub(crate) fn key(&self, index: KeyIndex) -> &Key {
        &self.keys[index]
    }

    /// Goes on from the end of a key's value to the next value, if the same bytes followed before.
    #[inline(always)]
    pub(crate) fn predict(
        &mut self,
        scanner: &mut Scanner<'_>,
        from: KeyIndex,
    ) -> Option<Transition> {
        let known = self.transitions.predict(from, scanner.rest(), |_| true)?;
        scanner.skip(known.length);
        Some(*known)
    }

    /// Keeps a transition. Its text may be longer than it is, to tell it from another one.
    pub(crate) fn learn(&mut self, from: KeyIndex, text: &str, transition: Transition) {
        let is_kept = |key| key != OVERFLOW_KEY;
        if text.len() <= LONGEST_TRANSITION && is_kept(from) && is_kept(transition.key) {
            self.transitions.learn(from, text.as_bytes(), transition);
        }
    }

    /// The index of a key of this node; `None` for a key that is no text. A key that is longer than
    /// any value may be is cut.
    pub(crate) fn index_of(&mut self, node: NodeIndex, key: Token<'_>) -> Option<KeyIndex> {
        if key.text.len() > MAX_VALUE {
            let text = &truncate_key(key.text);
            let escapes = text.matches('\\').count();
            return self.index_of(node, Token { text, escapes });
        }
        let name = match key.escapes {
            0 => Cow::Borrowed(key.text),
            _ => quoted(&serde_json::from_str::<String>(key.text).ok()?).into(),
        };
        let of_node = &mut self.of_nodes[node];
        let is_name = |index: &&KeyIndex| self.keys[**index].quoted == name;
        if let Some(found) = of_node.iter().find(is_name) {
            return Some(*found);
        }
        let overflows = self.left == 0 || name.len() > LONGEST_UNMAPPED;
        let unmapped = Key::new(name.into_owned(), node, Meaning::Unmapped);
        if overflows {
            self.keys[OVERFLOW_KEY] = unmapped;
            return Some(OVERFLOW_KEY);
        }
        self.left -= 1;
        of_node.push(self.keys.len());
        self.keys.push(unmapped);
        Some(self.keys.len() - 1)
    }
}
