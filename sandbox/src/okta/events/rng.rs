//! Pseudo-random numbers, seeded by the org's seed and an event's number.

/// splitmix64: fast, and good enough to vary events. Not for secrets.
#[derive(Clone, Debug)]
pub(super) struct Rng(u64);

/// Spreads every input bit over every output bit; no two inputs share an output.
pub(in crate::okta) const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Rng {
    pub(super) const fn new(seed: u64, number: u64) -> Self {
        Self(mix(seed) ^ mix(number ^ 0x6f6b_7461))
    }

    pub(super) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number from 0 to `bound` less 1; 0 when `bound` is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        // The high half of a product is as even as needed and cheaper than a remainder.
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<T, const N: usize>(&mut self, options: &'static [T; N]) -> &'static T {
        const { assert!(N > 0, "an empty table has nothing to pick") };
        let chosen = self.below(N as u64) as usize;
        #[expect(clippy::indexing_slicing, reason = "chosen is below N, and N is not 0")]
        &options[chosen]
    }

    /// [`Self::pick`] for tables of words.
    pub(super) fn word<const N: usize>(
        &mut self,
        options: &'static [&'static str; N],
    ) -> &'static str {
        self.pick::<&str, N>(options)
    }
}
