//! JSON text, token by token: the same grammar as `serde_json`'s, without its values.
//!
//! A token is borrowed from the page as it stands and goes to its [`Target`] while it is read, so
//! that a text is looked at once. Nothing is decoded here; what a token needs later (has it
//! escapes?) is known.

use crate::chunk::Chunk;
use crate::ink::Piece;
use crate::marks::{Marked, SIGHT};
use crate::nest::Nest;
use crate::target::{Nowhere, Target, Text};

/// The text goes wrong here, or stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// One JSON value as it stands, without blanks around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'de> {
    pub(super) text: &'de str,
    /// Of a string its escapes, of a number its exponents; of other values it says nothing. A
    /// count and not a flag: a processor waits where a byte was written and a word is read.
    pub(super) escapes: usize,
}

impl<'de> Token<'de> {
    /// A value that was made rather than read.
    pub(super) fn of(text: &'de str) -> Token<'de> {
        let mark = if text.starts_with('"') { b'\\' } else { b'e' };
        let is_mark = |byte: &u8| *byte == mark || *byte == mark.to_ascii_uppercase();
        let escapes = text.bytes().filter(is_mark).count();
        Token { text, escapes }
    }

    /// A token in which no backslash matters: a text without escapes, or no text.
    pub(super) fn without_escapes(quoted: &'de str) -> Token<'de> {
        Token {
            text: quoted,
            escapes: 0,
        }
    }

    /// The inside of a string without escapes; `None` for any other token.
    pub(super) fn plain_string(self) -> Option<&'de str> {
        if self.escapes > 0 {
            return None;
        }
        self.text.strip_prefix('"')?.strip_suffix('"')
    }

    /// Whether it is nothing worth a column: `null`, or an object without keys.
    pub(super) fn holds_nothing(self) -> bool {
        let inside = || {
            let inside = self.text.strip_prefix('{')?.strip_suffix('}')?;
            Some(inside.trim_ascii().is_empty())
        };
        match self.text.as_bytes().first() {
            Some(b'n') => true,
            Some(b'{') => inside().unwrap_or(false),
            _ => false,
        }
    }
}

/// A place in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan<'de> {
    text: &'de str,
    marks: Marked<'de>,
    at: usize,
}

impl<'de> Scan<'de> {
    /// The start of a text, which has these marks.
    pub(super) fn new(text: &'de str, marks: Marked<'de>) -> Scan<'de> {
        Scan { text, marks, at: 0 }
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'de [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The same, the first bytes apart; `None` near the page's end.
    #[inline(always)]
    pub(super) fn ahead(&self) -> Option<(&'de Chunk, &'de [u8])> {
        self.text.as_bytes().get(self.at..)?.split_first_chunk()
    }

