//! Room that a row is written to.

/// As many bytes as are copied at once, where fewer may be meant.
const PIECE: usize = 64;

/// Bytes that a text begins with, and whatever comes after it.
pub(super) type Piece = [u8; PIECE];

/// Bytes at the room's end that a row must leave free, so that a copy of fixed size, which has no
/// more, never meets the end within the row.
const MARGIN: usize = 2 * PIECE;

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

    /// A prefix and the first `length` bytes of a piece, at one look at the room.
    #[inline(always)]
    pub(super) fn prefixed(&mut self, prefix: &Prefix, piece: &Piece, length: usize) {
        let room = self.room.get_mut(self.end..);
        if let Some(room) = room.and_then(|room| room.first_chunk_mut::<MARGIN>())
            && let Some(to) = room.first_chunk_mut()
        {
            *to = prefix.bytes;
            let behind = room.get_mut(prefix.length..);
            if let Some(to) = behind.and_then(|room| room.first_chunk_mut()) {
                *to = *piece;
            }
        }
        self.end += prefix.length + length;
    }

    #[inline(always)]
    pub(super) fn array<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.start_of(bytes, N);
    }

    /// Text that a piece begins with, if there is a piece: a copy of known size in place of a call.
    #[inline(always)]
    pub(super) fn short(&mut self, piece: Option<&Piece>, text: &[u8]) {
        match piece {
            Some(piece) if text.len() <= PIECE => self.start_of(piece, text.len()),
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
    bytes: Piece,
    length: usize,
}

impl Default for Prefix {
    fn default() -> Prefix {
        Prefix {
            bytes: [0; PIECE],
            length: 0,
        }
    }
}

impl Prefix {
    /// `None` if it has more than a [`Piece`] has.
    pub(super) fn of(text: &[u8]) -> Option<Prefix> {
        let mut bytes = [0; PIECE];
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
                let prefix = Prefix::of(&part.as_bytes()[..part.len().min(PIECE)]);
                prefix.unwrap().push_to(&mut ink);
                ink.prefixed(&prefix.unwrap(), &[b'-'; PIECE], part.len().min(PIECE));
                ink.byte(b'.');
                let end = ink.end();
                ink.text(b"taken back");
                ink.back_to(end);
            }
            let all: String = parts.iter().map(|part| {
                let start = &part[..part.len().min(PIECE)];
                format!("{part}{start}{start}{}.", "-".repeat(start.len()))
            }).collect();
            prop_assert_eq!(ink.end(), all.len());
            if ink.is_whole() {
                prop_assert_eq!(ink.written(), all.as_bytes());
            }
        }
    }
}
