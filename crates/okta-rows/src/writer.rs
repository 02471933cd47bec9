//! One row being written: which value goes where, and in which form.

use crate::catch_all::{CatchAll, CatchAlls};
use crate::cut::{cut_text, push_json};
use crate::event_id::EventId;
use crate::ink::Ink;
use crate::layout::{ColumnNaming, Layout, Node, NodeIndex, ROOT, Role};
use crate::nest::Nest;
use crate::row::{Needed, Row};
use crate::scan::{Malformed, Scan, Token};
use crate::schema::{COLUMNS, Kind, MAX_VALUE};
use crate::target::{Escaped, Nowhere, Verbatim};
use crate::text::{decoded, guid, is_decodable, is_number, is_number_token, is_time, push_quoted};
use crate::vocabulary::{Vocabulary, WordIndex};
use crate::walk::Stumble;

/// What a writer works with.
pub(super) struct Parts<'a> {
    pub(super) layout: &'a Layout,
    pub(super) vocabulary: &'a mut Vocabulary,
    pub(super) nest: &'a mut Nest,
    /// The row, with what every row begins with.
    pub(super) row: Ink<'a>,
    pub(super) debug_data: Ink<'a>,
    pub(super) additional: Ink<'a>,
}

/// A row being written.
pub(super) struct RowWriter<'a, 'de> {
    layout: &'a Layout,
    pub(super) vocabulary: &'a mut Vocabulary,
    pub(super) nest: &'a mut Nest,
    catch_alls: CatchAlls<'a>,
    row: Ink<'a>,
    /// Whether a column has its value. A second one (a repeated key) goes to the catch-all.
    written: [bool; COLUMNS.len()],
    truncated: usize,
    has_uuid: bool,
    uuid: Option<EventId>,
    published: Option<&'de str>,
}

impl<'a, 'de> RowWriter<'a, 'de> {
    pub(super) fn new(parts: Parts<'a>) -> RowWriter<'a, 'de> {
        RowWriter {
            layout: parts.layout,
            vocabulary: parts.vocabulary,
            nest: parts.nest,
            row: parts.row,
            catch_alls: CatchAlls {
                debug_data: CatchAll::new(parts.debug_data),
                debug_data_taken: false,
                additional: CatchAll::new(parts.additional),
            },
            written: [false; _],
            truncated: 0,
            has_uuid: false,
            uuid: None,
            published: None,
        }
    }

