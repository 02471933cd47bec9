//! One event in, one row out, in a single pass and without a tree of values.
//!
//! Known keys are written to the row as they are met, their values copied from the page as they
//! stand. What has no column goes to a catch-all: keys of `debugData` to
//! `debugContext_debugData`, the rest to `additionalFields` in the event's own nesting. `null`
//! and `{}` hold nothing and are left out; nothing else is dropped.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::EventId;
use super::cut::{cut_json, cut_text};
use super::layout::{Child, Layout, Meaning, Node, NodeIndex, Role, Spelling};
use super::schema::{Kind, MAX_VALUE};
use super::text::{is_number, is_time, plain_string, push_escaped, push_hyphenated, push_quoted};

/// What the encoder learned of an event while writing its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'page> {
    /// The event's identity.
    pub id: EventId,
    /// Whether it has a `uuid`, be it one that does not read as a UUID.
    pub has_uuid: bool,
    /// `published` as Okta wrote it, if it is a time.
    pub published: Option<&'page str>,
    /// Bytes cut from values that were too long.
    pub truncated: usize,
}

/// Writes rows; its buffers are used again for every event.
#[derive(Debug)]
pub struct RowEncoder {
    layout: Layout,
    opening: Vec<u8>,
    debug_data: Vec<u8>,
    additional: Nested,
    /// For each node the child after the last one met: Okta's order of keys hardly varies.
    hints: Vec<usize>,
}

impl RowEncoder {
    /// An encoder for events of the org at `host`.
    pub fn new(spelling: Spelling, host: &str) -> RowEncoder {
        let layout = Layout::new(spelling);
        let mut opening = vec![b'{'];
        opening.extend(layout.domain.bytes().skip(1));
        push_quoted(&mut opening, host);
        let hints = vec![0; layout.nodes.len()];
        let (debug_data, additional) = (Vec::new(), Nested::default());
        RowEncoder {
            layout,
            opening,
            debug_data,
            additional,
            hints,
        }
    }

    /// Reads the next event of a page and appends its row to `out`.
    pub(super) fn seed<'a>(&'a mut self, out: &'a mut Vec<u8>) -> EventSeed<'a> {
        EventSeed { encoder: self, out }
    }
}

/// Reads one event and appends its row.
pub(super) struct EventSeed<'a> {
    encoder: &'a mut RowEncoder,
    out: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for EventSeed<'_> {
    type Value = Row<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Row<'de>, D::Error> {
        let start = self.out.len();
        self.out.extend_from_slice(&self.encoder.opening);
        self.encoder.debug_data.clear();
        self.encoder.additional.clear();
        let mut writer = RowWriter {
            layout: &self.encoder.layout,
            hints: &mut self.encoder.hints,
            debug_data: &mut self.encoder.debug_data,
            additional: &mut self.encoder.additional,
            out: self.out,
            written: 0,
            truncated: 0,
            has_uuid: false,
            uuid: None,
            published: None,
        };
        deserializer.deserialize_any(ObjectVisitor {
            writer: &mut writer,
            node: 0,
        })?;
        writer.finish();
        let RowWriter {
            uuid,
            has_uuid,
            published,
            truncated,
            ..
        } = writer;
        let row = self.out.get(start..).unwrap_or_default();
        let id = uuid.unwrap_or_else(|| EventId::digest(row));
        Ok(Row {
            id,
            has_uuid,
            published,
            truncated,
        })
    }
}

/// A row being written.
struct RowWriter<'a, 'de> {
    layout: &'a Layout,
    hints: &'a mut [usize],
    debug_data: &'a mut Vec<u8>,
    additional: &'a mut Nested,
    out: &'a mut Vec<u8>,
    /// Bit n: column n has its value. A second one (a repeated key) goes to the catch-all.
    written: u128,
    truncated: usize,
    has_uuid: bool,
    uuid: Option<EventId>,
    published: Option<&'de str>,
}

