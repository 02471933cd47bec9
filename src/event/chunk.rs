//! Thirty-two bytes at a time: by 16 on every x86-64 and on ARM, by 32 where the build allows AVX2.

use wide::u8x32;

/// As many bytes as are looked at together. A longer step finds most texts' ends at once.
pub(super) const WIDTH: usize = 32;

/// Bytes that are looked at together.
pub(super) type Chunk = [u8; WIDTH];

/// Bit n: byte n is one that a JSON string has to escape: `"`, `\` or a control character.
#[inline(always)]
pub(super) fn specials(chunk: &Chunk) -> u32 {
    let bytes = u8x32::new(*chunk);
    // With its second bit turned, a quotation mark is the one byte next to the control characters.
    let turned = bytes ^ u8x32::splat(0x02);
    let quote_or_control = turned.min(u8x32::splat(0x20)).simd_eq(turned);
    let backslash = bytes.simd_eq(u8x32::splat(b'\\'));
    (quote_or_control | backslash).to_bitmask()
}

/// Bit n: byte n is the same in both.
#[inline(always)]
pub(super) fn equals(one: &Chunk, other: &Chunk) -> u32 {
    u8x32::new(*one).simd_eq(u8x32::new(*other)).to_bitmask()
}

/// Most bytes of a [`Literal`].
const MOST: usize = 2 * WIDTH;

/// A text that is looked for a million times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Literal {
    start: Chunk,
    end: Chunk,
    length: usize,
}

impl Literal {
    /// `None` if it has more than 64 bytes.
    pub(super) fn of(text: &[u8]) -> Option<Literal> {
        let mut bytes = [0; MOST];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let (start, end) = bytes.split_first_chunk()?;
        Some(Literal {
            start: *start,
            end: *end.first_chunk()?,
            length: text.len(),
        })
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// The text.
    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> {
        self.start.into_iter().chain(self.end).take(self.length)
    }

    /// Whether `text` begins with it; false, too, for a text that is hardly longer.
    #[inline(always)]
    pub(super) fn begins(&self, text: &[u8]) -> bool {
        let Some((start, rest)) = text.split_first_chunk() else {
            return false;
        };
        let same = (!equals(&self.start, start)).trailing_zeros() as usize;
        if same >= self.length {
            return true;
        }
        let Some(end) = rest.first_chunk().filter(|_| same == WIDTH) else {
            return false;
        };
        WIDTH + (!equals(&self.end, end)).trailing_zeros() as usize >= self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_needs_an_escape_is_told_of_every_byte() {
        for byte in 0..=u8::MAX {
            let needs = byte < 0x20 || byte == b'"' || byte == b'\\';
            for at in 0..WIDTH {
                let mut chunk = [b'a'; WIDTH];
                chunk[at] = byte;
                assert_eq!(
                    specials(&chunk),
                    u32::from(needs) << at,
                    "{byte:#x} at {at}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn a_literal_is_found_where_it_stands(
            literal in prop::collection::vec(0_u8..2, 0..70),
            text in prop::collection::vec(0_u8..2, 0..8),
            changed in 0_usize..70,
        ) {
            let whole = [literal.as_slice(), &text, &[7; 64]].concat();
            let found = Literal::of(&literal).map(|literal| literal.begins(&whole));
            prop_assert_eq!(found, (literal.len() <= 64).then_some(true));
            let mut other = whole;
            if let (Some(byte), Some(literal)) = (other[..literal.len()].get_mut(changed), Literal::of(&literal)) {
                *byte ^= 1;
                prop_assert!(!literal.begins(&other));
            }
        }
    }
}
