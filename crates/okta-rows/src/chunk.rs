//! Thirty-two bytes at a time: by 16 on every x86-64 and on ARM, by 32 where the build allows AVX2.

use wide::u8x32;

/// As many bytes as are looked at together. A longer step finds most texts' ends at once.
pub(super) const WIDTH: usize = 32;

/// Bytes that are looked at together.
pub(super) type Chunk = [u8; WIDTH];

/// Bit n: byte n is the same in both.
#[inline(always)]
fn equals(one: &Chunk, other: &Chunk) -> u32 {
    u8x32::new(*one).simd_eq(u8x32::new(*other)).to_bitmask()
}

/// A text that is looked for a million times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    first: Part,
    /// What comes after the first [`WIDTH`] bytes.
    rest: Box<[Part]>,
    length: usize,
}

/// As much of a text as is looked at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    bytes: Chunk,
    /// Bit n: it has no byte n.
    behind: u32,
}

impl Part {
    fn of(text: &[u8]) -> Part {
        let mut bytes = [0; WIDTH];
        for (to, from) in bytes.iter_mut().zip(text) {
            *to = *from;
        }
        let behind = u32::MAX.checked_shl(text.len() as u32).unwrap_or(0);
        Part { bytes, behind }
    }

    #[inline(always)]
    fn begins(&self, chunk: &Chunk) -> bool {
        equals(&self.bytes, chunk) | self.behind == u32::MAX
    }
}

impl Literal {
    pub(super) fn of(text: &[u8]) -> Literal {
        let (first, rest) = text.split_at_checked(WIDTH).unwrap_or((text, &[]));
        Literal {
            first: Part::of(first),
            rest: rest.chunks(WIDTH).map(Part::of).collect(),
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

    /// Whether a text begins with it, given in its first [`WIDTH`] bytes and the rest; false, too,
    /// where fewer are left for its last part.
    #[inline(always)]
    pub(super) fn begins(&self, first: &Chunk, rest: &[u8]) -> bool {
        self.first.begins(first) && (self.rest.is_empty() || self.goes_on(rest))
    }

    #[inline(always)]
    fn goes_on(&self, text: &[u8]) -> bool {
        let (chunks, _) = text.as_chunks();
        chunks.len() >= self.rest.len()
            && self
                .rest
                .iter()
                .zip(chunks)
                .all(|(part, chunk)| part.begins(chunk))
    }
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
            let whole = [literal.as_slice(), &text, &[7; 64]].concat();
            let (first, rest) = whole.split_first_chunk().unwrap();
            prop_assert!(Literal::of(&literal).begins(first, rest));
            prop_assert!(Literal::of(&literal).is(&literal));
            let mut other = whole;
            if let Some(byte) = other[..literal.len()].get_mut(changed) {
                *byte ^= 1;
                let (first, rest) = other.split_first_chunk().unwrap();
                prop_assert!(!Literal::of(&literal).begins(first, rest));
                prop_assert!(!Literal::of(&literal).is(&other[..literal.len()]));
            }
        }
    }
}