impl<'a, 'de> RowWriter<'a, 'de> {
    fn node(&self, node: NodeIndex) -> Option<&'a Node> {
        self.layout.nodes.get(node)
    }

    /// Writes a value to its column, or to the catch-all when the column cannot hold it.
    fn known(&mut self, node: NodeIndex, name: &str, column: usize, value: &'de str) {
        if value == "null" || value == "{}" {
            return;
        }
        let Some(slot) = self.layout.columns.get(column) else {
            return;
        };
        let before = self.out.len();
        self.out.extend_from_slice(slot.prefix.as_bytes());
        let first_time = self.written & (1 << column) == 0;
        if first_time && self.value(slot.kind, value) {
            self.written |= 1 << column;
            match slot.role {
                Role::Uuid => {
                    self.has_uuid = true;
                    self.uuid = plain_string(value).and_then(EventId::from_uuid);
                }
                Role::Published => self.published = plain_string(value),
                Role::Other => {}
            }
        } else {
            self.out.truncate(before);
            self.unknown(node, name, value);
        }
    }

    /// Appends `value` as a column of this kind has it; false if it has no such form.
    fn value(&mut self, kind: Kind, value: &str) -> bool {
        match kind {
            Kind::Text => self.text(value),
            Kind::Number => {
                let number = plain_string(value).unwrap_or(value);
                if !is_number(number) {
                    return false;
                }
                self.out.extend_from_slice(number.as_bytes());
            }
            Kind::Flag => {
                let flag = plain_string(value).unwrap_or(value);
                let flag = ["true", "false"]
                    .into_iter()
                    .find(|f| f.eq_ignore_ascii_case(flag));
                let Some(flag) = flag else { return false };
                self.out.extend_from_slice(flag.as_bytes());
            }
            Kind::Time => {
                if !plain_string(value).is_some_and(is_time) {
                    return false;
                }
                self.out.extend_from_slice(value.as_bytes());
            }
            Kind::Guid => {
                let named = self.layout.spelling == Spelling::Named;
                match plain_string(value) {
                    Some(guid) if named => {
                        self.out.push(b'"');
                        if !push_hyphenated(self.out, guid) {
                            self.out.extend_from_slice(guid.as_bytes());
                        }
                        self.out.push(b'"');
                    }
                    _ if value.starts_with('"') => self.text(value),
                    _ => return false,
                }
            }
        }
        true
    }

    fn text(&mut self, value: &str) {
        match value.bytes().next() {
            Some(b'"') if value.len() <= MAX_VALUE + 2 => {
                self.out.extend_from_slice(value.as_bytes());
            }
            Some(b'"') => {
                let text: String = serde_json::from_str(value).unwrap_or_default();
                let kept = cut_text(&text, MAX_VALUE);
                // A text that does not decode (half a surrogate pair) is lost whole.
                let whole = if text.is_empty() {
                    value.len() - 2
                } else {
                    text.len()
                };
                self.truncated += whole - kept.len();
                push_quoted(self.out, kept);
            }
            Some(b'[' | b'{') => {
                self.out.push(b'"');
                self.truncated += push_json(self.out, value);
                self.out.push(b'"');
            }
            _ => push_quoted(self.out, value),
        }
    }

    /// Keeps a value that has no column.
    fn unknown(&mut self, node: NodeIndex, name: &str, value: &str) {
        if value == "null" {
            return;
        }
        let Some(node) = self.node(node) else { return };
        if node.debug_data {
            self.debug_data.push(if self.debug_data.is_empty() {
                b'{'
            } else {
                b','
            });
            push_quoted(self.debug_data, name);
            self.debug_data.push(b':');
            self.debug_data.extend_from_slice(value.as_bytes());
        } else {
            self.additional.put(&node.path, name, value);
        }
    }

    /// Keeps something that stands where an object was expected.
    fn stray(&mut self, node: NodeIndex, value: &str) {
        let Some(node) = self.node(node) else { return };
        if node.debug_data && self.debug_data.is_empty() {
            self.out
                .extend_from_slice(self.layout.debug_data.as_bytes());
            self.text(value);
        } else if let Some((name, parents)) = node.path.split_last() {
            self.additional.put(parents, name, value);
        } else {
            self.additional.put(&[], "event", value);
        }
    }

    fn finish(&mut self) {
        if !self.debug_data.is_empty() {
            self.debug_data.push(b'}');
            let json = std::mem::take(self.debug_data);
            self.catch_all(&self.layout.debug_data, &json);
            *self.debug_data = json;
        }
        if self.additional.close() {
            let json = std::mem::take(&mut self.additional.json);
            self.catch_all(&self.layout.additional, &json);
            self.additional.json = json;
        }
        if self.layout.spelling == Spelling::Named
            && let Some(published) = self.published
        {
            self.out.extend_from_slice(b",\"TimeGenerated\":\"");
            self.out.extend_from_slice(published.as_bytes());
            self.out.push(b'"');
        }
        if self.truncated > 0 {
            self.out.extend_from_slice(self.layout.truncated.as_bytes());
            self.out
                .extend_from_slice(self.truncated.to_string().as_bytes());
        }
        self.out.push(b'}');
    }

    fn catch_all(&mut self, prefix: &str, json: &[u8]) {
        self.out.extend_from_slice(prefix.as_bytes());
        self.out.push(b'"');
        self.truncated += match std::str::from_utf8(json) {
            Ok(json) => push_json(self.out, json),
            Err(_) => json.len(),
        };
        self.out.push(b'"');
    }
}

/// Appends JSON as the inside of a string, cut if need be; returns the bytes cut.
fn push_json(out: &mut Vec<u8>, json: &str) -> usize {
    if json.len() <= MAX_VALUE {
        push_escaped(out, json.as_bytes());
        return 0;
    }
    let kept = cut_json(json, MAX_VALUE);
    push_escaped(out, kept.as_bytes());
    json.len().saturating_sub(kept.len())
}

