//! What has no column, in the event's own nesting.

use crate::array_cache::ArrayCache;
use crate::key_table::Key;
use crate::layout::{MemberName, Node};
use crate::row_buffer::RowBuffer;
use crate::scanner::Scanner;
use crate::schema::MAX_VALUE;
use crate::target::{EscapeInto, Target as _};
use crate::text::escaped;
use crate::token::{Malformed, Token};
use crate::truncate::truncate_json;
use crate::value::read_value;

/// JSON objects inside one another, opened only when something is put into them.
///
/// A column holds them as text, so they are written as the inside of a string at once.
#[derive(Debug)]
pub(crate) struct CatchAll<'a> {
    escaped: RowBuffer<'a>,
    /// Bytes of the JSON before escaping.
    length: usize,
    /// How many objects are open below the outermost.
    open: usize,
}

/// The two that a row has.
#[derive(Debug)]
pub(crate) struct CatchAlls<'a> {
    pub(crate) debug_data: CatchAll<'a>,
    /// `debugData` was no object: its column holds that value.
    pub(crate) is_debug_data_taken: bool,
    pub(crate) additional: CatchAll<'a>,
}

impl<'a> CatchAlls<'a> {
    /// Where the unmapped keys of an object go, and below which path.
    #[inline(always)]
    pub(crate) fn of<'n>(&mut self, node: &'n Node) -> (&mut CatchAll<'a>, &'n [MemberName]) {
        match node.is_debug_data && !self.is_debug_data_taken {
            true => (&mut self.debug_data, &[]),
            false => (&mut self.additional, &node.path),
        }
    }
}

impl<'a> CatchAll<'a> {
    pub(crate) fn new(escaped: RowBuffer<'a>) -> CatchAll<'a> {
        CatchAll {
            escaped,
            length: 0,
            open: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds a value below `path`, whose first `open` keys are the objects open already.
    pub(crate) fn put(&mut self, path: &[MemberName], name: &MemberName, value: Token<'_>) {
        self.name(path, name);
        self.escaped.text(&escaped(value.text));
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
                Ok(())
            }
            _ => self.read_long_string(path, key, scanner),
        }
    }

    #[inline(never)]
    fn read_long_string(
        &mut self,
        path: &[MemberName],
        key: &Key,
        scanner: &mut Scanner<'_>,
    ) -> Result<(), Malformed> {
        self.name(path, &key.name);
        let mut to = EscapeInto(&mut self.escaped);
        to.quote();
        self.length += scanner.rest_of_string(&mut to)?.text.len();
        Ok(())
    }

    /// Reads a value and adds it as [`CatchAll::put`] does, if it holds something.
    pub(crate) fn read(
        &mut self,
        path: &[MemberName],
        key: &Key,
        scanner: &mut Scanner<'_>,
        cache: &mut ArrayCache,
    ) -> Result<(), Malformed> {
        let (end, length, open) = (self.escaped.end(), self.length, self.open);
        self.name(path, &key.name);
        let value = read_value(scanner, cache, &mut EscapeInto(&mut self.escaped))?;
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
            self.open = 0;
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
        reason = "it was written as the inside of a string"
    )]
    pub(crate) fn finish(&mut self, row: &mut RowBuffer<'_>) -> usize {
        self.leave(1);
        self.byte(b'}');
        let Some(written) = self.escaped.written() else {
            // The row is written again, with larger buffers.
            return 0;
        };
        if self.length <= MAX_VALUE {
            row.bytes(written);
            return 0;
        }
        let string = [b"\"", written, b"\""].concat();
        let json: String = serde_json::from_slice(&string).expect("a string");
        let kept = truncate_json(&json, MAX_VALUE);
        row.text(&escaped(&kept));
        json.len() - kept.len()
    }

    pub(crate) fn buffer(&self) -> &RowBuffer<'a> {
        &self.escaped
    }
}