    fn node(&self, node: NodeIndex) -> Option<&'a Node> {
        self.layout.nodes.get(node)
    }

    /// The length of a node's path, and the node around it.
    pub(super) fn around(&self, node: NodeIndex) -> (usize, NodeIndex) {
        self.node(node)
            .map_or((0, ROOT), |node| (node.path.len(), node.parent))
    }

    /// The walk leaves the object at `depth`, and with it those in it; 0 is none.
    #[inline(always)]
    pub(super) fn leave(&mut self, depth: usize) {
        self.catch_alls.additional.leave(depth);
    }

    /// Writes the text of a column while it is read, from behind its quotation mark on.
    #[inline(always)]
    pub(super) fn text(
        &mut self,
        scan: &mut Scan<'de>,
        word: WordIndex,
        column: usize,
    ) -> Result<(), Malformed> {
        let slot = self.layout.columns.get(column).ok_or(Malformed)?;
        let written = self.written.get_mut(column).ok_or(Malformed)?;
        match scan.short_text() {
            Some((piece, length)) if !*written => {
                *written = true;
                // Its quotation mark stands behind it.
                self.row.prefixed(&slot.prefix, piece, length + 1);
                scan.skip(length + 1);
                Ok(())
            }
            _ => self.long_text(scan, word, column),
        }
    }

    /// The same of a text of any length, with escapes or without, that may be the column's second.
    #[inline(never)]
    fn long_text(
        &mut self,
        scan: &mut Scan<'de>,
        word: WordIndex,
        column: usize,
    ) -> Result<(), Malformed> {
        let slot = self.layout.columns.get(column).ok_or(Malformed)?;
        let (start, before) = (scan.at(), self.row.end());
        slot.prefix.push_to(&mut self.row);
        let escapes = scan.inside(&mut Verbatim(&mut self.row))?;
        self.row.byte(b'"');
        let value = scan.string_since(start, escapes)?;
        let fits = value.text.len() <= MAX_VALUE + 2 && is_decodable(value);
        if !fits || !self.is_first(column) {
            self.row.back_to(before);
            self.known(scan, word, column, value);
        }
        Ok(())
    }

    /// Whether a column has no value yet; it has one now.
    #[inline(always)]
    fn is_first(&mut self, column: usize) -> bool {
        let written = self.written.get_mut(column);
        written.is_some_and(|written| !std::mem::replace(written, true))
    }

    /// Reads any value of a key that has a column.
    #[inline(always)]
    pub(super) fn column(
        &mut self,
        scan: &mut Scan<'de>,
        word: WordIndex,
        column: usize,
    ) -> Result<(), Malformed> {
        if let Some(b'[' | b'{') = scan.peek() {
            return self.list(scan, word, column);
        }
        if scan.take_null() {
            return Ok(());
        }
        let value = scan.value(self.nest, &mut Nowhere)?;
        self.known(scan, word, column, value);
        Ok(())
    }

    /// Writes an array or an object of a column while it is read, if the column has text.
    fn list(
        &mut self,
        scan: &mut Scan<'de>,
        word: WordIndex,
        column: usize,
    ) -> Result<(), Malformed> {
        let slot = self.layout.columns.get(column).ok_or(Malformed)?;
        let before = self.row.end();
        slot.prefix.push_to(&mut self.row);
        let value = scan.structured(self.nest, &mut Escaped(&mut self.row))?;
        self.row.byte(b'"');
        let fits = value.text.len() <= MAX_VALUE && slot.kind == Kind::Text;
        if !fits || value.holds_nothing() || !self.is_first(column) {
            self.row.back_to(before);
            self.known(scan, word, column, value);
        }
        Ok(())
    }

    /// Reads the text of a key that has no column, from behind its quotation mark on.
    #[inline(always)]
    pub(super) fn strange_text(
        &mut self,
        scan: &mut Scan<'de>,
        word: WordIndex,
    ) -> Result<(), Malformed> {
        let word = self.vocabulary.word(word).ok_or(Malformed)?;
        let node = self.layout.nodes.get(word.node).ok_or(Malformed)?;
        let (catch_all, path) = self.catch_alls.of(node);
        catch_all.read_text(path, word, scan)
    }

    /// Reads any value of a key that has no column.
    #[inline(never)]
    pub(super) fn stranger(
        &mut self,
        scan: &mut Scan<'de>,
        word: WordIndex,
    ) -> Result<(), Malformed> {
        let may_hold_nothing = match scan.rest() {
            [b'{', next, ..] => *next <= b' ' || *next == b'}',
            [first, ..] => *first == b'n',
            [] => true,
        };
        if may_hold_nothing {
            let value = scan.value(self.nest, &mut Nowhere)?;
            self.unknown(word, value);
            return Ok(());
        }
        let word = self.vocabulary.word(word).ok_or(Malformed)?;
        let node = self.layout.nodes.get(word.node).ok_or(Malformed)?;
        let (catch_all, path) = self.catch_alls.of(node);
        catch_all.read(path, word, scan, self.nest)
    }

    /// Writes the value that was read last to its column, or to the catch-all when the column cannot hold it.
    #[inline(never)]
    fn known(&mut self, scan: &Scan<'de>, word: WordIndex, column: usize, value: Token<'de>) {
        if value.holds_nothing() {
            return;
        }
        let Some(slot) = self.layout.columns.get(column) else {
            return;
        };
        let before = self.row.end();
        slot.prefix.push_to(&mut self.row);
        let first_time = self.written.get(column) == Some(&false);
        if first_time && self.value(scan, slot.kind, value) {
            self.is_first(column);
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
            self.row.back_to(before);
            self.unknown(word, value);
        }
    }

    /// Appends `value` as a column of this kind has it; false if it has no such form.
    fn value(&mut self, scan: &Scan<'de>, kind: Kind, value: Token<'_>) -> bool {
        let piece = scan.piece_back(value.text.len());
        match kind {
            Kind::Text => {
                // The prefix ends with a quotation mark, and so does what follows begin.
                self.row.back_to(self.row.end() - 1);
                self.any_text(value);
            }
            Kind::Number => {
                let is_one = match value.plain_string() {
                    Some(text) => is_number(text),
                    None => is_number_token(value),
                };
                if !is_one {
                    return false;
                }
                match value.plain_string() {
                    Some(number) => self.row.text(number.as_bytes()),
                    None => self.row.short(piece, value.text.as_bytes()),
                }
            }
            Kind::Flag => {
                let flag = value.plain_string().unwrap_or(value.text);
                if flag.eq_ignore_ascii_case("false") {
                    self.row.array(b"false");
                } else if flag.eq_ignore_ascii_case("true") {
                    self.row.array(b"true");
                } else {
                    return false;
                }
            }
            Kind::Time => {
                if !value.plain_string().is_some_and(is_time) {
                    return false;
                }
                self.row.short(piece, value.text.as_bytes());
            }
            Kind::Guid => {
                let named = self.layout.naming == ColumnNaming::Full;
                if !value.text.starts_with('"') {
                    return false;
                }
                match value.plain_string().filter(|_| named).and_then(guid) {
                    Some(guid) => self.row.array(&guid),
                    None if value.escapes == 0 && value.text.len() <= MAX_VALUE + 2 => {
                        self.row.short(piece, value.text.as_bytes());
                    }
                    None => self.any_text(value),
                }
            }
        }
        true
    }

    fn any_text(&mut self, value: Token<'_>) {
        match value.text.bytes().next() {
            Some(b'"') if value.text.len() <= MAX_VALUE + 2 && is_decodable(value) => {
                self.row.text(value.text.as_bytes());
            }
            Some(b'"') => self.cut(&decoded(value)),
            Some(b'[' | b'{') => {
                let mut text = vec![b'"'];
                self.truncated += push_json(&mut text, value.text);
                text.push(b'"');
                self.row.text(&text);
            }
            _ => self.cut(value.text),
        }
    }

    fn cut(&mut self, text: &str) {
        let kept = cut_text(text, MAX_VALUE);
        self.truncated += text.len() - kept.len();
        let mut quoted = Vec::new();
        push_quoted(&mut quoted, kept);
        self.row.text(&quoted);
    }

    /// Keeps a value that has no column, under its name.
    fn unknown(&mut self, word: WordIndex, value: Token<'_>) {
        if value.holds_nothing() {
            return;
        }
        let Some(word) = self.vocabulary.word(word) else {
            return;
        };
        let Some(node) = self.node(word.node) else {
            return;
        };
        let name = Token::of(&word.quoted);
        let (catch_all, path) = self.catch_alls.of(node);
        catch_all.put(path, name, value);
    }

    /// Keeps something that stands where an object was expected.
    pub(super) fn stray(&mut self, node: NodeIndex, value: Token<'_>) {
        let Some(node) = self.node(node) else { return };
        if node.debug_data
            && self.catch_alls.debug_data.is_empty()
            && !self.catch_alls.debug_data_taken
        {
            self.catch_alls.debug_data_taken = true;
            self.row.text(self.layout.debug_data.as_bytes());
            self.any_text(value);
        } else if let Some((name, parents)) = node.path.split_last() {
            self.catch_alls
                .additional
                .put(parents, Token::without_escapes(name), value);
        } else {
            let name = Token::without_escapes("\"event\"");
            self.catch_alls.additional.put(&[], name, value);
        }
    }

    /// Keeps an event that cannot be walked.
    pub(super) fn whole(&mut self, scan: &mut Scan<'de>) -> Result<(), Stumble> {
        let event = scan.value(self.nest, &mut Nowhere)?;
        if event.text.starts_with('{') {
            self.row.text(self.layout.additional.as_bytes());
            self.any_text(event);
        } else {
            self.stray(ROOT, event);
        }
        Ok(())
    }

    /// Ends the row.
    pub(super) fn finish(mut self) -> Result<(Row<'de>, &'a [u8]), Needed> {
        for (column, nested) in [
            (&self.layout.debug_data, &mut self.catch_alls.debug_data),
            (&self.layout.additional, &mut self.catch_alls.additional),
        ] {
            if !nested.is_empty() {
                self.row.text(column.as_bytes());
                self.row.byte(b'"');
                self.truncated += nested.finish(&mut self.row);
                self.row.byte(b'"');
            }
        }
        if self.layout.naming == ColumnNaming::Full
            && let Some(published) = self.published
        {
            self.row.text(b",\"TimeGenerated\":\"");
            self.row.text(published.as_bytes());
            self.row.byte(b'"');
        }
        if self.truncated > 0 {
            self.row.text(self.layout.truncated.as_bytes());
            self.row.text(self.truncated.to_string().as_bytes());
        }
        self.row.byte(b'}');
        let inks = [
            &self.row,
            self.catch_alls.debug_data.ink(),
            self.catch_alls.additional.ink(),
        ];
        if !inks.iter().all(|ink| ink.is_whole()) {
            let [row, debug_data, additional] = inks.map(Ink::end);
            return Err(Needed {
                row,
                debug_data,
                additional,
            });
        }
        let json = self.row.into_written();
        let row = Row {
            id: self.uuid.unwrap_or_else(|| EventId::digest(json)),
            has_uuid: self.has_uuid,
            published: self.published,
            truncated: self.truncated,
        };
        Ok((row, json))
    }
}
