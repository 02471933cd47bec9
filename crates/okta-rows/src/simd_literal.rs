//! Text that is compared with the page a million times, by vector instructions.

use fearless_simd::{Level, dispatch, prelude::*, u8x32};

/// Bytes that one comparison takes.
const WIDTH: usize = 32;

/// Bytes of the page that are compared at once.
pub(crate) type Chunk = [u8; WIDTH];

/// A text to be found at a position of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    first: Chunk,
    /// Bit n: the text has no byte n.
    beyond: u32,
    /// What comes after the first [`WIDTH`] bytes.
    rest: Box<[u8]>,
}

impl Literal {
    pub(crate) fn of(text: &[u8]) -> Literal {
        let (start, rest) = text.split_at_checked(WIDTH).unwrap_or((text, &[]));
        let mut first = [0; WIDTH];
        for (to, from) in first.iter_mut().zip(start) {
            *to = *from;
        }
        Literal {
            first,
            beyond: u32::MAX.checked_shl(start.len() as u32).unwrap_or(0),
            rest: rest.into(),
        }
    }

    /// Whether the page goes on with this text, given its next [`WIDTH`] bytes and those after.
    #[inline(always)]
    pub(crate) fn is_next(&self, first: &Chunk, after: &[u8]) -> bool {
        equal_bytes(&self.first, first) | self.beyond == u32::MAX
            && (self.rest.is_empty() || after.starts_with(&self.rest))
    }
}

/// Bit n: byte n is the same in both.
#[inline(always)]
fn equal_bytes(one: &Chunk, other: &Chunk) -> u32 {
    // Too short a work to ask the processor what it has: the instructions that every one has.
    dispatch!(Level::baseline(), simd => equal_by(simd, one, other))
}

#[inline(always)]
fn equal_by<S: Simd>(simd: S, one: &Chunk, other: &Chunk) -> u32 {
    let (one, other) = (u8x32::simd_from(simd, *one), u8x32::simd_from(simd, *other));
    one.simd_eq(other).to_bitmask() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_literal_is_found_where_it_stands(
            literal in prop::collection::vec(0_u8..2, 0..70),
            text in prop::collection::vec(0_u8..2, 0..8),
            changed in 0_usize..70,
        ) {
            let mut page = [literal.as_slice(), &text, &[7; 64]].concat();
            let (first, after) = page.split_first_chunk().unwrap();
            prop_assert!(Literal::of(&literal).is_next(first, after));
            if let Some(byte) = page[..literal.len()].get_mut(changed) {
                *byte ^= 1;
                let (first, after) = page.split_first_chunk().unwrap();
                prop_assert!(!Literal::of(&literal).is_next(first, after));
                prop_assert_ne!(Literal::of(&literal), Literal::of(&page[..literal.len()]));
            }
        }
    }
}
