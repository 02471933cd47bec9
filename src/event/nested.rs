//! What has no column, in the event's own nesting.

use super::cut::push_json;
use super::scan::Token;
use super::schema::MAX_VALUE;
use super::text::push_escaped;

/// JSON objects inside one another, opened only when something is put into them.
///
/// A column holds them as text, so they are written as the inside of a string at once: hardly a
/// value has anything to escape, and what has is told by its token.
#[derive(Debug, Default)]
pub(super) struct Nested {
    escaped: Vec<u8>,
    /// Bytes of the JSON before escaping.
    length: usize,
    open: usize,
}

impl Nested {
    pub(super) fn clear(&mut self) {
        self.escaped.clear();
        self.length = 0;
        self.open = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.escaped.is_empty()
    }

    /// Adds a value below `path`, whose first `open` keys are the objects open already.
    pub(super) fn put(&mut self, path: &[String], name: Token<'_>, value: Token<'_>) {
        if self.is_empty() {
            self.mark(b'{');
        }
        for key in path.get(self.open..).unwrap_or_default() {
            self.key(Token::of_schema(key));
            self.mark(b'{');
        }
        self.open = path.len();
        self.key(name);
        self.token(value);
    }

    fn key(&mut self, key: Token<'_>) {
        if self.escaped.last() != Some(&b'{') {
            self.mark(b',');
        }
        self.token(key);
        self.mark(b':');
    }

    fn mark(&mut self, byte: u8) {
        self.escaped.push(byte);
        self.length += 1;
    }

    fn token(&mut self, token: Token<'_>) {
        self.length += token.text.len();
        match token.plain_string() {
            Some(text) => {
                self.escaped.extend_from_slice(b"\\\"");
                self.escaped.extend_from_slice(text.as_bytes());
                self.escaped.extend_from_slice(b"\\\"");
            }
            None => push_escaped(&mut self.escaped, token.text.as_bytes()),
        }
    }

    /// The walk leaves the object at `depth`: what is open there or deeper ends.
    pub(super) fn leave(&mut self, depth: usize) {
        while depth > 0 && self.open >= depth {
            self.mark(b'}');
            self.open -= 1;
        }
    }

    /// Ends the outermost object and appends all of it, cut if it is longer than a value may be,
    /// as the inside of a string; returns the bytes cut.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> usize {
        self.leave(1);
        self.mark(b'}');
        if self.length <= MAX_VALUE {
            out.extend_from_slice(&self.escaped);
            return 0;
        }
        let string = [b"\"", self.escaped.as_slice(), b"\""].concat();
        let json: String = serde_json::from_slice(&string).unwrap_or_default();
        push_json(out, &json)
    }
}
