//! Where a value goes while it is read: nowhere, or to the row or a catch-all, in one of two forms.

use crate::ink::{Ink, Piece, Prefix};
use crate::text::push_escaped;

/// Takes the inside of a string, part by part.
pub(super) trait Text {
    /// The first `length` bytes of `piece`, none of which needs an escape.
    fn plain(&mut self, piece: &Piece, length: usize);
    /// One escape, from its backslash on.
    fn escape(&mut self, escape: &[u8]);
}

/// Takes any value, part by part.
pub(super) trait Target: Text {
    /// A quotation mark at the start or end of a string.
    fn quote(&mut self);
    /// A bracket, a comma or a colon.
    fn mark(&mut self, byte: u8);
    /// A number, a word or blanks.
    fn word(&mut self, word: &[u8]);
    /// All that comes between two texts or numbers, in its form inside a string.
    fn way(&mut self, escaped: &Prefix);
}

/// Nowhere: a value is only gone past.
pub(super) struct Nowhere;

impl Text for Nowhere {
    fn plain(&mut self, _: &Piece, _: usize) {}
    fn escape(&mut self, _: &[u8]) {}
}

impl Target for Nowhere {
    fn quote(&mut self) {}
    fn mark(&mut self, _: u8) {}
    fn word(&mut self, _: &[u8]) {}
    fn way(&mut self, _: &Prefix) {}
}

/// As it stands.
pub(super) struct Verbatim<'w, 'a>(pub(super) &'w mut Ink<'a>);

impl Text for Verbatim<'_, '_> {
    #[inline(always)]
    fn plain(&mut self, piece: &Piece, length: usize) {
        self.0.start_of(piece, length);
    }

    fn escape(&mut self, escape: &[u8]) {
        // Two bytes, or six: a call to copy them would take longer.
        for byte in escape {
            self.0.byte(*byte);
        }
    }
}

/// As the inside of a string.
pub(super) struct Escaped<'w, 'a>(pub(super) &'w mut Ink<'a>);

impl Text for Escaped<'_, '_> {
    #[inline(always)]
    fn plain(&mut self, piece: &Piece, length: usize) {
        self.0.start_of(piece, length);
    }

    fn escape(&mut self, escape: &[u8]) {
        for byte in escape {
            if matches!(byte, b'"' | b'\\') {
                self.0.byte(b'\\');
            }
            self.0.byte(*byte);
        }
    }
}

impl Target for Escaped<'_, '_> {
    #[inline(always)]
    fn quote(&mut self) {
        self.0.array(b"\\\"");
    }

    fn mark(&mut self, byte: u8) {
        self.0.byte(byte);
    }

    #[inline(always)]
    fn word(&mut self, word: &[u8]) {
        if word.first().is_some_and(|first| *first <= b' ') {
            return self.blanks(word);
        }
        self.0.text(word);
    }

    #[inline(always)]
    fn way(&mut self, escaped: &Prefix) {
        escaped.push_to(self.0);
    }
}

impl Escaped<'_, '_> {
    /// A string cannot hold line feeds and tabs as they are.
    #[cold]
    fn blanks(&mut self, blanks: &[u8]) {
        let mut escaped = Vec::new();
        push_escaped(&mut escaped, blanks);
        self.0.text(&escaped);
    }
}
