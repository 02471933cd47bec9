//! Where a page's texts end: every byte that a JSON string cannot hold as it stands, found for the
//! whole page at once.
//!
//! A text's end is then looked up and not looked for: a short way from one place to the next,
//! which is what a walk waits for.

use fearless_simd::{Level, dispatch, prelude::*, u8x32};

/// As many bytes as one look tells of.
pub(super) const SIGHT: usize = 57;

/// As many bytes as are marked together, a bit each.
const BLOCK: usize = 64;

/// A bit for each byte, and room after them; kept for its room from page to page.
#[derive(Debug)]
pub(super) struct Marks {
    bits: Vec<u8>,
    /// The vector instructions that this processor has.
    level: Level,
}

/// The marks of one text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marked<'a>(&'a [u8]);

impl Default for Marks {
    fn default() -> Marks {
        Marks {
            bits: Vec::new(),
            level: Level::new(),
        }
    }
}

impl Marks {
    /// Marks the bytes of `text`: `"`, `\` and control characters, and what lies behind its end.
    pub(super) fn of(&mut self, text: &str) -> Marked<'_> {
        let (blocks, rest) = text.as_bytes().as_chunks();
        // One for the rest, and one so that a look from the last byte finds eight bytes.
        self.bits.resize((blocks.len() + 2) * 8, 0);
        let (bits, _) = self.bits.as_chunks_mut();
        let mut last = [0; BLOCK];
        if let Some(room) = last.get_mut(..rest.len()) {
            room.copy_from_slice(rest);
        }
        dispatch!(self.level, simd => mark(simd, blocks, bits));
        // Zeros are marked, too, and stand after every end.
        if let Some([of_rest, _]) = bits.get_mut(blocks.len()..) {
            dispatch!(self.level, simd => mark(simd, &[last], std::slice::from_mut(of_rest)));
        }
        Marked(&self.bits)
    }
}

/// Marks all blocks.
#[inline(always)]
fn mark<S: Simd>(simd: S, blocks: &[[u8; BLOCK]], bits: &mut [[u8; 8]]) {
    for (bits, block) in bits.iter_mut().zip(blocks) {
        for (bits, half) in bits.as_chunks_mut().0.iter_mut().zip(block.as_chunks().0) {
            *bits = marks(simd, half).to_le_bytes();
        }
    }
}

/// Bit n: byte n is marked.
#[inline(always)]
fn marks<S: Simd>(simd: S, bytes: &[u8; 32]) -> u32 {
    let bytes = u8x32::simd_from(simd, *bytes);
    // With its second bit turned, a quotation mark is the one byte next to the control characters.
    let turned = bytes ^ 0x02;
    let quote_or_control = turned.simd_le(0x20);
    let backslash = bytes.simd_eq(b'\\');
    (quote_or_control | backslash).to_bitmask() as u32
}

impl Marked<'_> {
    /// How many bytes from `at` on are unmarked, up to [`SIGHT`].
    #[inline(always)]
    pub(super) fn plain(self, at: usize) -> usize {
        let bits = self.0.get(at / 8..).and_then(|bits| bits.first_chunk());
        let Some(bits) = bits else { return 0 };
        (u64::from_le_bytes(*bits) >> (at % 8) | 1 << SIGHT).trailing_zeros() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_marked(byte: u8) -> bool {
        byte < 0x20 || byte == b'"' || byte == b'\\'
    }

    #[test]
    fn what_needs_an_escape_is_told_of_every_byte() {
        for byte in 0..=u8::MAX {
            let expected = u32::from(is_marked(byte));
            for at in 0..32 {
                let mut bytes = [b'a'; 32];
                bytes[at] = byte;
                for level in [Level::new(), Level::baseline()] {
                    let found = dispatch!(level, simd => marks(simd, &bytes));
                    assert_eq!(found, expected << at, "{byte:#x} at {at}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_look_tells_how_far_it_is_to_the_next_mark_or_the_end(texts in prop::collection::vec("([a-zé]{0,90}[\"\\\\\n]{0,2}){0,4}", 1..4)) {
            let mut marks = Marks::default();
            for text in texts {
                let marked = marks.of(&text);
                for at in 0..=text.len() {
                    let rest = &text.as_bytes()[at..];
                    let plain = rest.iter().position(|byte| is_marked(*byte));
                    prop_assert_eq!(marked.plain(at), plain.unwrap_or(rest.len()).min(SIGHT));
                }
            }
        }
    }
}
