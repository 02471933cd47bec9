//! JSON text, token by token: the same grammar as `serde_json`'s, without its values.
//!
//! A token is borrowed from the page as it stands and goes to its [`Target`] while it is read, so
//! that a text is looked at once. Nothing is decoded here; what a token needs later (has it
//! escapes?) is known.

use super::chunk::{WIDTH, specials};
use super::nest::Nest;
use super::target::{Nowhere, Target, Text};

/// The text goes wrong here, or stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// One JSON value as it stands, without blanks around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'de> {
    pub(super) text: &'de str,
    /// A string that has a backslash in it. Of other values it says nothing.
    pub(super) escaped: bool,
}

impl<'de> Token<'de> {
    /// A value that was made rather than read.
    pub(super) fn of(text: &'de str) -> Token<'de> {
        let escaped = text.starts_with('"') && text.contains('\\');
        Token { text, escaped }
    }

    /// A token in which no backslash matters: a text without escapes, or no text.
    pub(super) fn without_escapes(quoted: &'de str) -> Token<'de> {
        Token {
            text: quoted,
            escaped: false,
        }
    }

    /// The inside of a string without escapes; `None` for any other token.
    pub(super) fn plain_string(self) -> Option<&'de str> {
        if self.escaped {
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
    at: usize,
}

impl<'de> Scan<'de> {
    pub(super) fn new(text: &'de str) -> Scan<'de> {
        Scan { text, at: 0 }
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'de [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
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
        escaped: bool,
    ) -> Result<Token<'de>, Malformed> {
        let text = self.text.get(start - 1..self.at).ok_or(Malformed)?;
        Ok(Token { text, escaped })
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
        let escaped = self.inside(to)?;
        to.quote();
        self.string_since(start, escaped)
    }

    /// Reads the rest of a string whose quotation mark was read, and its end; tells whether it has
    /// escapes. The marks themselves are not handed to `to`.
    #[inline(always)]
    pub(super) fn inside(&mut self, to: &mut impl Text) -> Result<bool, Malformed> {
        let mut scan = *self;
        let mut escaped = false;
        loop {
            scan.plain(to);
            match scan.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    to.escape(scan.escape()?);
                }
                _ => return Err(Malformed),
            }
        }
        self.at = scan.at + 1;
        Ok(escaped)
    }

    /// Goes past what needs no escape.
    #[inline(always)]
    fn plain(&mut self, to: &mut impl Text) {
        let mut rest = self.rest();
        while let Some(chunk) = rest.first_chunk() {
            let specials = specials(chunk);
            let length = specials.trailing_zeros() as usize;
            to.plain(chunk, length);
            rest = rest.get(length..).unwrap_or_default();
            if specials != 0 {
                self.at = self.text.len() - rest.len();
                return;
            }
        }
        self.at = self.text.len() - rest.len();
        self.last_plain(rest, to);
    }

    /// The last bytes of the page, and after them one that ends a string without being its end.
    #[cold]
    fn last_plain(&mut self, rest: &[u8], to: &mut impl Text) {
        let mut chunk = [0; WIDTH];
        if let Some(room) = chunk.get_mut(..rest.len()) {
            room.copy_from_slice(rest);
        }
        let length = specials(&chunk).trailing_zeros() as usize;
        to.plain(&chunk, length);
        self.at += length;
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
                self.word(to)?;
                self.token_since(start)
            }
        }
    }

    /// Goes past a number, `true`, `false` or `null`.
    #[inline(always)]
    pub(super) fn word(&mut self, to: &mut impl Target) -> Result<(), Malformed> {
        let start = self.at;
        let known = match self.peek() {
            Some(b't') => self.take_all(b"true"),
            Some(b'f') => self.take_all(b"false"),
            Some(b'n') => self.take_all(b"null"),
            _ => self.number().is_ok(),
        };
        if !known {
            return Err(Malformed);
        }
        to.word(self.bytes_since(start));
        Ok(())
    }

    fn number(&mut self) -> Result<(), Malformed> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(())
    }

    /// Goes past one digit at least.
    #[inline(always)]
    fn digits(&mut self) -> Result<(), Malformed> {
        let rest = self.rest();
        let other = rest.iter().position(|byte| !byte.is_ascii_digit());
        let count = other.unwrap_or(rest.len());
        self.at += count;
        if count > 0 { Ok(()) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let mut scan = Scan::new(text);
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
        }

        #[test]
        fn so_it_is_after_other_values(
            lists in prop::collection::vec(prop::collection::vec(pieces(), 1..4), 1..12),
        ) {
            let mut nest = Nest::new();
            for list in lists {
                for text in [format!("[{}]", list.join(",")), list.concat()] {
                    // Room after it lets what is remembered be compared with all of it.
                    is_read_as_serde_json_does(&mut nest, &(text + &" ".repeat(40)));
                }
            }
        }
    }
}