/// JSON objects inside one another, opened only when something is put into them.
#[derive(Debug, Default)]
struct Nested {
    json: Vec<u8>,
    open: usize,
}

impl Nested {
    fn clear(&mut self) {
        self.json.clear();
        self.open = 0;
    }

    /// Adds a value below `path`, whose first `open` keys are the objects open already.
    fn put(&mut self, path: &[&str], name: &str, value: &str) {
        if self.json.is_empty() {
            self.json.push(b'{');
        }
        for key in path.get(self.open..).unwrap_or_default() {
            self.key(key);
            self.json.push(b'{');
        }
        self.open = path.len();
        self.key(name);
        self.json.extend_from_slice(value.as_bytes());
    }

    fn key(&mut self, key: &str) {
        if self.json.last() != Some(&b'{') {
            self.json.push(b',');
        }
        push_quoted(&mut self.json, key);
        self.json.push(b':');
    }

    /// The walk leaves the object at `depth`: what is open there or deeper ends.
    fn leave(&mut self, depth: usize) {
        while depth > 0 && self.open >= depth {
            self.json.push(b'}');
            self.open -= 1;
        }
    }

    /// Ends the outermost object; false if there is none.
    fn close(&mut self) -> bool {
        self.leave(1);
        if !self.json.is_empty() {
            self.json.push(b'}');
        }
        !self.json.is_empty()
    }
}

/// Walks an object that has columns below it; anything else in its place is kept as stray.
struct ObjectVisitor<'w, 'a, 'de> {
    writer: &'w mut RowWriter<'a, 'de>,
    node: NodeIndex,
}

impl<'de> DeserializeSeed<'de> for ObjectVisitor<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ObjectVisitor<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some(node) = self.writer.node(self.node) else {
            return Err(A::Error::custom("the row layout has no such object"));
        };
        let mut hint = self.writer.hints.get(self.node).copied().unwrap_or(0);
        while let Some(key) = map.next_key_seed(KeySeed {
            children: &node.children,
            hint: &mut hint,
        })? {
            match key {
                Key::Known(Child {
                    meaning: Meaning::Object(below),
                    ..
                }) => {
                    let below = ObjectVisitor {
                        writer: self.writer,
                        node: *below,
                    };
                    map.next_value_seed(below)?;
                }
                Key::Known(Child {
                    name,
                    meaning: Meaning::Column(column),
                }) => {
                    let value: &RawValue = map.next_value()?;
                    self.writer.known(self.node, name, *column, value.get());
                }
                Key::Unknown(name) => {
                    let value: &RawValue = map.next_value()?;
                    self.writer.unknown(self.node, &name, value.get());
                }
            }
        }
        if let Some(kept) = self.writer.hints.get_mut(self.node) {
            *kept = hint;
        }
        self.writer.additional.leave(node.path.len());
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        let mut token = Vec::new();
        push_quoted(&mut token, value);
        self.writer
            .stray(self.node, &String::from_utf8_lossy(&token));
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.writer
            .stray(self.node, if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.writer.stray(self.node, &value.to_string());
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.writer.stray(self.node, &value.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.writer
            .stray(self.node, &serde_json::Value::from(value).to_string());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut token = String::from("[");
        while let Some(element) = seq.next_element::<&RawValue>()? {
            if token.len() > 1 {
                token.push(',');
            }
            token.push_str(element.get());
        }
        token.push(']');
        self.writer.stray(self.node, &token);
        Ok(())
    }
}

/// Looks a key up among a node's children, beginning after the last one found.
struct KeySeed<'n, 'h> {
    children: &'n [Child],
    hint: &'h mut usize,
}

enum Key<'n, 'de> {
    Known(&'n Child),
    Unknown(std::borrow::Cow<'de, str>),
}

impl<'n> KeySeed<'n, '_> {
    fn find(&mut self, key: &str) -> Option<&'n Child> {
        let (before, after) = self.children.split_at_checked(*self.hint)?;
        let (at, child) = after
            .iter()
            .chain(before)
            .enumerate()
            .find(|(_, child)| child.name == key)?;
        *self.hint = (*self.hint + at + 1) % self.children.len();
        Some(child)
    }
}

impl<'n, 'de> DeserializeSeed<'de> for KeySeed<'n, '_> {
    type Value = Key<'n, 'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n, 'de> Visitor<'de> for KeySeed<'n, '_> {
    type Value = Key<'n, 'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(mut self, key: &'de str) -> Result<Self::Value, E> {
        Ok(self
            .find(key)
            .map_or_else(|| Key::Unknown(key.into()), Key::Known))
    }

    fn visit_str<E>(mut self, key: &str) -> Result<Self::Value, E> {
        Ok(self
            .find(key)
            .map_or_else(|| Key::Unknown(key.to_owned().into()), Key::Known))
    }
}
