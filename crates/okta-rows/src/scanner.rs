//! The page's text, token by token: the same grammar as `serde_json`'s, without its values.
//!
//! A token is borrowed from the page as it stands. Nothing is decoded here.

use crate::escape_index::{EscapeIndex, LONGEST_RUN};
use crate::row_buffer::Window;
use crate::token::{Malformed, Token};

/// A position in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanner<'de> {
    text: &'de str,
    escapes: &'de EscapeIndex,
    at: usize,
}

impl<'de> Scanner<'de> {
    /// The start of a text, whose index this is.
    pub(crate) fn new(text: &'de str, escapes: &'de EscapeIndex) -> Scanner<'de> {
        Scanner {
            text,
            escapes,
            at: 0,
        }
    }

    /// What is not read yet.
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "only what was seen is skipped")]
    pub(crate) fn rest(&self) -> &'de [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// What was read from `start` on.
    #[inline(always)]
    pub(crate) fn text_since(&self, start: usize) -> &'de str {
        &self.text[start..self.at]
    }

    /// The same and the next bytes; `None` if there are not as many, or they are no characters.
    pub(crate) fn text_and_next(&self, start: usize, next: usize) -> Option<&'de str> {
        self.text.get(start..self.at + next)
    }

    #[inline(always)]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The next byte, which stays unread.
    #[inline(always)]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether a number begins so many bytes from here.
    #[inline(always)]
    pub(crate) fn is_number_at(&self, distance: usize) -> bool {
        let byte = self.text.as_bytes().get(self.at + distance);
        matches!(byte, Some(b'0'..=b'9' | b'-'))
    }

    /// Goes past `byte` if it is the next one.
    #[inline(always)]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Goes past `text` if it comes next.
    #[inline(always)]
    pub(crate) fn take_text<const N: usize>(&mut self, text: &[u8; N]) -> bool {
        let found = self.rest().first_chunk() == Some(text);
        self.at += if found { N } else { 0 };
        found
    }

    /// Goes past bytes that were seen.
    #[inline(always)]
    pub(crate) fn skip(&mut self, length: usize) {
        self.at += length;
    }

    /// Goes past blanks, of which Okta writes none.
    #[inline(always)]
    pub(crate) fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Goes past `byte` among blanks: a colon, a comma or a bracket.
    #[inline(always)]
    pub(crate) fn punctuation(&mut self, byte: u8) -> Result<(), Malformed> {
        self.skip_blanks();
        if !self.take(byte) {
            return Err(Malformed);
        }
        self.skip_blanks();
        Ok(())
    }

    /// Reads a key and its colon.
    pub(crate) fn key(&mut self) -> Result<Token<'de>, Malformed> {
        if !self.take(b'"') {
            return Err(Malformed);
        }
        let key = self.rest_of_string()?;
        self.punctuation(b':')?;
        Ok(key)
    }

    /// The inside of a string whose quotation mark was read, if it has no escapes and ends within
    /// [`LONGEST_RUN`]: its length, and the window that it begins.
    #[inline(always)]
    pub(crate) fn short_string(&self) -> Option<(&'de Window, usize)> {
        let window: &Window = self.rest().first_chunk()?;
        let length = self.escapes.unescaped_run(self.at);
        (window.get(length) == Some(&b'"')).then_some((window, length))
    }

    /// Reads a string whose quotation mark was read, to its end.
    pub(crate) fn rest_of_string(&mut self) -> Result<Token<'de>, Malformed> {
        let start = self.at - 1;
        let mut escapes = 0;
        loop {
            let run = self.escapes.unescaped_run(self.at);
            self.at += run;
            if run == LONGEST_RUN {
                continue;
            }
            match self.rest() {
                [b'"', ..] => {
                    self.at += 1;
                    return Ok(self.token(start, escapes));
                }
                [b'\\', b'u', a, b, c, d, ..]
                    if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
                {
                    self.at += 6;
                }
                [
                    b'\\',
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                    ..,
                ] => self.at += 2,
                _ => return Err(Malformed),
            }
            escapes += 1;
        }
    }

    /// Reads a number, `true`, `false` or `null`.
    #[inline(always)]
    pub(crate) fn scalar(&mut self) -> Result<Token<'de>, Malformed> {
        let start = self.at;
        if let Some(b'f' | b'n' | b't') = self.peek() {
            let is_name =
                self.take_text(b"true") || self.take_text(b"false") || self.take_text(b"null");
            return if is_name {
                Ok(self.token(start, 0))
            } else {
                Err(Malformed)
            };
        }
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        let has_exponent = self.take(b'e') || self.take(b'E');
        if has_exponent {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(self.token(start, usize::from(has_exponent)))
    }

    /// Goes past one digit at least.
    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// What was read from `start` on, as one value.
    #[inline(always)]
    pub(crate) fn token(&self, start: usize, escapes: usize) -> Token<'de> {
        let text = self.text_since(start);
        Token { text, escapes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape_index::EscapeIndex;
    use proptest::prelude::*;

    fn is_read_as_serde_json_does(text: &str) {
        for behind in ["", ",", "x", " "] {
            let page = format!("{text}{behind}{}", " ".repeat(70));
            let index = EscapeIndex::of(&page);
            let mut scanner = Scanner::new(&page, &index);
            let read = scanner.scalar();
            let is_one = serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
            // Of `00` the first digit is read, and what follows a number is not looked at.
            assert_eq!(read.is_ok() && scanner.at() == text.len(), is_one, "{page}");
            if is_one {
                assert_eq!(
                    read.unwrap().escapes > 0,
                    text.contains(['e', 'E']),
                    "{page}"
                );
            }
        }
    }

    #[test]
    fn numbers_at_the_edge_of_the_grammar() {
        for text in [
            "0",
            "-0",
            "00",
            "01",
            "-01",
            "0.0",
            "00.1",
            "-",
            "-.5",
            ".5",
            "5.",
            "1..2",
            "1.e1",
            "1e",
            "1e+",
            "1E-09",
            "123456789012345",
            "1234567890123456",
            "-12345.678901234",
            "-12345.6789012345",
        ] {
            is_read_as_serde_json_does(text);
        }
    }

    proptest! {
        #[test]
        fn a_number_is_one_for_both(text in "-?[0-9]{0,17}([.][0-9]{0,17})?([eE][+-]?[0-9]{0,2})?") {
            is_read_as_serde_json_does(&text);
        }
    }
}
