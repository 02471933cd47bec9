//! Where a value goes while it is read.

use crate::row_buffer::{PaddedText, RowBuffer, Window};
use crate::text::escaped;

/// Takes a value part by part, as the page has it.
pub(crate) trait Target {
    /// The first `length` bytes of a window, none of which needs an escape.
    #[inline(always)]
    fn unescaped(&mut self, _: &Window, _length: usize) {}

    /// One escape, from its backslash on.
    fn escape(&mut self, _: &str) {}

    /// A quotation mark at the start or end of a string.
    fn quote(&mut self) {}

    /// A number, a literal name, blanks, a bracket, a comma or a colon.
    fn outside_string(&mut self, _: &str) {}

    /// A skeleton in its escaped form.
    fn skeleton(&mut self, _: &PaddedText) {}
}

/// Drops the value: it is only gone past.
pub(crate) struct Discard;

impl Target for Discard {}

/// Appends the value as the inside of a JSON string.
pub(crate) struct EscapeInto<'w, 'a>(pub(crate) &'w mut RowBuffer<'a>);

impl Target for EscapeInto<'_, '_> {
    #[inline(always)]
    fn unescaped(&mut self, window: &Window, length: usize) {
        self.0.start_of(window, length);
    }

    fn escape(&mut self, escape: &str) {
        // Two bytes, or six: a call to copy them would take longer.
        for byte in escape.bytes() {
            if matches!(byte, b'"' | b'\\') {
                self.0.byte(b'\\');
            }
            self.0.byte(byte);
        }
    }

    #[inline(always)]
    fn quote(&mut self) {
        self.0.array(b"\\\"");
    }

    fn outside_string(&mut self, text: &str) {
        match text.as_bytes() {
            [byte] if *byte >= b' ' => self.0.byte(*byte),
            // Blanks may be line feeds and tabs, which a string cannot hold as they are.
            [b'\t' | b'\n' | b'\r' | b' ', ..] => self.0.text(&escaped(text)),
            _ => self.0.text(text),
        }
    }

    #[inline(always)]
    fn skeleton(&mut self, escaped: &PaddedText) {
        self.0.padded(escaped);
    }
}
