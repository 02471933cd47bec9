//! The buffer that a row is written to, by copies of fixed size.

use crate::token::Token;

/// Bytes that are copied at once, where fewer may be meant.
const WINDOW: usize = 64;

/// Bytes that are kept for the next row.
const MOST_KEPT: usize = 1 << 20;

/// The next bytes of a page: a text's beginning, and whatever comes after it.
pub(crate) type Window = [u8; WINDOW];

/// A row, or a part of one. What is behind its end is room for copies of fixed size.
#[derive(Debug, Default)]
pub(crate) struct RowBuffer {
    bytes: Vec<u8>,
    end: usize,
}

impl RowBuffer {
    pub(crate) fn len(&self) -> usize {
        self.end
    }

    /// Begins anew, without the memory that a giant took.
    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        self.end = 0;
        if self.bytes.len() > MOST_KEPT {
            self.bytes = Vec::new();
        }
    }

    #[inline(always)]
    pub(crate) fn truncate(&mut self, length: usize) {
        self.end = length;
    }

    #[expect(clippy::indexing_slicing, reason = "the end lies within the buffer")]
    pub(crate) fn written(&self) -> &[u8] {
        &self.bytes[..self.end]
    }

    /// The next `N` bytes to write, if the buffer has as many.
    #[inline(always)]
    fn behind<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        self.bytes.get_mut(self.end..)?.first_chunk_mut()
    }

    /// Writes behind the end, where there are too few bytes.
    #[cold]
    #[expect(clippy::indexing_slicing, reason = "the buffer has grown")]
    fn grow_and_write(&mut self, bytes: &[u8]) {
        let end = self.end + bytes.len();
        self.bytes.resize(end.max(2 * self.bytes.len()), 0);
        self.bytes[self.end..end].copy_from_slice(bytes);
    }

    #[inline(always)]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.array(&[byte]);
    }

    #[inline(always)]
    pub(crate) fn array<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.start_of(bytes, N);
    }

    /// Appends the first `length` bytes of an array. All of it is copied, and the rest overwritten
    /// by what follows: a copy of known size is a move or two, one of unknown size a call.
    #[inline(always)]
    pub(crate) fn start_of<const N: usize>(&mut self, bytes: &[u8; N], length: usize) {
        match self.behind() {
            Some(to) => *to = *bytes,
            None => self.grow_and_write(bytes),
        }
        self.end += length;
    }

    #[inline(always)]
    pub(crate) fn padded(&mut self, text: &PaddedText) {
        self.start_of(&text.bytes, text.length);
    }

    /// Appends a text and the first `length` bytes of a window, with one check of the capacity.
    #[inline(always)]
    pub(crate) fn padded_and_window(&mut self, text: &PaddedText, window: &Window, length: usize) {
        let Some(behind) = self.behind::<{ 2 * WINDOW }>() else {
            self.padded(text);
            return self.start_of(window, length);
        };
        if let Some(to) = behind.first_chunk_mut() {
            *to = text.bytes;
        }
        let behind = behind.get_mut(text.length..);
        if let Some(to) = behind.and_then(|behind| behind.first_chunk_mut()) {
            *to = *window;
        }
        self.end += text.length + length;
    }

    #[inline(always)]
    pub(crate) fn text(&mut self, text: impl AsRef<[u8]>) {
        let bytes = text.as_ref();
        let end = self.end + bytes.len();
        match self.bytes.get_mut(self.end..end) {
            Some(to) => to.copy_from_slice(bytes),
            None => self.grow_and_write(bytes),
        }
        self.end = end;
    }

    /// Appends a string of the page, but for its first quotation mark, as the inside of a string.
    pub(crate) fn rest_of_string(&mut self, string: Token<'_>) {
        match string.plain_string() {
            Some(text) => self.text(text),
            None => self.escape(&string.text[1..string.text.len() - 1]),
        }
        self.array(b"\\\"");
    }

    /// Appends JSON as the inside of a string.
    pub(crate) fn escape(&mut self, mut json: &str) {
        while let Some((before, after)) = json.split_once(['"', '\\', '\n', '\r', '\t']) {
            self.text(before);
            let letter = match json.as_bytes().get(before.len()) {
                Some(b'\n') => b'n',
                Some(b'\r') => b'r',
                Some(b'\t') => b't',
                Some(mark) => *mark,
                None => break,
            };
            self.array(&[b'\\', letter]);
            json = after;
        }
        self.text(json);
    }
}

/// A text of at most a [`Window`], padded to one, so that it is copied as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PaddedText {
    bytes: Window,
    length: usize,
}

impl PaddedText {
    /// `None` if it is longer than a [`Window`].
    pub(crate) fn of(text: &str) -> Option<PaddedText> {
        let mut bytes = [0; WINDOW];
        let length = text.len();
        bytes.get_mut(..length)?.copy_from_slice(text.as_bytes());
        Some(PaddedText { bytes, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_stands_in_its_order(parts in prop::collection::vec("[a-z]{0,90}", 0..9), capacity in 0_usize..600) {
            let mut buffer = RowBuffer { bytes: vec![0; capacity], end: 0 };
            let mut all = String::new();
            for part in &parts {
                let start = &part[..part.len().min(WINDOW)];
                let padded = PaddedText::of(start).unwrap();
                buffer.text(part);
                buffer.padded(&padded);
                buffer.padded_and_window(&padded, &[b'-'; WINDOW], start.len());
                buffer.byte(b'.');
                let length = buffer.len();
                buffer.text("taken back");
                buffer.truncate(length);
                all += &format!("{part}{start}{start}{}.", "-".repeat(start.len()));
            }
            prop_assert_eq!(buffer.written(), all.as_bytes());
        }
    }
}
