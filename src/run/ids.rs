//! Sets of ids: every event's is looked up in several of them.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};

use crate::event::EventId;

/// Ids to look events up by.
pub(super) type IdSet = HashSet<EventId, Key>;

/// The secret of one set, so that nobody can choose ids that collide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key(u64);

impl Default for Key {
    fn default() -> Key {
        Key(RandomState::new().hash_one(0_u8))
    }
}

impl BuildHasher for Key {
    type Hasher = Fold;

    fn build_hasher(&self) -> Fold {
        Fold {
            key: self.0,
            hash: self.0,
        }
    }
}

/// Folds eight bytes after the other, as wyhash does: an id has sixteen, and much in them is random
/// already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fold {
    key: u64,
    hash: u64,
}

/// wyhash's first constant: as many ones as zeros, and odd.
const ODD: u64 = 0xa076_1d64_78bd_642f;

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        let (whole, rest) = bytes.as_chunks::<8>();
        for eight in whole {
            self.write_u64(u64::from_le_bytes(*eight));
        }
        for byte in rest {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.hash = folded(self.hash ^ word, self.key | 1);
    }

    /// An array tells its length first, which is the same for all ids.
    fn write_usize(&mut self, _: usize) {}

    /// Once more: what differs in the last eight bytes only has been multiplied just once.
    fn finish(&self) -> u64 {
        folded(self.hash, ODD)
    }
}

/// Both halves of the product in one.
fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of 64,000 ids share the low bits, which choose the bucket, with an earlier one.
    fn collisions(id: impl Fn(u64) -> [u8; 16]) -> usize {
        let key = Key::default();
        let mut seen = HashSet::new();
        let hashes = (0..64_000).map(|n| key.hash_one(EventId::from_bytes(id(n))));
        hashes.filter(|hash| !seen.insert(hash & 0xf_ffff)).count()
    }

    #[test]
    fn ids_that_hardly_differ_are_spread_as_random_ones_are() {
        let counted = |n: u64, at: usize| {
            let mut id = [7; 16];
            for (to, from) in id.iter_mut().skip(at).zip(n.to_le_bytes()) {
                *to = from;
            }
            id
        };
        // 64,000 random ones in 1,048,576 buckets: 1,914, give or take 43.
        for at in [0, 1, 4, 6, 8, 12] {
            let collisions = collisions(|n| counted(n, at));
            assert!((1_500..2_400).contains(&collisions), "{at}: {collisions}");
        }
    }
}
