//! Room that a row is written to.

/// Bytes at the room's end that a row must leave free, so that a copy of fixed size, which has no
/// more, never meets the end within the row.
const MARGIN: usize = 64;

/// Writes parts one after the other.
///
/// What does not fit is left out and counted all the same, so that nothing has to be asked on the
/// way: whoever ends the row asks [`Ink::is_whole`] once.
#[derive(Debug)]
pub(super) struct Ink<'a> {
    room: &'a mut [u8],
    end: usize,
}

impl<'a> Ink<'a> {
    pub(super) fn new(room: &'a mut [u8]) -> Ink<'a> {
        Ink { room, end: 0 }
    }

    /// As much room as a row of this length asks for.
    pub(super) fn room_for(length: usize) -> usize {
        length + MARGIN
    }

    /// How much was written, or would have been.
    #[inline(always)]
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Takes back what was written after `end`.
    #[inline(always)]
    pub(super) fn back_to(&mut self, end: usize) {
        self.end = end;
    }

    /// Whether all of it found room.
    pub(super) fn is_whole(&self) -> bool {
        self.end + MARGIN <= self.room.len()
    }

    /// What was written.
    pub(super) fn written(&self) -> &[u8] {
        self.room.get(..self.end).unwrap_or_default()
    }

    pub(super) fn into_written(self) -> &'a [u8] {
        self.room.get(..self.end).unwrap_or_default()
    }

    #[inline(always)]
    pub(super) fn byte(&mut self, byte: u8) {
        if let Some(to) = self.room.get_mut(self.end) {
            *to = byte;
        }
        self.end += 1;
    }

    /// The first `length` bytes of an array. All of it is copied and the rest overwritten by what
    /// follows, since a copy of known size is a move or two and one of unknown size a call.
    #[inline(always)]
    pub(super) fn start_of<const N: usize>(&mut self, bytes: &[u8; N], length: usize) {
        const { assert!(N <= MARGIN) };
        let room = self.room.get_mut(self.end..);
        if let Some(to) = room.and_then(|room| room.first_chunk_mut()) {
            *to = *bytes;
        }
        self.end += length;
    }

    #[inline(always)]
    pub(super) fn array<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.start_of(bytes, N);
    }

    /// Text that a piece begins with, if there is a piece: a copy of known size in place of a call.
    #[inline(always)]
    pub(super) fn short<const N: usize>(&mut self, piece: Option<&[u8; N]>, text: &[u8]) {
        match piece {
            Some(piece) if text.len() <= N => self.start_of(piece, text.len()),
            _ => self.text(text),
        }
    }

    /// Text of any length.
    #[inline(always)]
    pub(super) fn text(&mut self, text: &[u8]) {
        let end = self.end + text.len();
        if let Some(to) = self.room.get_mut(self.end..end) {
            to.copy_from_slice(text);
        }
        self.end = end;
    }
}

/// Text with room after it, so that it can be copied as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    bytes: [u8; MARGIN],
    length: usize,
}

impl Default for Prefix {
    fn default() -> Prefix {
        Prefix {
            bytes: [0; MARGIN],
            length: 0,
        }
    }
}

impl Prefix {
    /// `None` if it has more than [`MARGIN`] bytes.
    pub(super) fn of(text: &[u8]) -> Option<Prefix> {
        let mut bytes = [0; MARGIN];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let length = text.len();
        Some(Prefix { bytes, length })
    }

    #[inline(always)]
    pub(super) fn push_to(&self, ink: &mut Ink<'_>) {
        ink.start_of(&self.bytes, self.length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_whole_or_said_to_be_cut(parts in prop::collection::vec("[a-z]{0,90}", 0..9), room in 0_usize..600) {
            let mut room = vec![0; room];
            let mut ink = Ink::new(&mut room);
            for part in &parts {
                ink.text(part.as_bytes());
                let prefix = Prefix::of(&part.as_bytes()[..part.len().min(MARGIN)]);
                prefix.unwrap().push_to(&mut ink);
                ink.byte(b'.');
                let end = ink.end();
                ink.text(b"taken back");
                ink.back_to(end);
            }
            let all: String = parts.iter().map(|part| format!("{part}{}.", &part[..part.len().min(MARGIN)])).collect();
            prop_assert_eq!(ink.end(), all.len());
            if ink.is_whole() {
                prop_assert_eq!(ink.written(), all.as_bytes());
            }
        }
    }
}
