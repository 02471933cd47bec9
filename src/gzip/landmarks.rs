//! Where values begin in JSON, and what tells one such place from another.

use wide::u8x32;

use super::places::GOLDEN;

/// As many values from a landmark on as tell it from others, if the next one alone does not. With
/// two or four, rows come out larger.
const FARTHEST: usize = 3;

/// What a sum is multiplied by before the next is added.
const STEP: u32 = 0x9E37_79B1;

/// Where texts begin that are values: after a colon, at a quotation mark or at the backslash before
/// one, where the JSON stands in a text of another.
///
/// Only hints: repeats that are found by them are compared before they are believed.
#[derive(Debug, Default)]
pub(super) struct Landmarks {
    starts: Vec<u32>,
    /// For each landmark a hash of all that is before it: two of them tell what is between.
    sums: Vec<u32>,
}

impl Landmarks {
    /// Finds those of another text.
    pub(super) fn find(&mut self, text: &[u8]) {
        self.starts.clear();
        values(text, &mut self.starts);
        let count = self.starts.len();
        // What lies ahead of the last ones.
        let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.starts.extend([end; FARTHEST]);
        self.sums.clear();
        self.sums.push(0);
        let mut sum = 0_u32;
        for pair in self.starts.windows(2) {
            if let [start, next] = pair {
                sum = sum
                    .wrapping_mul(STEP)
                    .wrapping_add(hash(text, *start, *next));
                self.sums.push(sum);
            }
        }
        self.starts.truncate(count);
    }

    /// Each landmark's place, and hashes of the next [`FARTHEST`] values from there on and of the
    /// next, with what is between them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, [u32; 2])> {
        let sums = self.sums.windows(FARTHEST + 1);
        let ahead = sums.map(|sums| {
            let [first, one, .., last] = sums
                .as_array::<{ FARTHEST + 1 }>()
                .copied()
                .unwrap_or_default();
            let less = |sum: u32, power: u32| sum.wrapping_sub(first.wrapping_mul(power));
            [less(last, const { power(FARTHEST) }), less(one, STEP)]
        });
        self.starts.iter().map(|start| *start as usize).zip(ahead)
    }
}

const fn power(exponent: usize) -> u32 {
    let (mut power, mut n) = (1_u32, 0);
    while n < exponent {
        power = power.wrapping_mul(STEP);
        n += 1;
    }
    power
}

/// By a value's first bytes and by how far the next one is: what comes after them rarely differs
/// alone.
#[inline(always)]
fn hash(text: &[u8], start: u32, next: u32) -> u32 {
    let first = text
        .get(start as usize..)
        .and_then(|text| text.first_chunk::<16>());
    let bytes = first.map_or(0, |bytes| u128::from_le_bytes(*bytes));
    let (low, high) = (bytes as u64, (bytes >> 64) as u64);
    let mixed = low ^ high.rotate_left(27) ^ u64::from(next - start) << 40;
    (mixed.wrapping_mul(GOLDEN) >> 32) as u32
}

fn values(text: &[u8], starts: &mut Vec<u32>) {
    let (mut rest, mut next) = (text, 1);
    while let Some((chunk, after)) = pair(rest) {
        let is = |bytes: u8x32, byte: u8| bytes.simd_eq(u8x32::splat(byte));
        let opens = is(after, b'"') | is(after, b'\\');
        let mut opening = (is(chunk, b':') & opens).to_bitmask();
        while opening != 0 {
            starts.push(next + opening.trailing_zeros());
            opening &= opening - 1;
        }
        rest = rest.get(32..).unwrap_or_default();
        next += 32;
    }
}

/// The first bytes, and each one's neighbour.
#[inline(always)]
fn pair(text: &[u8]) -> Option<(u8x32, u8x32)> {
    let both = text.first_chunk::<33>()?;
    let (chunk, after) = (both.first_chunk()?, both.last_chunk()?);
    Some((u8x32::new(*chunk), u8x32::new(*after)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn values_are_where_a_colon_is_followed_by_a_text(text in "[:\"\\\\a]{0,200}") {
            let mut starts = Vec::new();
            values(text.as_bytes(), &mut starts);
            let is_one = |at: &usize| matches!(&text.as_bytes()[at - 1..=*at], b":\"" | b":\\");
            // The last chunk that is not whole may be left out.
            let looked_at = (text.len().saturating_sub(1)) / 32 * 32;
            let expected: Vec<u32> = (1..text.len()).filter(is_one).filter(|at| *at <= looked_at).map(|at| at as u32).collect();
            prop_assert_eq!(starts, expected);
        }
    }

    #[test]
    fn the_same_values_ahead_have_the_same_hashes() {
        let row = br#"{"a":"one value","b":"another value","c":"a third","d":"a fourth"},"#;
        let text = [row.repeat(3).as_slice(), &[b' '; 64]].concat();
        let mut landmarks = Landmarks::default();
        landmarks.find(&text);
        let ahead: Vec<_> = landmarks.iter().map(|(_, ahead)| ahead).collect();
        assert_eq!(ahead.len(), 12);
        assert_eq!(ahead[0], ahead[4]);
        assert_eq!(ahead[3], ahead[7]);
        assert_ne!(ahead[0], ahead[1]);
    }
}
