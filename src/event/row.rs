//! One event in, one row out, in a single pass and without a tree of values.
//!
//! Known keys are written to the row as they are met, their values copied from the page as they
//! stand. What has no column goes to a catch-all: keys of `debugData` to
//! `debugContext_debugData`, the rest to `additionalFields` in the event's own nesting. `null`
//! and `{}` hold nothing and are left out; nothing else is dropped.

use super::EventId;
use super::cut::{cut_text, push_json};
use super::layout::{Layout, Node, NodeIndex, ROOT, Role, Spelling};
use super::nested::Nested;
use super::scan::{Malformed, Scan, Token};
use super::schema::{Kind, MAX_VALUE};
use super::text::{decoded, is_decodable, is_number, is_time, push_guid, push_quoted};
use super::walk::{Stumble, walk};

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
    debug_data: Nested,
    additional: Nested,
    /// For each node the child after the last one met: Okta's order of keys hardly varies.
    hints: Vec<usize>,
    /// Open brackets of a value that is read as one.
    open: Vec<u8>,
}

impl RowEncoder {
    /// An encoder for events of the org at `host`.
    pub fn new(spelling: Spelling, host: &str) -> RowEncoder {
        let layout = Layout::new(spelling);
        let mut opening = vec![b'{'];
        opening.extend(layout.domain.bytes().skip(1));
        push_quoted(&mut opening, host);
        let hints = vec![0; layout.nodes.len()];
        let (debug_data, additional) = (Nested::default(), Nested::default());
        RowEncoder {
            layout,
            opening,
            debug_data,
            additional,
            hints,
            open: Vec::new(),
        }
    }

    /// Reads one event and appends its row to `out`. An event is any JSON value: none is without
    /// a row.
    ///
    /// # Errors
    /// The page goes wrong within the event.
    pub(super) fn encode<'page>(
        &mut self,
        scan: &mut Scan<'page>,
        out: &mut Vec<u8>,
    ) -> Result<Row<'page>, Malformed> {
        let (start, event) = (out.len(), *scan);
        let mut writer = self.writer(out);
        match walk(&mut writer, scan, ROOT) {
            Ok(()) => Ok(writer.finish(start)),
            Err(Stumble::Malformed) => Err(Malformed),
            Err(Stumble::Impassable) => {
                *scan = event;
                let event = scan.value(writer.open)?;
                out.truncate(start);
                let mut writer = self.writer(out);
                writer.whole(event);
                Ok(writer.finish(start))
            }
        }
    }

    fn writer<'a, 'de>(&'a mut self, out: &'a mut Vec<u8>) -> RowWriter<'a, 'de> {
        out.extend_from_slice(&self.opening);
        self.debug_data.clear();
        self.additional.clear();
        RowWriter {
            layout: &self.layout,
            hints: &mut self.hints,
            open: &mut self.open,
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

/// A row being written.
pub(super) struct RowWriter<'a, 'de> {
    layout: &'a Layout,
    pub(super) hints: &'a mut [usize],
    pub(super) open: &'a mut Vec<u8>,
    debug_data: &'a mut Nested,
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
    pub(super) fn known(
        &mut self,
        node: NodeIndex,
        name: Token<'_>,
        column: usize,
        value: Token<'de>,
    ) {
        if value.holds_nothing() {
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
                Role::Published => self.published = value.plain_string(),
                Role::Other => {}
            }
        } else {
            self.out.truncate(before);
            self.unknown(node, name, value);
        }
    }

    /// Appends `value` as a column of this kind has it; false if it has no such form.
    fn value(&mut self, kind: Kind, value: Token<'_>) -> bool {
        match kind {
            Kind::Text => self.text(value),
            Kind::Number => {
                let number = value.plain_string().unwrap_or(value.text);
                if !is_number(number) {
                    return false;
                }
                self.out.extend_from_slice(number.as_bytes());
            }
            Kind::Flag => {
                let flag = value.plain_string().unwrap_or(value.text);
                let flag = ["true", "false"]
                    .into_iter()
                    .find(|f| f.eq_ignore_ascii_case(flag));
                let Some(flag) = flag else { return false };
                self.out.extend_from_slice(flag.as_bytes());
            }
            Kind::Time => {
                if !value.plain_string().is_some_and(is_time) {
                    return false;
                }
                self.out.extend_from_slice(value.text.as_bytes());
            }
            Kind::Guid => {
                let named = self.layout.spelling == Spelling::Named;
                if !value.text.starts_with('"') {
                    return false;
                }
                let guid = value.plain_string().filter(|_| named);
                if !guid.is_some_and(|guid| push_guid(self.out, guid)) {
                    self.text(value);
                }
            }
        }
        true
    }

    fn text(&mut self, value: Token<'_>) {
        match value.text.bytes().next() {
            Some(b'"') if value.text.len() <= MAX_VALUE + 2 && is_decodable(value) => {
                self.out.extend_from_slice(value.text.as_bytes());
            }
            Some(b'"') => self.cut(&decoded(value)),
            Some(b'[' | b'{') => {
                self.out.push(b'"');
                self.truncated += push_json(self.out, value.text);
                self.out.push(b'"');
            }
            _ => self.cut(value.text),
        }
    }

    fn cut(&mut self, text: &str) {
        let kept = cut_text(text, MAX_VALUE);
        self.truncated += text.len() - kept.len();
        push_quoted(self.out, kept);
    }

    /// Keeps a value that has no column, under its name, quoted.
    pub(super) fn unknown(&mut self, node: NodeIndex, name: Token<'_>, value: Token<'_>) {
        if value.holds_nothing() {
            return;
        }
        let Some(node) = self.node(node) else { return };
        if node.debug_data && !self.debug_data_taken {
            self.debug_data.put(&[], name, value);
        } else {
            self.additional.put(&node.path, name, value);
        }
    }

    /// Keeps something that stands where an object was expected.
    pub(super) fn stray(&mut self, node: NodeIndex, value: Token<'_>) {
        let Some(node) = self.node(node) else { return };
        if node.debug_data && self.debug_data.is_empty() && !self.debug_data_taken {
            self.debug_data_taken = true;
            self.out
                .extend_from_slice(self.layout.debug_data.as_bytes());
            self.text(value);
        } else if let Some((name, parents)) = node.path.split_last() {
            self.additional.put(parents, Token::of_schema(name), value);
        } else {
            let name = Token::of_schema("\"event\"");
            self.additional.put(&[], name, value);
        }
    }

    /// Keeps an event that cannot be walked.
    fn whole(&mut self, event: Token<'_>) {
        if event.text.starts_with('{') {
            self.out
                .extend_from_slice(self.layout.additional.as_bytes());
            self.text(event);
        } else {
            self.stray(ROOT, event);
        }
    }

    /// Ends the row that began at `start` of the buffer.
    fn finish(mut self, start: usize) -> Row<'de> {
        if !self.debug_data.is_empty() {
            self.out
                .extend_from_slice(self.layout.debug_data.as_bytes());
            self.out.push(b'"');
            self.truncated += self.debug_data.finish(self.out);
            self.out.push(b'"');
        }
        if !self.additional.is_empty() {
            self.out
                .extend_from_slice(self.layout.additional.as_bytes());
            self.out.push(b'"');
            self.truncated += self.additional.finish(self.out);
            self.out.push(b'"');
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
}
