//! Where in a text something stood, by a hash of it.
//!
//! Tables forget: what is new takes the place of what is old, and of what shares its slot.

use super::sequence::WINDOW;

/// Spreads what it multiplies over the bits above: xxHash's first prime.
pub(super) const GOLDEN: u64 = 0x9E37_79B1_85EB_CA87;

/// Where what has a hash stood last.
#[derive(Debug)]
pub(super) struct Last<const N: usize>(Box<[u32; N]>);

impl<const N: usize> Default for Last<N> {
    fn default() -> Self {
        Last(Box::new([0; N]))
    }
}

impl<const N: usize> Last<N> {
    pub(super) fn forget(&mut self) {
        self.0.fill(0);
    }

    /// Remembers a place, other than the text's first; tells the one before it, 0 for none.
    #[inline(always)]
    pub(super) fn put(&mut self, hash: u64, at: usize) -> usize {
        match self.0.get_mut(slot::<N>(hash)) {
            Some(last) => std::mem::replace(last, at as u32) as usize,
            None => 0,
        }
    }
}

/// Where what has a hash stood the last two times.
///
/// A place is the lowest half of its number with sixteen more bits of the hash above it: what
/// differs is known without a look at the text.
#[derive(Debug)]
pub(super) struct LastTwo<const N: usize>(Box<[[u32; 2]; N]>);

impl<const N: usize> Default for LastTwo<N> {
    fn default() -> Self {
        LastTwo(Box::new([[0; 2]; N]))
    }
}

impl<const N: usize> LastTwo<N> {
    pub(super) fn forget(&mut self) {
        self.0.fill([0; 2]);
    }

    /// Remembers a place; tells how far back those before it are where the same stood, as far
    /// as 29 bits of its hash can tell; 0 for none within the window.
    #[inline(always)]
    pub(super) fn put(&mut self, hash: u64, at: usize) -> [usize; 2] {
        let Some(last) = self.0.get_mut(slot::<N>(hash)) else {
            return [0; 2];
        };
        let before = *last;
        // The slot's bits are above the middle.
        let here = (hash >> 16) as u32 & 0xffff_0000 | at as u32 & 0xffff;
        *last = [here, before[0]];
        before.map(|there| {
            let distance = usize::from((here as u16).wrapping_sub(there as u16));
            // Both are asked, so that nothing has to be guessed between them.
            let is_same = ((here ^ there) >> 16 == 0) & (distance <= WINDOW);
            usize::from(is_same) * distance
        })
    }
}

#[inline(always)]
fn slot<const N: usize>(hash: u64) -> usize {
    const { assert!(N.is_power_of_two()) };
    (hash >> (64 - N.ilog2())) as usize
}

/// A hash of the first five of these.
#[inline(always)]
pub(super) fn five_bytes(eight: [u8; 8]) -> u64 {
    (u64::from_le_bytes(eight) << 24).wrapping_mul(GOLDEN)
}