    /// The bytes that were read from `start` on.
    pub(super) fn bytes_since(&self, start: usize) -> &'de [u8] {
        self.text.as_bytes().get(start..self.at).unwrap_or_default()
    }

    /// Where the next byte stands.
    #[inline(always)]
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The value that was read from `start` on, if it is no string.
    pub(super) fn token_since(&self, start: usize) -> Result<Token<'de>, Malformed> {
        let text = self.text.get(start..self.at).ok_or(Malformed)?;
        Ok(Token::without_escapes(text))
    }

    /// The string that was read, whose inside begins at `start`.
    pub(super) fn string_since(
        &self,
        start: usize,
        escapes: usize,
    ) -> Result<Token<'de>, Malformed> {
        let text = self.text.get(start - 1..self.at).ok_or(Malformed)?;
        Ok(Token { text, escapes })
    }

    /// The next byte, which stays where it is.
    #[inline(always)]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes past `byte` if it is the next one.
    #[inline(always)]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Goes past `text` if it comes next.
    #[inline(always)]
    pub(super) fn take_all(&mut self, text: &[u8]) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Goes past bytes that were seen.
    #[inline(always)]
    pub(super) fn skip(&mut self, length: usize) {
        self.at += length;
    }

    /// Reads a key and its colon.
    pub(super) fn key(&mut self) -> Result<Token<'de>, Malformed> {
        let key = self.string(&mut Nowhere)?;
        self.mark(b':')?;
        Ok(key)
    }

    /// Goes past `null` if it comes next.
    #[inline(always)]
    pub(super) fn take_null(&mut self) -> bool {
        let found = self.rest().first_chunk() == Some(b"null");
        self.at += if found { 4 } else { 0 };
        found
    }

    /// Goes past blanks, of which Okta writes none.
    #[inline(always)]
    pub(super) fn blank(&mut self) {
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.blanks();
        }
    }

    #[cold]
    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Goes past `byte` among blanks: a colon, a comma or a bracket.
    #[inline(always)]
    pub(super) fn mark(&mut self, byte: u8) -> Result<(), Malformed> {
        self.blank();
        if !self.take(byte) {
            return Err(Malformed);
        }
        self.blank();
        Ok(())
    }

    /// Reads a string.
    #[inline(always)]
    pub(super) fn string(&mut self, to: &mut impl Target) -> Result<Token<'de>, Malformed> {
        if !self.take(b'"') {
            return Err(Malformed);
        }
        to.quote();
        let start = self.at;
        let escapes = self.inside(to)?;
        to.quote();
        self.string_since(start, escapes)
    }

    /// Reads the rest of a string whose quotation mark was read, and its end; tells how many
    /// escapes it has. The marks themselves are not handed to `to`.
    #[inline(always)]
    pub(super) fn inside(&mut self, to: &mut impl Text) -> Result<usize, Malformed> {
        let mut scan = *self;
        let mut escapes = 0;
        loop {
            scan.plain(to);
            match scan.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes += 1;
                    to.escape(scan.escape()?);
                }
                _ => return Err(Malformed),
            }
        }
        self.at = scan.at + 1;
        Ok(escapes)
    }

    /// A text that ends within sight and has no escapes, from behind its quotation mark on: its
    /// length, and as much of the page as may be copied with it.
    #[inline(always)]
    pub(super) fn short_text(&self) -> Option<(&'de Piece, usize)> {
        let piece = self.piece()?;
        let length = self.marks.plain(self.at);
        (piece.get(length) == Some(&b'"')).then_some((piece, length))
    }

    /// Goes past what needs no escape.
    #[inline(always)]
    fn plain(&mut self, to: &mut impl Text) {
        loop {
            let length = self.marks.plain(self.at);
            match self.piece() {
                Some(piece) => to.plain(piece, length),
                None => to.plain(&self.last_piece(), length),
            }
            self.at += length;
            if length < SIGHT {
                return;
            }
        }
    }

    /// What comes next; `None` near the page's end.
    #[inline(always)]
    pub(super) fn piece(&self) -> Option<&'de Piece> {
        self.text.as_bytes().get(self.at..)?.first_chunk()
    }

    /// The last bytes of the page, and nothing after them.
    #[cold]
    fn last_piece(&self) -> Piece {
        let mut piece = [0; _];
        if let Some(room) = piece.get_mut(..self.rest().len()) {
            room.copy_from_slice(self.rest());
        }
        piece
    }

    fn escape(&mut self) -> Result<&'de [u8], Malformed> {
        let rest = self.rest();
        let length = match rest {
            [
                _,
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                ..,
            ] => 2,
            [_, b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|x| x.is_ascii_hexdigit()) => 6,
            _ => return Err(Malformed),
        };
        self.at += length;
        rest.get(..length).ok_or(Malformed)
    }

    /// Reads any value.
    #[inline(always)]
    pub(super) fn value(
        &mut self,
        nest: &mut Nest,
        to: &mut impl Target,
    ) -> Result<Token<'de>, Malformed> {
        match self.peek() {
            Some(b'"') => self.string(to),
            Some(b'{' | b'[') => self.structured(nest, to),
            _ => {
                let start = self.at;
                let escapes = self.word(to)?;
                let token = self.token_since(start)?;
                Ok(Token { escapes, ..token })
            }
        }
    }

    /// Goes past a number, `true`, `false` or `null`; tells how many exponents it has.
    #[inline(always)]
    pub(super) fn word(&mut self, to: &mut impl Target) -> Result<usize, Malformed> {
        let start = self.at;
        let known = match self.peek() {
            Some(b't') => self.take_all(b"true"),
            Some(b'f') => self.take_all(b"false"),
            Some(b'n') => self.take_all(b"null"),
            _ => return self.number(to),
        };
        if !known {
            return Err(Malformed);
        }
        to.word(self.bytes_since(start));
        Ok(0)
    }

    /// What follows the place that lies so many bytes back.
    #[inline(always)]
    pub(super) fn piece_back(&self, length: usize) -> Option<&'de Piece> {
        let start = self.at.checked_sub(length)?;
        self.text.as_bytes().get(start..)?.first_chunk()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marks::Marks;
    use proptest::prelude::*;

    /// Pieces that make long values, and nearly values, of any depth.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "[",
            "]",
            "{",
            "}",
            ",",
            ",",
            ":",
            "\"a\"",
            "\"b\":",
            "\"c\":\"",
            "\"",
            "1",
            "-0.5e1",
            "true",
            "false",
            "null",
            " ",
            "\n",
            "\\n",
            "{\"a\":1}",
            "[\"a\",\"b\"]",
            "[1,2]",
            "[]",
            "{}",
            "\"a text of more than thirty-two bytes\"",
        ]);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    fn is_read_as_serde_json_does(nest: &mut Nest, text: &str) {
        let mut marks = Marks::default();
        let mut scan = Scan::new(text, marks.of(text));
        scan.blank();
        let read = scan.value(nest, &mut Nowhere);
        scan.blank();
        let whole = read.is_ok() && scan.rest().is_empty();
        let is_one = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        assert_eq!(whole, is_one, "{text}");
        if whole {
            assert_eq!(read.unwrap().text, text.trim_ascii());
        }
    }

    proptest! {
        #[test]
        fn what_serde_json_takes_for_a_value_is_one_and_nothing_else(text in "[\\[\\]{}:,\"\\\\u0aeE.+\\-1 \\n]{0,12}") {
            is_read_as_serde_json_does(&mut Nest::new(), &text);
            is_read_as_serde_json_does(&mut Nest::new(), &(text + &" ".repeat(70)));
        }

        #[test]
        fn so_it_is_after_other_values(
            lists in prop::collection::vec(prop::collection::vec(pieces(), 1..4), 1..12),
        ) {
            let mut nest = Nest::new();
            for list in lists {
                for text in [format!("[{}]", list.join(",")), list.concat()] {
                    // With room after it, it is looked at as all but a page's end is.
                    is_read_as_serde_json_does(&mut nest, &(text + &" ".repeat(70)));
                }
            }
        }
    }
}
