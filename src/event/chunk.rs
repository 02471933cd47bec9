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

/// A text that is looked for a million times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    start: Chunk,
    /// What comes after the first [`WIDTH`] bytes.
    rest: Box<[u8]>,
    length: usize,
}

impl Literal {
    pub(super) fn of(text: &[u8]) -> Literal {
        let (first, rest) = text.split_at_checked(WIDTH).unwrap_or((text, &[]));
        let mut start = [0; WIDTH];
        for (to, from) in start.iter_mut().zip(first) {
            *to = *from;
        }
        Literal {
            start,
            rest: rest.into(),
            length: text.len(),
        }
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Whether it is `text`.
    pub(super) fn is(&self, text: &[u8]) -> bool {
        self.length == text.len() && *self == Literal::of(text)
    }

    /// Whether `text` begins with it; false, too, for a text of less than [`WIDTH`] bytes.
    #[inline(always)]
    pub(super) fn begins(&self, text: &[u8]) -> bool {
        let Some((start, rest)) = text.split_first_chunk() else {
            return false;
        };
        let same = (!equals(&self.start, start)).trailing_zeros() as usize;
        same >= self.length || same == WIDTH && rest.starts_with(&self.rest)
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
            prop_assert!(Literal::of(&literal).begins(&whole));
            prop_assert!(Literal::of(&literal).is(&literal));
            let mut other = whole;
            if let Some(byte) = other[..literal.len()].get_mut(changed) {
                *byte ^= 1;
                prop_assert!(!Literal::of(&literal).begins(&other));
                prop_assert!(!Literal::of(&literal).is(&other[..literal.len()]));
            }
        }
    }
}
