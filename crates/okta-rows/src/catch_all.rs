//! What has no column, in the event's own nesting.

use crate::array_cache::ArrayCache;
use crate::key_table::Key;
use crate::layout::{MemberName, Node};
use crate::row_buffer::RowBuffer;
use crate::scanner::Scanner;
use crate::schema::MAX_VALUE;
use crate::token::{Malformed, Token};
use crate::truncate::truncate_json;
use crate::value::read_nested;

/// JSON objects inside one another, opened only when something is put into them.
///
/// A column holds them as text, so they are written as the inside of a string at once.
#[derive(Debug, Default)]
pub(crate) struct CatchAll {
    escaped: RowBuffer,
    /// Bytes of the JSON before escaping.
    length: usize,
    /// How many objects are open below the outermost.
    open: usize,
}

/// The two that a row has.
#[derive(Debug, Default)]
pub(crate) struct CatchAlls {
    pub(crate) debug_data: CatchAll,
    /// `debugData` was no object: its column holds that value.
    pub(crate) is_debug_data_taken: bool,
    pub(crate) additional: CatchAll,
}

impl CatchAlls {
    pub(crate) fn clear(&mut self) {
        for catch_all in [&mut self.debug_data, &mut self.additional] {
            catch_all.escaped.clear();
            (catch_all.length, catch_all.open) = (0, 0);
        }
        self.is_debug_data_taken = false;
    }

    /// Where the unmapped keys of an object go, and below which path.
    #[inline(always)]
    pub(crate) fn of<'n>(&mut self, node: &'n Node) -> (&mut CatchAll, &'n [MemberName]) {
        match node.is_debug_data && !self.is_debug_data_taken {
            true => (&mut self.debug_data, &[]),
            false => (&mut self.additional, &node.path),
        }
    }
}

impl CatchAll {
    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds a value below `path`, whose first `open` keys are the objects open already.
    pub(crate) fn put(&mut self, path: &[MemberName], name: &MemberName, value: Token<'_>) {
        self.name(path, name);
        self.escaped.escape(value.text);
        self.length += value.text.len();
    }

    /// Reads a string whose quotation mark was read, and adds it as [`CatchAll::put`] does.
    #[inline(always)]
    pub(crate) fn read_string(
        &mut self,
        path: &[MemberName],
        key: &Key,
        scanner: &mut Scanner<'_>,
    ) -> Result<(), Malformed> {
        let follows = self.open == path.len() && !self.is_empty();
        match (scanner.short_string(), &key.before_text) {
            (Some((window, length)), Some(before)) if follows => {
                self.escaped.padded_and_window(before, window, length);
                self.escaped.array(b"\\\"");
                scanner.skip(length + 1);
                // A comma and two quotation marks.
                self.length += key.name.length + length + 3;
            }
            _ => {
                self.name(path, &key.name);
                let string = scanner.rest_of_string()?;
                self.escaped.array(b"\\\"");
                self.escaped.rest_of_string(string);
                self.length += string.text.len();
            }
        }
        Ok(())
    }

    /// Reads a value that is no string and adds it as [`CatchAll::put`] does, if it holds something.
    #[inline(never)]
    pub(crate) fn read(
        &mut self,
        path: &[MemberName],
        key: &Key,
        scanner: &mut Scanner<'_>,
        cache: &mut ArrayCache,
    ) -> Result<(), Malformed> {
        let (end, length, open) = (self.escaped.len(), self.length, self.open);
        self.name(path, &key.name);
        let value = if let Some(b'{' | b'[') = scanner.peek() {
            read_nested(scanner, cache, &mut self.escaped)?
        } else {
            let scalar = scanner.scalar()?;
            self.escaped.text(scalar.text);
            scalar
        };
        self.length += value.text.len();
        if value.holds_nothing() {
            self.escaped.truncate(end);
            (self.length, self.open) = (length, open);
        }
        Ok(())
    }

    /// Opens the objects of `path` that are not open yet, and begins a member.
    fn name(&mut self, path: &[MemberName], name: &MemberName) {
        let mut is_first = self.is_empty();
        if is_first {
            self.byte(b'{');
        }
        for object in path.iter().skip(self.open) {
            self.member(object, is_first);
            self.byte(b'{');
            is_first = true;
        }
        self.open = path.len();
        self.member(name, is_first);
    }

    fn member(&mut self, name: &MemberName, is_first: bool) {
        if !is_first {
            self.byte(b',');
        }
        self.escaped.text(&name.escaped);
        self.length += name.length;
    }

    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        self.escaped.byte(byte);
        self.length += 1;
    }

    /// Ends the objects at `depth` and deeper; at 0 none.
    #[inline(always)]
    pub(crate) fn leave(&mut self, depth: usize) {
        while depth > 0 && self.open >= depth {
            self.byte(b'}');
            self.open -= 1;
        }
    }

    /// Ends the outermost object and appends all of it to a string of the row, cut if it is longer
    /// than a value may be; returns the bytes cut.
    #[expect(
        clippy::expect_used,
        reason = "JSON was written, as the inside of a string"
    )]
    pub(crate) fn finish(&mut self, row: &mut RowBuffer) -> usize {
        self.leave(1);
        self.byte(b'}');
        let written = self.escaped.written();
        if self.length <= MAX_VALUE {
            row.text(written);
            return 0;
        }
        let json = String::from_utf8(unescaped(written)).expect("text");
        let kept = truncate_json(&json, MAX_VALUE);
        row.escape(&kept);
        json.len() - kept.len()
    }
}

/// What [`RowBuffer::escape`] was given.
fn unescaped(mut written: &[u8]) -> Vec<u8> {
    let mut json = Vec::with_capacity(written.len());
    while let Some(at) = written.iter().position(|byte| *byte == b'\\')
        && let Some((before, [_, letter, rest @ ..])) = written.split_at_checked(at)
    {
        json.extend_from_slice(before);
        json.push(match letter {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            other => *other,
        });
        written = rest;
    }
    json.extend_from_slice(written);
    json
}
