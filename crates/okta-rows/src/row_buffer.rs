//! The buffer that a row is written to, by copies of fixed size.

/// Bytes that are copied at once, where fewer may be meant.
const WINDOW: usize = 64;

/// The next bytes of a page: a text's beginning, and whatever comes after it.
pub(crate) type Window = [u8; WINDOW];

/// Bytes at the buffer's end that a row must leave free, so that no copy of fixed size that
/// begins within the row passes the end.
const MARGIN: usize = 2 * WINDOW;

/// Appends parts to a buffer that does not grow.
///
/// What does not fit is left out and counted all the same, so that the way of a value has no
/// error to handle: whoever ends the row asks [`RowBuffer::fits`] once.
#[derive(Debug)]
pub(crate) struct RowBuffer<'a> {
    bytes: &'a mut [u8],
    end: usize,
}

impl<'a> RowBuffer<'a> {
    pub(crate) fn new(bytes: &'a mut [u8]) -> RowBuffer<'a> {
        RowBuffer { bytes, end: 0 }
    }

    /// The capacity that a row of this length needs.
    pub(crate) fn capacity_for(length: usize) -> usize {
        length + MARGIN
    }

    /// The length of all parts, those that did not fit included.
    #[inline(always)]
    pub(crate) fn end(&self) -> usize {
        self.end
    }

    #[inline(always)]
    pub(crate) fn truncate(&mut self, end: usize) {
        self.end = end;
    }

    pub(crate) fn fits(&self) -> bool {
        RowBuffer::capacity_for(self.end) <= self.bytes.len()
    }

    /// What was written; `None` if not all of it did fit.
    pub(crate) fn written(&self) -> Option<&[u8]> {
        self.fits().then(|| self.bytes.get(..self.end))?
    }

    #[inline(always)]
    pub(crate) fn byte(&mut self, byte: u8) {
        if let Some(to) = self.bytes.get_mut(self.end) {
            *to = byte;
        }
        self.end += 1;
    }

    /// Appends the first `length` bytes of an array. All of it is copied, and the rest overwritten
    /// by what follows: a copy of known size is a move or two, one of unknown size a call.
    #[inline(always)]
    pub(crate) fn start_of<const N: usize>(&mut self, bytes: &[u8; N], length: usize) {
        const { assert!(N <= MARGIN) };
        let free = self.bytes.get_mut(self.end..);
        if let Some(to) = free.and_then(|free| free.first_chunk_mut()) {
            *to = *bytes;
        }
        self.end += length;
    }

    /// Appends a text and the first `length` bytes of a window, with one check of the bounds.
    #[inline(always)]
    pub(crate) fn padded_and_window(&mut self, text: &PaddedText, window: &Window, length: usize) {
        let free = self.bytes.get_mut(self.end..);
        if let Some(free) = free.and_then(|free| free.first_chunk_mut::<MARGIN>())
            && let Some(to) = free.first_chunk_mut()
        {
            *to = text.bytes;
            let behind = free.get_mut(text.length..);
            if let Some(to) = behind.and_then(|free| free.first_chunk_mut()) {
                *to = *window;
            }
        }
        self.end += text.length + length;
    }

    #[inline(always)]
    pub(crate) fn padded(&mut self, text: &PaddedText) {
        self.start_of(&text.bytes, text.length);
    }

    #[inline(always)]
    pub(crate) fn array<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.start_of(bytes, N);
    }

    #[inline(always)]
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    #[inline(always)]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let end = self.end + bytes.len();
        if let Some(to) = self.bytes.get_mut(self.end..end) {
            to.copy_from_slice(bytes);
        }
        self.end = end;
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
        fn what_is_written_is_whole_or_said_not_to_fit(parts in prop::collection::vec("[a-z]{0,90}", 0..9), capacity in 0_usize..600) {
            let mut bytes = vec![0; capacity];
            let mut buffer = RowBuffer::new(&mut bytes);
            let mut all = String::new();
            for part in &parts {
                let start = &part[..part.len().min(WINDOW)];
                let padded = PaddedText::of(start).unwrap();
                buffer.text(part);
                buffer.padded(&padded);
                buffer.padded_and_window(&padded, &[b'-'; WINDOW], start.len());
                buffer.byte(b'.');
                let end = buffer.end();
                buffer.text("taken back");
                buffer.truncate(end);
                all += &format!("{part}{start}{start}{}.", "-".repeat(start.len()));
            }
            prop_assert_eq!(buffer.end(), all.len());
            let fits = RowBuffer::capacity_for(all.len()) <= capacity;
            prop_assert_eq!(buffer.written(), fits.then_some(all.as_bytes()));
        }
    }
}
