//! Huffman codes of limited length (RFC 1951, 3.2.2).

/// A symbol's bits, ready to be written the lowest first; no bits for a symbol that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) bits: u16,
    pub(super) length: u8,
}

/// Codes for symbols that come so often, none longer than `longest` bits.
///
/// At least two symbols get one: some readers refuse a code of a single symbol.
pub(super) fn codes<const N: usize>(counts: &[u32; N], longest: u8) -> [Code; N] {
    let mut symbols: Vec<(u32, usize)> = counts
        .iter()
        .enumerate()
        .map(|(symbol, count)| (*count, symbol))
        .filter(|(count, _)| *count > 0)
        .collect();
    for symbol in 0..N {
        if symbols.len() < 2 && counts.get(symbol) == Some(&0) {
            symbols.push((1, symbol));
        }
    }
    symbols.sort_unstable();
    let lengths = lengths(&symbols, longest);
    let mut codes = [Code::default(); N];
    for ((_, symbol), length) in symbols.iter().zip(lengths) {
        if let Some(code) = codes.get_mut(*symbol) {
            code.length = length;
        }
    }
    number(&mut codes);
    codes
}

/// Lengths for symbols in the order of their counts, the rarest first.
fn lengths(symbols: &[(u32, usize)], longest: u8) -> Vec<u8> {
    let mut of_length = [0_usize; 64];
    for depth in depths(symbols) {
        if let Some(count) = of_length.get_mut(depth.min(longest as usize)) {
            *count += 1;
        }
    }
    shorten(&mut of_length, longest);
    // The rarest have the longest.
    let lengths = (1..=longest).rev();
    let counted = lengths.flat_map(|length| {
        let count = of_length.get(length as usize).copied().unwrap_or(0);
        std::iter::repeat_n(length, count)
    });
    counted.collect()
}

/// How deep each symbol stands in Huffman's tree.
fn depths(symbols: &[(u32, usize)]) -> Vec<usize> {
    // Leaves, then what joins two nodes, in the order of their counts: both rise.
    let mut counts: Vec<u64> = symbols.iter().map(|(count, _)| u64::from(*count)).collect();
    let leaves = counts.len();
    let mut parents = vec![0; leaves];
    let (mut leaf, mut inner) = (0, leaves);
    for joint in leaves..(2 * leaves).saturating_sub(1) {
        let mut sum = 0;
        for _ in 0..2 {
            let takes_leaf = match (
                counts.get(leaf).filter(|_| leaf < leaves),
                counts.get(inner),
            ) {
                (Some(one), Some(other)) => one <= other,
                (one, _) => one.is_some(),
            };
            let node = if takes_leaf { &mut leaf } else { &mut inner };
            sum += counts.get(*node).copied().unwrap_or(0);
            if let Some(parent) = parents.get_mut(*node) {
                *parent = joint;
            }
            *node += 1;
        }
        counts.push(sum);
        parents.push(joint);
    }
    // The root is the last; each node is one deeper than its parent, which stands after it.
    let mut depths = vec![0; parents.len()];
    for node in (0..parents.len().saturating_sub(1)).rev() {
        let above = parents
            .get(node)
            .and_then(|parent| depths.get(*parent))
            .copied();
        if let (Some(depth), Some(above)) = (depths.get_mut(node), above) {
            *depth = above + 1;
        }
    }
    depths.truncate(leaves);
    depths
}

/// Makes a code of lengths that were cut to `longest`, which ask for more than there is: again and
/// again one of the longest moves beside one that is shorter, and both get a bit more than that had.
fn shorten(of_length: &mut [usize; 64], longest: u8) {
    let longest = usize::from(longest);
    let used = of_length.iter().enumerate().take(longest + 1).skip(1);
    let used: usize = used
        .map(|(length, count)| count << (longest - length))
        .sum();
    for _ in 1 << longest..used {
        // The longest of those that are shorter, which costs least.
        let is_there = |length: &usize| of_length.get(*length).is_some_and(|count| *count > 0);
        let Some(length) = (1..longest).rev().find(is_there) else {
            return;
        };
        for (length, more) in [(length, -1), (length + 1, 2), (longest, -1)] {
            if let Some(count) = of_length.get_mut(length) {
                *count = count.saturating_add_signed(more);
            }
        }
    }
}

/// Numbers codes by length, then by symbol, and turns their bits round.
fn number(codes: &mut [Code]) {
    let mut next = 0_u16;
    for length in 1..=15 {
        next <<= 1;
        for code in codes.iter_mut().filter(|code| code.length == length) {
            code.bits = next.reverse_bits() >> (16 - length);
            next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn share(codes: &[Code], longest: u8) -> u32 {
        let lengths = codes
            .iter()
            .map(|code| code.length)
            .filter(|length| *length > 0);
        lengths.map(|length| 1 << (longest - length)).sum()
    }

    proptest! {
        #[test]
        fn codes_are_full_and_none_begins_another(
            counts in prop::array::uniform32(prop_oneof![Just(0_u32), 0..9_u32, 0..9_000_000_u32]),
            longest in 5_u8..=15,
        ) {
            let codes = codes(&counts, longest);
            for (code, count) in codes.iter().zip(counts) {
                prop_assert!(count == 0 || code.length > 0);
                prop_assert!(code.length <= longest);
            }
            prop_assert_eq!(share(&codes, longest), 1 << longest);
            let there: Vec<Code> = codes.into_iter().filter(|code| code.length > 0).collect();
            for one in &there {
                for other in there.iter().filter(|other| *other != one) {
                    let begins = other.length >= one.length
                        && other.bits & ((1 << one.length) - 1) == one.bits;
                    prop_assert!(!begins);
                }
            }
        }
    }

    #[test]
    fn what_comes_often_is_short() {
        let lengths = codes(&[1, 1, 2, 4, 8], 15).map(|code| code.length);
        assert_eq!(lengths, [4, 4, 3, 2, 1]);
    }

    #[test]
    fn a_long_tail_is_cut() {
        let mut counts = [1_u32; 32];
        for n in 1..32 {
            counts[n] = counts[n - 1].saturating_mul(2);
        }
        let codes = codes(&counts, 7);
        assert_eq!(share(&codes, 7), 1 << 7);
        assert_eq!(codes[31].length, 1);
    }

    #[test]
    fn a_single_symbol_gets_a_companion() {
        let mut counts = [0; 30];
        counts[7] = 3;
        let codes = codes(&counts, 15);
        assert_eq!(codes.iter().filter(|code| code.length == 1).count(), 2);
    }
}
