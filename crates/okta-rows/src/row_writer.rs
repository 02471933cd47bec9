//! One row being written: which value goes where, and in which form.

#![expect(clippy::indexing_slicing, reason = "columns are indices of COLUMNS")]

use crate::array_cache::ArrayCache;
use crate::catch_all::CatchAlls;
use crate::event_id::EventId;
use crate::key_table::{KeyIndex, KeyTable};
use crate::layout::{ColumnNaming, Layout, MemberName, NodeIndex, ROOT};
use crate::row::Row;
use crate::row_buffer::RowBuffer;
use crate::scanner::Scanner;
use crate::schema::{COLUMNS, Column, Kind, MAX_VALUE};
use crate::text::{decoded, is_decodable, is_number, is_number_token, is_time, quoted};
use crate::token::{Malformed, Token};
use crate::truncate::{truncate_json, truncate_text};
use crate::value::{read_nested, read_value};

/// Writes one row after the other; what it learns of one event's shape serves for the next.
#[derive(Debug)]
pub(crate) struct RowWriter {
    pub(crate) layout: Layout,
    pub(crate) keys: KeyTable,
    pub(crate) cache: ArrayCache,
    catch_alls: CatchAlls,
    row: RowBuffer,
    /// Whether a column has its value. A second one (a repeated key) goes to the catch-all.
    is_written: [bool; COLUMNS.len()],
    pub(crate) truncated: usize,
    has_uuid: bool,
    uuid: Option<EventId>,
    /// Empty if the event has none that is a time.
    published: String,
}

impl RowWriter {
    pub(crate) fn new(naming: ColumnNaming) -> RowWriter {
        let layout = Layout::new(naming);
        RowWriter {
            keys: KeyTable::new(&layout),
            layout,
            cache: ArrayCache::default(),
            catch_alls: CatchAlls::default(),
            row: RowBuffer::default(),
            is_written: [false; _],
            truncated: 0,
            has_uuid: false,
            uuid: None,
            published: String::new(),
        }
    }

    /// Begins a row with `opening`.
    pub(crate) fn begin(&mut self, opening: &str) {
        self.row.clear();
        self.row.text(opening);
        self.catch_alls.clear();
        self.is_written = [false; _];
        (self.truncated, self.has_uuid, self.uuid) = (0, false, None);
        self.published.clear();
    }

    /// The objects at `depth` and deeper have ended; at 0 none.
    #[inline(always)]
    pub(crate) fn leave(&mut self, depth: usize) {
        self.catch_alls.additional.leave(depth);
    }

    /// Copies the string of a column, whose quotation mark was read.
    #[inline(always)]
    pub(crate) fn column_string(
        &mut self,
        scanner: &mut Scanner<'_>,
        key: KeyIndex,
        column: usize,
    ) -> Result<(), Malformed> {
        match scanner.short_string() {
            Some((window, length)) if !self.is_written[column] => {
                self.is_written[column] = true;
                // With the quotation mark behind it.
                let prefix = &self.layout.prefixes[column];
                self.row.padded_and_window(prefix, window, length + 1);
                scanner.skip(length + 1);
            }
            _ => {
                let value = scanner.rest_of_string()?;
                self.put(key, column, value);
            }
        }
        Ok(())
    }

    /// Reads any value of a column. An array or object is written while it is read.
    #[inline(always)]
    pub(crate) fn column(
        &mut self,
        scanner: &mut Scanner<'_>,
        key: KeyIndex,
        column: usize,
    ) -> Result<(), Malformed> {
        scanner.skip_blanks();
        let value = if let Some(b'[' | b'{') = scanner.peek() {
            let before = self.row.len();
            self.row.padded(&self.layout.prefixes[column]);
            let value = read_nested(scanner, &mut self.cache, &mut self.row)?;
            self.row.byte(b'"');
            let fits = value.text.len() <= MAX_VALUE && COLUMNS[column].kind == Kind::Text;
            if fits && !value.holds_nothing() && !self.is_written[column] {
                self.is_written[column] = true;
                return Ok(());
            }
            self.row.truncate(before);
            value
        } else {
            read_value(scanner, &mut self.cache)?
        };
        self.put(key, column, value);
        Ok(())
    }

    /// Reads any value of a key that has no column; of a string the quotation mark was read.
    #[inline(always)]
    pub(crate) fn unmapped(
        &mut self,
        scanner: &mut Scanner<'_>,
        key: KeyIndex,
        is_string: bool,
    ) -> Result<(), Malformed> {
        let key = self.keys.key(key);
        let (catch_all, path) = self.catch_alls.of(self.layout.node(key.node));
        match is_string {
            true => catch_all.read_string(path, key, scanner),
            false => catch_all.read(path, key, scanner, &mut self.cache),
        }
    }

