//! What has no column, in the event's own nesting.

use crate::cut::push_json;
use crate::ink::Ink;
use crate::layout::Node;
use crate::nest::Nest;
use crate::scan::{Malformed, Scan, Token};
use crate::schema::MAX_VALUE;
use crate::target::{Escaped, Target};
use crate::text::push_escaped;
use crate::vocabulary::Word;

/// JSON objects inside one another, opened only when something is put into them.
///
/// A column holds them as text, so they are written as the inside of a string at once.
#[derive(Debug)]
pub(super) struct CatchAll<'a> {
    escaped: Ink<'a>,
    /// Bytes of the JSON before escaping.
    length: usize,
    open: usize,
}

/// The two that a row has.
#[derive(Debug)]
pub(super) struct CatchAlls<'a> {
    pub(super) debug_data: CatchAll<'a>,
    /// `debugData` was no object: its column holds that value.
    pub(super) debug_data_taken: bool,
    pub(super) additional: CatchAll<'a>,
}

impl<'a> CatchAlls<'a> {
    /// Where the unknown keys of an object go, and below which path.
    #[inline(always)]
    pub(super) fn of<'n>(&mut self, node: &'n Node) -> (&mut CatchAll<'a>, &'n [String]) {
        match node.debug_data && !self.debug_data_taken {
            true => (&mut self.debug_data, &[]),
            false => (&mut self.additional, &node.path),
        }
    }
}

impl<'a> CatchAll<'a> {
    pub(super) fn new(escaped: Ink<'a>) -> CatchAll<'a> {
        CatchAll {
            escaped,
            length: 0,
            open: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// What was written so far, or would have been.
    pub(super) fn ink(&self) -> &Ink<'a> {
        &self.escaped
    }

    /// Adds a value below `path`, whose first `open` keys are the objects open already.
    pub(super) fn put(&mut self, path: &[String], name: Token<'_>, value: Token<'_>) {
        self.name(path, name);
        self.token(value);
    }

    /// Reads the inside of a string and its end and adds it, see [`CatchAll::put`].
    #[inline(always)]
    pub(super) fn read_text(
        &mut self,
        path: &[String],
        word: &Word,
        scan: &mut Scan<'_>,
    ) -> Result<(), Malformed> {
        match (scan.short_text(), &word.escaped) {
            (Some((piece, length)), Some(escaped)) if self.follows(path) => {
                self.escaped.prefixed(escaped, piece, length);
                self.escaped.array(b"\\\"");
                scan.skip(length + 1);
                // A comma, a colon, and two quotation marks.
                self.length += word.quoted.len() + length + 4;
                Ok(())
            }
            _ => self.read_long_text(path, word, scan),
        }
    }

    #[inline(never)]
    fn read_long_text(
        &mut self,
        path: &[String],
        word: &Word,
        scan: &mut Scan<'_>,
    ) -> Result<(), Malformed> {
        self.word(path, word);
        let start = scan.at();
        let mut to = Escaped(&mut self.escaped);
        to.quote();
        scan.inside(&mut to)?;
        to.quote();
        self.length += scan.at() - start + 1;
        Ok(())
    }

    /// Reads a value and adds it, see [`CatchAll::put`].
    pub(super) fn read(
        &mut self,
        path: &[String],
        word: &Word,
        scan: &mut Scan<'_>,
        nest: &mut Nest,
    ) -> Result<(), Malformed> {
        self.word(path, word);
        let value = scan.value(nest, &mut Escaped(&mut self.escaped))?;
        self.length += value.text.len();
        Ok(())
    }

    /// Whether the object at `path` is the one that was added to last.
    #[inline(always)]
    fn follows(&self, path: &[String]) -> bool {
        self.open == path.len() && !self.is_empty()
    }

    fn word(&mut self, path: &[String], word: &Word) {
        match &word.escaped {
            Some(escaped) if self.follows(path) => {
                escaped.push_to(&mut self.escaped);
                // The value brings its own quotation mark, if it has one.
                self.escaped.back_to(self.escaped.end() - 2);
                self.length += word.quoted.len() + 2;
            }
            _ => self.name(path, Token::of(&word.quoted)),
        }
    }

    fn name(&mut self, path: &[String], name: Token<'_>) {
        if self.is_empty() {
            self.mark(b'{');
            self.open = 0;
        } else if self.open == path.len() {
            self.mark(b',');
            return self.key(name);
        }
        self.name_below(path, name);
    }

    fn name_below(&mut self, path: &[String], name: Token<'_>) {
        for key in path.get(self.open..).unwrap_or_default() {
            self.separate();
            self.key(Token::without_escapes(key));
            self.mark(b'{');
        }
        self.open = path.len();
        self.separate();
        self.key(name);
    }

    fn separate(&mut self) {
        if self.escaped.written().last() != Some(&b'{') {
            self.mark(b',');
        }
    }

    #[inline(always)]
    fn key(&mut self, key: Token<'_>) {
        self.token(key);
        self.mark(b':');
    }

    #[inline(always)]
    fn mark(&mut self, byte: u8) {
        self.escaped.byte(byte);
        self.length += 1;
    }

    #[inline(always)]
    fn token(&mut self, token: Token<'_>) {
        self.length += token.text.len();
        match token.plain_string() {
            Some(text) => {
                self.escaped.array(b"\\\"");
                self.escaped.text(text.as_bytes());
                self.escaped.array(b"\\\"");
            }
            None => self.odd(token.text),
        }
    }

    #[cold]
    fn odd(&mut self, token: &str) {
        let mut escaped = Vec::new();
        push_escaped(&mut escaped, token.as_bytes());
        self.escaped.text(&escaped);
    }

    /// The walk leaves the object at `depth`: what is open there or deeper ends.
    #[inline(always)]
    pub(super) fn leave(&mut self, depth: usize) {
        while depth > 0 && self.open >= depth {
            self.mark(b'}');
            self.open -= 1;
        }
    }

    /// Ends the outermost object and appends all of it, cut if it is longer than a value may be,
    /// as the inside of a string; returns the bytes cut.
    pub(super) fn finish(&mut self, out: &mut Ink<'_>) -> usize {
        self.leave(1);
        self.mark(b'}');
        if self.length <= MAX_VALUE {
            out.text(self.escaped.written());
            return 0;
        }
        let string = [b"\"", self.escaped.written(), b"\""].concat();
        let json: String = serde_json::from_slice(&string).unwrap_or_default();
        let mut kept = Vec::new();
        let cut = push_json(&mut kept, &json);
        out.text(&kept);
        cut
    }
}
