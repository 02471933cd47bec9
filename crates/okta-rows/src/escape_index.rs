//! The structural index of a page: a bit for every byte that a JSON string cannot hold as it
//! stands, computed for the whole page at once.
//!
//! Where a text ends is then a look at a few bits, and no loop that the next step waits for.

use fearless_simd::{Level, dispatch, prelude::*, u8x32};

/// The longest run that [`EscapeIndex::unescaped_run`] tells.
pub(crate) const LONGEST_RUN: usize = 57;

/// Bytes of the page that share a word of bits.
const BLOCK: usize = 64;

/// The index of one text.
#[derive(Debug)]
pub(crate) struct EscapeIndex(Vec<u8>);

impl EscapeIndex {
    /// Sets the bits of `"`, `\` and control characters, and those behind the end of `text`.
    pub(crate) fn of(text: &str) -> EscapeIndex {
        let level = Level::new();
        let (blocks, rest) = text.as_bytes().as_chunks();
        let mut last = [0; BLOCK];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        // One block for the rest, and one so that eight bytes of bits follow the last byte.
        let mut bits = vec![0; (blocks.len() + 2) * BLOCK / 8];
        let (of_blocks, of_rest) = bits.split_at_mut(blocks.len() * BLOCK / 8);
        dispatch!(level, simd => set_bits(simd, blocks, of_blocks));
        // Zeros have their bits set, and stand behind every end.
        dispatch!(level, simd => set_bits(simd, &[last], of_rest));
        EscapeIndex(bits)
    }

    /// How many bytes from `at` on a string can hold as they stand, up to [`LONGEST_RUN`].
    #[inline(always)]
    pub(crate) fn unescaped_run(&self, at: usize) -> usize {
        let bits = self.0.get(at / 8..).and_then(|bits| bits.first_chunk());
        // No position in a text is so near the end of its bits.
        let Some(bits) = bits else { return 0 };
        (u64::from_le_bytes(*bits) >> (at % 8) | 1 << LONGEST_RUN).trailing_zeros() as usize
    }
}

#[inline(always)]
fn set_bits<S: Simd>(simd: S, blocks: &[[u8; BLOCK]], bits: &mut [u8]) {
    let halves = blocks.as_flattened().as_chunks().0;
    for (bits, half) in bits.as_chunks_mut().0.iter_mut().zip(halves) {
        *bits = escapes(simd, half).to_le_bytes();
    }
}

/// Bit n: a JSON string cannot hold byte n as it stands.
#[inline(always)]
fn escapes<S: Simd>(simd: S, bytes: &[u8; 32]) -> u32 {
    let bytes = u8x32::simd_from(simd, *bytes);
    // With its second bit turned, a quotation mark is the one byte next to the control characters.
    let turned = bytes ^ 0x02;
    let quote_or_control = turned.simd_le(0x20);
    let backslash = bytes.simd_eq(b'\\');
    (quote_or_control | backslash).to_bitmask() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn needs_an_escape(byte: u8) -> bool {
        byte < 0x20 || byte == b'"' || byte == b'\\'
    }

    #[test]
    fn what_needs_an_escape_is_told_of_every_byte() {
        for byte in 0..=u8::MAX {
            let expected = u32::from(needs_an_escape(byte));
            for at in 0..32 {
                let mut bytes = [b'a'; 32];
                bytes[at] = byte;
                for level in [Level::new(), Level::baseline()] {
                    let found = dispatch!(level, simd => escapes(simd, &bytes));
                    assert_eq!(found, expected << at, "{byte:#x} at {at}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_run_ends_at_the_next_escape_or_the_end(texts in prop::collection::vec("([a-zé]{0,90}[\"\\\\\n]{0,2}){0,4}", 1..4)) {
            for text in texts {
                let index = EscapeIndex::of(&text);
                for at in 0..=text.len() {
                    let rest = &text.as_bytes()[at..];
                    let run = rest.iter().position(|byte| needs_an_escape(*byte));
                    prop_assert_eq!(index.unescaped_run(at), run.unwrap_or(rest.len()).min(LONGEST_RUN));
                }
            }
        }
    }
}
