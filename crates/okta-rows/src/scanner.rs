//! The page's text, token by token: the same grammar as `serde_json`'s, without its values.
//!
//! A token is borrowed from the page as it stands and goes to its [`Target`] while it is read, so
//! that a text is looked at once. Nothing is decoded here.

use crate::escape_index::{EscapeBits, LONGEST_RUN};
use crate::row_buffer::Window;
use crate::simd_literal::Chunk;
use crate::target::{Discard, Target};
use crate::token::{Malformed, Token};

/// A position in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanner<'de> {
    text: &'de str,
    escapes: EscapeBits<'de>,
    at: usize,
}

impl<'de> Scanner<'de> {
    /// The start of a text, whose index this is.
    pub(crate) fn new(text: &'de str, escapes: EscapeBits<'de>) -> Scanner<'de> {
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

    /// The same, its first bytes apart; `None` near the page's end.
    #[inline(always)]
    pub(crate) fn lookahead(&self) -> Option<(&'de Chunk, &'de [u8])> {
        self.rest().split_first_chunk()
    }

    /// The next bytes; `None` near the page's end.
    #[inline(always)]
    fn window(&self) -> Option<&'de Window> {
        self.rest().first_chunk()
    }

    /// What was read from `start` on.
    #[inline(always)]
    pub(crate) fn text_since(&self, start: usize) -> &'de str {
        &self.text[start..self.at]
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
        let key = self.string(&mut Discard)?;
        self.punctuation(b':')?;
        Ok(key)
    }

    /// Reads a string.
    #[inline(always)]
    pub(crate) fn string(&mut self, to: &mut impl Target) -> Result<Token<'de>, Malformed> {
        if !self.take(b'"') {
            return Err(Malformed);
        }
        to.quote();
        self.rest_of_string(to)
    }

    /// Reads a string whose quotation mark was read, to its end.
    #[inline(always)]
    pub(crate) fn rest_of_string(&mut self, to: &mut impl Target) -> Result<Token<'de>, Malformed> {
        let start = self.at - 1;
        let mut escapes = 0;
        loop {
            self.unescaped_run(to);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes += 1;
                    to.escape(self.escape()?);
                }
                _ => return Err(Malformed),
            }
        }
        self.at += 1;
        to.quote();
        let text = self.text_since(start);
        Ok(Token { text, escapes })
    }

    /// The inside of a string whose quotation mark was read, if it has no escapes and ends within
    /// [`LONGEST_RUN`]: its length, and the window that it begins.
    #[inline(always)]
    pub(crate) fn short_string(&self) -> Option<(&'de Window, usize)> {
        let window = self.window()?;
        let length = self.escapes.unescaped_run(self.at);
        (window.get(length) == Some(&b'"')).then_some((window, length))
    }

    /// Goes past what needs no escape.
    #[inline(always)]
    fn unescaped_run(&mut self, to: &mut impl Target) {
        loop {
            let length = self.escapes.unescaped_run(self.at);
            match self.window() {
                Some(window) => to.unescaped(window, length),
                None => to.unescaped(&self.last_window(), length),
            }
            self.at += length;
            if length < LONGEST_RUN {
                return;
            }
        }
    }

    /// The last bytes of the page, padded.
    #[cold]
    fn last_window(&self) -> Window {
        let mut window = [0; _];
        for (to, from) in window.iter_mut().zip(self.rest()) {
            *to = *from;
        }
        window
    }

    fn escape(&mut self) -> Result<&'de str, Malformed> {
        let start = self.at;
        self.at += match self.rest() {
            [
                _,
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                ..,
            ] => 2,
            [_, b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|x| x.is_ascii_hexdigit()) => 6,
            _ => return Err(Malformed),
        };
        Ok(self.text_since(start))
    }
}