    /// Writes a value to its column, or to the catch-all when the column cannot hold it.
    #[inline(never)]
    fn put(&mut self, key: KeyIndex, column: usize, value: Token<'_>) {
        if value.holds_nothing() {
            return;
        }
        let Column { path, kind, .. } = COLUMNS[column];
        let before = self.row.len();
        self.row.padded(&self.layout.prefixes[column]);
        if self.is_written[column] || !self.write(kind, value) {
            self.row.truncate(before);
            let key = self.keys.key(key);
            let (catch_all, path) = self.catch_alls.of(self.layout.node(key.node));
            return catch_all.put(path, &key.name, value);
        }
        self.is_written[column] = true;
        match path {
            "uuid" => {
                let uuid = decoded(value);
                self.has_uuid = !uuid.is_empty();
                self.uuid = EventId::from_uuid(&uuid);
            }
            "published" => self.published.extend(value.plain_string()),
            _ => {}
        }
    }

    /// Appends a value as a column of this kind has it; false if it has no such form.
    fn write(&mut self, kind: Kind, value: Token<'_>) -> bool {
        let plain = value.plain_string();
        match kind {
            Kind::Text => {
                // The prefix ends with a quotation mark, and so does what follows begin.
                self.row.truncate(self.row.len() - 1);
                self.write_text(value);
            }
            Kind::Number if plain.map_or_else(|| is_number_token(value), is_number) => {
                self.row.text(plain.unwrap_or(value.text));
            }
            Kind::Flag => match plain.unwrap_or(value.text) {
                flag if flag.eq_ignore_ascii_case("false") => self.row.array(b"false"),
                flag if flag.eq_ignore_ascii_case("true") => self.row.array(b"true"),
                _ => return false,
            },
            Kind::Time if plain.is_some_and(is_time) => self.row.text(value.text),
            Kind::Guid if value.text.starts_with('"') => {
                let is_full = self.layout.naming == ColumnNaming::Full;
                match plain.filter(|_| is_full).and_then(EventId::from_uuid) {
                    Some(guid) => self.row.array(&guid.quoted()),
                    None => self.write_text(value),
                }
            }
            Kind::Number | Kind::Time | Kind::Guid => return false,
        }
        true
    }

    /// Appends any value as a text, cut if it is too long.
    fn write_text(&mut self, value: Token<'_>) {
        match value.text.as_bytes() {
            [b'"', inside @ .., _] if inside.len() <= MAX_VALUE && is_decodable(value) => {
                self.row.text(value.text);
            }
            [b'"', ..] => self.write_truncated(&decoded(value)),
            [b'[' | b'{', ..] => {
                let json = match value.text.len() <= MAX_VALUE {
                    true => value.text,
                    false => &truncate_json(value.text, MAX_VALUE),
                };
                self.truncated += value.text.len() - json.len();
                self.row.byte(b'"');
                self.row.escape(json);
                self.row.byte(b'"');
            }
            _ => self.write_truncated(value.text),
        }
    }

    fn write_truncated(&mut self, text: &str) {
        let kept = truncate_text(text);
        self.truncated += text.len() - kept.len();
        self.row.text(quoted(kept));
    }

    /// Keeps something that stands where an object was expected.
    pub(crate) fn put_type_mismatch(&mut self, node: NodeIndex, value: Token<'_>) {
        let node = self.layout.node(node);
        let catch_alls = &mut self.catch_alls;
        let is_first = catch_alls.debug_data.is_empty() && !catch_alls.is_debug_data_taken;
        if node.is_debug_data && is_first {
            catch_alls.is_debug_data_taken = true;
            self.row.text(&self.layout.debug_data);
            self.write_text(value);
        } else if let Some((name, parents)) = node.path.split_last() {
            catch_alls.additional.put(parents, name, value);
        } else {
            let name = MemberName::of("\"event\"");
            catch_alls.additional.put(&[], &name, value);
        }
    }

    /// Keeps an event whole, as one value.
    pub(crate) fn put_event(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Malformed> {
        let event = read_value(scanner, &mut self.cache)?;
        if event.text.starts_with('{') {
            self.row.text(&self.layout.additional);
            self.write_text(event);
        } else {
            self.put_type_mismatch(ROOT, event);
        }
        Ok(())
    }

    /// Ends the row and appends it to `out`. `raw` is passed on.
    pub(crate) fn finish<'r>(&'r mut self, raw: Option<&'r [u8]>, out: &mut Vec<u8>) -> Row<'r> {
        for (column, catch_all) in [
            (&self.layout.debug_data, &mut self.catch_alls.debug_data),
            (&self.layout.additional, &mut self.catch_alls.additional),
        ] {
            if !catch_all.is_empty() {
                self.row.text(column);
                self.row.byte(b'"');
                self.truncated += catch_all.finish(&mut self.row);
                self.row.byte(b'"');
            }
        }
        let published = (!self.published.is_empty()).then_some(self.published.as_str());
        if let (ColumnNaming::Full, Some(published)) = (self.layout.naming, published) {
            self.row.text(",\"TimeGenerated\":\"");
            self.row.text(published);
            self.row.byte(b'"');
        }
        if self.truncated > 0 {
            self.row.text(&self.layout.truncated);
            self.row.text(self.truncated.to_string());
        }
        self.row.byte(b'}');
        let json = self.row.written();
        out.extend_from_slice(json);
        Row {
            id: self.uuid.unwrap_or_else(|| EventId::digest(json)),
            has_uuid: self.has_uuid,
            published,
            truncated: self.truncated,
            raw,
        }
    }
}
