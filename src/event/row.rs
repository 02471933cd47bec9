//! One event in, one row out, in a single pass and without a tree of values.
//!
//! Known keys are written to the row as they are met, their values copied from the page as they
//! stand. What has no column goes to a catch-all: keys of `debugData` to
//! `debugContext_debugData`, the rest to `additionalFields` in the event's own nesting. `null`
//! and `{}` hold nothing and are left out; nothing else is dropped.

use serde::de::{DeserializeSeed, Deserializer};

use super::EventId;
use super::cut::{cut_json, cut_text};
use super::layout::{Layout, Node, NodeIndex, Role, Spelling};
use super::nested::Nested;
use super::schema::{Kind, MAX_VALUE};
use super::text::{
    decoded, holds_nothing, is_decodable, is_number, is_time, plain_string, push_escaped,
    push_guid, push_quoted,
};
use super::walk::ObjectVisitor;

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

    /// Appends the row of one event, which is any JSON value: none is without a row.
    pub(super) fn encode<'page>(&mut self, event: &'page str, out: &mut Vec<u8>) -> Row<'page> {
        let start = out.len();
        let mut json = serde_json::Deserializer::from_str(event);
        self.seed(out).deserialize(&mut json).unwrap_or_else(|_| {
            out.truncate(start);
            let mut writer = self.writer(out);
            writer.whole(event);
            writer.finish(start)
        })
    }

    fn writer<'a, 'de>(&'a mut self, out: &'a mut Vec<u8>) -> RowWriter<'a, 'de> {
        out.extend_from_slice(&self.opening);
        self.debug_data.clear();
        self.additional.clear();
        RowWriter {
            layout: &self.layout,
            hints: &mut self.hints,
            debug_data: &mut self.debug_data,
            debug_data_taken: false,
            additional: &mut self.additional,
            out,
            written: 0,
            truncated: 0,
            has_uuid: false,
            uuid: None,
            published: None,
        }
    }
}

/// Reads one event and appends its row. Fails where a walk cannot go on though the grammar is
/// kept: at half a surrogate pair in a key, or a number past a double's range in an object's place.
pub(super) struct EventSeed<'a> {
    encoder: &'a mut RowEncoder,
    out: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for EventSeed<'_> {
    type Value = Row<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Row<'de>, D::Error> {
        let start = self.out.len();
        let mut writer = self.encoder.writer(self.out);
        let walk = ObjectVisitor {
            writer: &mut writer,
            node: 0,
        };
        walk.deserialize(deserializer)?;
        Ok(writer.finish(start))
    }
}

/// A row being written.
pub(super) struct RowWriter<'a, 'de> {
    layout: &'a Layout,
    pub(super) hints: &'a mut [usize],
    debug_data: &'a mut Vec<u8>,
    /// `debugData` was no object: its column holds that value.
    debug_data_taken: bool,
    pub(super) additional: &'a mut Nested,
    out: &'a mut Vec<u8>,
    /// Bit n: column n has its value. A second one (a repeated key) goes to the catch-all.
    written: u128,
    truncated: usize,
    has_uuid: bool,
    uuid: Option<EventId>,
    published: Option<&'de str>,
}

impl<'a, 'de> RowWriter<'a, 'de> {
    pub(super) fn node(&self, node: NodeIndex) -> Option<&'a Node> {
        self.layout.nodes.get(node)
    }

    /// Writes a value to its column, or to the catch-all when the column cannot hold it.
    pub(super) fn known(&mut self, node: NodeIndex, name: &str, column: usize, value: &'de str) {
        if holds_nothing(value) {
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
                    let uuid = decoded(value);
                    self.has_uuid = !uuid.is_empty();
                    self.uuid = EventId::from_uuid(&uuid);
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
                if !value.starts_with('"') {
                    return false;
                }
                let guid = plain_string(value).filter(|_| named);
                if !guid.is_some_and(|guid| push_guid(self.out, guid)) {
                    self.text(value);
                }
            }
        }
        true
    }

    fn text(&mut self, value: &str) {
        match value.bytes().next() {
            Some(b'"') if value.len() <= MAX_VALUE + 2 && is_decodable(value) => {
                self.out.extend_from_slice(value.as_bytes());
            }
            Some(b'"') => self.cut(&decoded(value)),
            Some(b'[' | b'{') => {
                self.out.push(b'"');
                self.truncated += push_json(self.out, value);
                self.out.push(b'"');
            }
            _ => self.cut(value),
        }
    }

    fn cut(&mut self, text: &str) {
        let kept = cut_text(text, MAX_VALUE);
        self.truncated += text.len() - kept.len();
        push_quoted(self.out, kept);
    }

    /// Keeps a value that has no column.
    pub(super) fn unknown(&mut self, node: NodeIndex, name: &str, value: &str) {
        if holds_nothing(value) {
            return;
        }
        let Some(node) = self.node(node) else { return };
        if node.debug_data && !self.debug_data_taken {
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
    pub(super) fn stray(&mut self, node: NodeIndex, value: &str) {
        let Some(node) = self.node(node) else { return };
        if node.debug_data && self.debug_data.is_empty() && !self.debug_data_taken {
            self.debug_data_taken = true;
            self.out
                .extend_from_slice(self.layout.debug_data.as_bytes());
            self.text(value);
        } else if let Some((name, parents)) = node.path.split_last() {
            self.additional.put(parents, name, value);
        } else {
            self.additional.put(&[], "event", value);
        }
    }

    /// Keeps an event that cannot be walked.
    fn whole(&mut self, event: &str) {
        if event.starts_with('{') {
            self.catch_all(&self.layout.additional, event.as_bytes());
        } else {
            self.stray(0, event);
        }
    }

    /// Ends the row that began at `start` of the buffer.
    fn finish(mut self, start: usize) -> Row<'de> {
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
        let row = self.out.get(start..).unwrap_or_default();
        Row {
            id: self.uuid.unwrap_or_else(|| EventId::digest(row)),
            has_uuid: self.has_uuid,
            published: self.published,
            truncated: self.truncated,
        }
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
