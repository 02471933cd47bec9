//! The schema as a tree of an event's objects, its columns named for one of the two APIs.

#![expect(clippy::indexing_slicing, reason = "no node is removed")]

use crate::row_buffer::PaddedText;
use crate::schema::{self, COLUMNS, Column, Kind};
use crate::text::{escaped, quoted};

/// How an API names columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnNaming {
    /// Flat keys without suffix: the Data Collector infers types and appends it.
    Unsuffixed,
    /// Full column names, plus `TimeGenerated`; GUIDs hyphenated as the Data Collector stores them.
    Full,
}

/// Index of an object of the event that has columns in it.
pub(crate) type NodeIndex = usize;

/// The event itself.
pub(crate) const ROOT: NodeIndex = 0;

/// An object of the event that has columns in it.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// Keys from the event's root to this object.
    pub(crate) path: Vec<MemberName>,
    /// Its keys of the schema, as JSON strings.
    pub(crate) keys: Vec<(String, Meaning)>,
    /// The object around it; the event's is itself.
    pub(crate) parent: NodeIndex,
    /// The object whose unmapped keys have a catch-all of their own.
    pub(crate) is_debug_data: bool,
}

/// What a key's value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A column of text, by its index.
    Text(usize),
    /// A column of another kind.
    Column(usize),
    /// Nothing that the schema knows.
    Unmapped,
    /// An object with columns in it.
    Object(NodeIndex),
}

/// A key with its colon, as the inside of a string.
#[derive(Clone, Debug)]
pub(crate) struct MemberName {
    pub(crate) escaped: String,
    /// Bytes before escaping.
    pub(crate) length: usize,
}

impl MemberName {
    /// Of a key as a JSON string.
    pub(crate) fn of(key: &str) -> MemberName {
        MemberName {
            escaped: escaped(key) + ":",
            length: key.len() + 1,
        }
    }
}

/// The tree, and what a column's value follows in the row.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) naming: ColumnNaming,
    pub(crate) nodes: Vec<Node>,
    /// Of each of [`COLUMNS`]: `,"name":`, and a quotation mark where the column has text.
    pub(crate) prefixes: Vec<PaddedText>,
    // Of the synthetic ones, without quotation mark:
    pub(crate) debug_data: String,
    pub(crate) additional: String,
    pub(crate) truncated: String,
    pub(crate) domain: String,
}

impl Layout {
    pub(crate) fn new(naming: ColumnNaming) -> Layout {
        let mut layout = Layout {
            naming,
            nodes: vec![Node::default()],
            prefixes: COLUMNS.iter().map(|c| padded_prefix(c, naming)).collect(),
            debug_data: synthetic_prefix(schema::DEBUG_DATA, naming),
            additional: synthetic_prefix(schema::ADDITIONAL, naming),
            truncated: synthetic_prefix(schema::TRUNCATED, naming),
            domain: synthetic_prefix(schema::DOMAIN, naming),
        };
        for (index, column) in COLUMNS.iter().enumerate() {
            if !column.path.is_empty() {
                layout.add(index, column);
            }
        }
        layout
    }

    #[inline(always)]
    pub(crate) fn node(&self, index: NodeIndex) -> &Node {
        &self.nodes[index]
    }

    fn add(&mut self, index: usize, column: &Column) {
        let mut node = ROOT;
        let mut keys = column.path.split('.').map(quoted).peekable();
        while let Some(key) = keys.next() {
            if keys.peek().is_some() {
                node = self.object_below(node, key);
            } else {
                let meaning = match column.kind {
                    Kind::Text => Meaning::Text(index),
                    _ => Meaning::Column(index),
                };
                self.nodes[node].keys.push((key, meaning));
            }
        }
    }

    fn object_below(&mut self, parent: NodeIndex, key: String) -> NodeIndex {
        for (known, meaning) in &self.nodes[parent].keys {
            if let (true, Meaning::Object(node)) = (*known == key, meaning) {
                return *node;
            }
        }
        let mut path = self.nodes[parent].path.clone();
        path.push(MemberName::of(&key));
        let node = self.nodes.len();
        let is_debug_data = path.len() == 2 && key == "\"debugData\"";
        self.nodes[parent].keys.push((key, Meaning::Object(node)));
        self.nodes.push(Node {
            path,
            keys: Vec::new(),
            parent,
            is_debug_data,
        });
        node
    }
}

#[expect(
    clippy::expect_used,
    reason = "a column dropped would shift all others"
)]
fn padded_prefix(column: &Column, naming: ColumnNaming) -> PaddedText {
    let quotation_mark = if column.kind == Kind::Text { "\"" } else { "" };
    let prefix = prefix(column, naming) + quotation_mark;
    PaddedText::of(&prefix).expect("a column's name has at most 46 characters")
}

fn prefix(column: &Column, naming: ColumnNaming) -> String {
    let name = match naming {
        ColumnNaming::Unsuffixed => column.key(),
        ColumnNaming::Full => column.name(),
    };
    format!(",\"{name}\":")
}

#[expect(clippy::expect_used, reason = "the keys are the schema's own")]
fn synthetic_prefix(key: &str, naming: ColumnNaming) -> String {
    let mut columns = COLUMNS.iter().filter(|column| column.path.is_empty());
    let column = columns.find(|column| column.key() == key);
    prefix(column.expect("a synthetic column of this key"), naming)
}
