//! The schema as a tree to walk an event by, spelt for one ingestion road.

use crate::ink::Prefix;
use crate::schema::{self, COLUMNS, Column, Kind};

/// How a road names columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnNaming {
    /// Flat keys without suffix: the Data Collector infers types and appends it.
    Unsuffixed,
    /// Full column names, plus `TimeGenerated`; GUIDs hyphenated as the Data Collector stores them.
    Full,
}

/// Index of an object of the event that has columns below it.
pub(super) type NodeIndex = usize;

/// The event itself.
pub(super) const ROOT: NodeIndex = 0;

/// A place in an event where columns are found.
#[derive(Debug)]
pub(super) struct Node {
    /// Keys from the event's root to this object, quoted.
    pub(super) path: Vec<String>,
    pub(super) children: Vec<Child>,
    /// The object around it; the event's is itself.
    pub(super) parent: NodeIndex,
    /// The object whose unknown keys have a catch-all of their own.
    pub(super) debug_data: bool,
}

/// A key with a meaning.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) name: &'static str,
    /// The name as a page has it, unless it escapes what needs no escape.
    pub(super) quoted: String,
    pub(super) meaning: Meaning,
}

/// What a known key holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// A column of text, by its index in [`Layout::columns`].
    Text(usize),
    /// A column of another kind.
    Column(usize),
    /// Nothing that the schema knows.
    Stranger,
    /// An object to go down into.
    Object(NodeIndex),
}

/// A column ready to be written.
#[derive(Debug)]
pub(super) struct Slot {
    /// `,"name":`, and a quotation mark where the column has text.
    pub(super) prefix: Prefix,
    pub(super) kind: Kind,
    pub(super) role: Role,
}

/// Columns that the encoder itself needs to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Uuid,
    Published,
    Other,
}

/// The tree and the spelled columns.
#[derive(Debug)]
pub struct Layout {
    pub(super) naming: ColumnNaming,
    pub(super) nodes: Vec<Node>,
    pub(super) columns: Vec<Slot>,
    pub(super) debug_data: String,
    pub(super) additional: String,
    pub(super) truncated: String,
    pub(super) domain: String,
}

impl Layout {
    /// Spells the schema.
    pub fn new(naming: ColumnNaming) -> Layout {
        let mut layout = Layout {
            naming,
            nodes: vec![Node {
                path: Vec::new(),
                children: Vec::new(),
                parent: ROOT,
                debug_data: false,
            }],
            columns: COLUMNS
                .iter()
                .filter_map(|column| Slot::new(column, naming))
                .collect(),
            debug_data: made(schema::DEBUG_DATA, naming),
            additional: made(schema::ADDITIONAL, naming),
            truncated: made(schema::TRUNCATED, naming),
            domain: made(schema::DOMAIN, naming),
        };
        for (index, column) in COLUMNS
            .iter()
            .enumerate()
            .filter(|(_, c)| !c.path.is_empty())
        {
            layout.grow(index, column.path);
        }
        layout
    }

    fn grow(&mut self, column: usize, path: &'static str) {
        let mut node = ROOT;
        let mut keys = path.split('.').peekable();
        while let Some(name) = keys.next() {
            if keys.peek().is_none() {
                let is_text = self.columns.get(column).map(|slot| slot.kind) == Some(Kind::Text);
                let meaning = match is_text {
                    true => Meaning::Text(column),
                    false => Meaning::Column(column),
                };
                self.add(node, name, meaning);
            } else {
                node = self.object_below(node, name);
            }
        }
    }

    fn object_below(&mut self, node: NodeIndex, name: &'static str) -> NodeIndex {
        let children = self.nodes.get(node).map_or(&[][..], |n| &n.children);
        for child in children {
            if let (true, Meaning::Object(below)) = (child.name == name, child.meaning) {
                return below;
            }
        }
        let mut path = self
            .nodes
            .get(node)
            .map_or_else(Vec::new, |n| n.path.clone());
        path.push(quoted(name));
        let debug_data = path == [quoted("debugContext"), quoted("debugData")];
        self.nodes.push(Node {
            path,
            children: Vec::new(),
            parent: node,
            debug_data,
        });
        let below = self.nodes.len() - 1;
        self.add(node, name, Meaning::Object(below));
        below
    }

    fn add(&mut self, node: NodeIndex, name: &'static str, meaning: Meaning) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.children.push(Child {
                name,
                quoted: quoted(name),
                meaning,
            });
        }
    }
}

impl Slot {
    /// `None` for a name that is too long, which none is: a column's has 45 characters at most.
    fn new(column: &Column, naming: ColumnNaming) -> Option<Slot> {
        let role = match column.path {
            "uuid" => Role::Uuid,
            "published" => Role::Published,
            _ => Role::Other,
        };
        let mut prefix = prefix(column, naming);
        if column.kind == Kind::Text {
            prefix.push('"');
        }
        Some(Slot {
            prefix: Prefix::of(prefix.as_bytes())?,
            kind: column.kind,
            role,
        })
    }
}

/// A key of the schema as JSON; none needs an escape.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn prefix(column: &Column, naming: ColumnNaming) -> String {
    let name = match naming {
        ColumnNaming::Unsuffixed => column.key(),
        ColumnNaming::Full => column.name(),
    };
    format!(",\"{name}\":")
}

/// The prefix of a column that the encoder makes up; empty if the schema has none of that key.
fn made(key: &str, naming: ColumnNaming) -> String {
    let column = COLUMNS
        .iter()
        .find(|column| column.path.is_empty() && column.key() == key);
    column.map_or_else(String::new, |column| prefix(column, naming))
}
