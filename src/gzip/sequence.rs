//! What a text is made of: bytes as they are, then bytes that stood earlier.

/// Shortest repeat that deflate can say.
pub(super) const SHORTEST: usize = 3;

/// Longest repeat that deflate can say at once.
pub(super) const LONGEST: usize = 258;

/// How far back a repeat may reach.
pub(super) const WINDOW: usize = 32 * 1024;

/// Bytes as they are, then a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    /// How many bytes stand before the repeat.
    pub(super) literals: u32,
    /// 0: the text ends without a repeat; else [`SHORTEST`] to [`LONGEST`].
    pub(super) length: u16,
    /// From 1 to [`WINDOW`], less one.
    pub(super) distance_less_one: u16,
}

/// RFC 1951, 3.2.5: lengths of repeats are told by a symbol for the first of some, and bits for
/// which of them.
pub(super) const LENGTH_SYMBOLS: usize = 29;

/// The same of distances.
pub(super) const DISTANCE_SYMBOLS: usize = 30;

/// A symbol (lengths: without the 257 that stand before them), and how many bits follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    pub(super) symbol: u8,
    pub(super) extra_bits: u8,
}

/// Of a length between [`SHORTEST`] and [`LONGEST`].
pub(super) const fn length_scale(length: u16) -> Scale {
    if length as usize == LONGEST {
        return Scale {
            symbol: 28,
            extra_bits: 0,
        };
    }
    // Four symbols for each power of two, once there are more lengths than symbols.
    scale((length - SHORTEST as u16) as u32, 2)
}

/// Of a distance less one.
#[inline(always)]
pub(super) const fn distance_scale(distance_less_one: u16) -> Scale {
    // Two symbols for each power of two.
    scale(distance_less_one as u32, 1)
}

/// The symbol of the `number`th value where each power of two has `2^leading` symbols.
#[inline(always)]
const fn scale(number: u32, leading: u32) -> Scale {
    let first = 1 << (leading + 1);
    if number < first {
        return Scale {
            symbol: number as u8,
            extra_bits: 0,
        };
    }
    let extra = number.ilog2() - leading;
    Scale {
        symbol: ((extra << leading) + (number >> extra)) as u8,
        extra_bits: extra as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1951's tables, by their first values.
    const LENGTHS: [u16; 29] = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
        131, 163, 195, 227, 258,
    ];
    const DISTANCES: [u32; 30] = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
        2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
    ];

    #[test]
    fn every_length_has_the_symbol_of_the_standard() {
        for length in 3..=258 {
            let scale = length_scale(length);
            let symbol = LENGTHS.iter().rposition(|first| *first <= length).unwrap();
            assert_eq!(usize::from(scale.symbol), symbol, "{length}");
            let more = length - LENGTHS[symbol];
            assert!(more < 1 << scale.extra_bits, "{length}");
        }
    }

    #[test]
    fn every_distance_has_the_symbol_of_the_standard() {
        for distance in 1..=32_768_u32 {
            let scale = distance_scale((distance - 1) as u16);
            let symbol = DISTANCES
                .iter()
                .rposition(|first| *first <= distance)
                .unwrap();
            assert_eq!(usize::from(scale.symbol), symbol, "{distance}");
            let more = distance - DISTANCES[symbol];
            assert!(more < 1 << scale.extra_bits, "{distance}");
            // The bits that follow the symbol are the lowest of the distance less one.
            assert_eq!(more, (distance - 1) & ((1 << scale.extra_bits) - 1));
        }
    }
}
