//! How far two places of a text are alike, by 32 bytes at a time.

use wide::u8x32;

#[inline(always)]
fn differences(one: &[u8; 32], other: &[u8; 32]) -> u32 {
    !u8x32::new(*one).simd_eq(u8x32::new(*other)).to_bitmask()
}

/// How many bytes from `one` on are as those from `other` on, which is the later. From `enough` on
/// it may be more.
#[inline(always)]
pub(super) fn common_start(text: &[u8], one: usize, other: usize, enough: usize) -> usize {
    let (Some(mut one), Some(mut other)) = (text.get(one..), text.get(other..)) else {
        return 0;
    };
    let whole = other.len();
    while whole - other.len() < enough
        && let (Some((a, after_a)), Some((b, after_b))) =
            (one.split_first_chunk(), other.split_first_chunk())
    {
        let differences = differences(a, b);
        if differences != 0 {
            return whole - other.len() + differences.trailing_zeros() as usize;
        }
        (one, other) = (after_a, after_b);
    }
    if whole - other.len() >= enough {
        return whole - other.len();
    }
    let same = one.iter().zip(other).take_while(|(a, b)| a == b);
    whole - other.len() + same.count()
}

/// How many bytes before `one` are as those before `other`, up to `most`.
#[inline(always)]
pub(super) fn common_end(text: &[u8], one: usize, other: usize, most: usize) -> usize {
    let mut same = 0;
    while same < most {
        let before = |end: usize| text.get(..end.checked_sub(same)?)?.last_chunk();
        let (Some(a), Some(b)) = (before(one), before(other)) else {
            break;
        };
        let differences = differences(a, b);
        same += differences.leading_zeros() as usize;
        if differences != 0 {
            break;
        }
    }
    same.min(most)
}
