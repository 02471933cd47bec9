//! A block of deflate (RFC 1951, 3.2.7): the codes that fit it best, then the text in them.

use super::bits::{BETWEEN_FLUSHES, BitWriter};
use super::huffman::{Code, codes};
use super::sequence::{
    DISTANCE_SYMBOLS, LENGTH_SYMBOLS, LONGEST, SHORTEST, Scale, Sequence, distance_scale,
    length_scale,
};

/// Literals, the block's end, lengths.
const SYMBOLS: usize = FIRST_LENGTH + LENGTH_SYMBOLS;

const END: usize = 256;

const FIRST_LENGTH: usize = 257;

const LONGEST_CODE: u8 = 14;

const LONGEST_DISTANCE_CODE: u8 = 15;

// Four literals are written at once, and so is a repeat, with the bits after its two symbols.
const _: () = assert!(4 * LONGEST_CODE as u32 <= BETWEEN_FLUSHES);
const _: () = assert!((LONGEST_CODE + 5 + LONGEST_DISTANCE_CODE + 13) as u32 <= BETWEEN_FLUSHES);

const LONGEST_CODE_OF_LENGTHS: u8 = 7;

/// Most bytes of a block that is stored as it is.
const STORED: usize = 65_535;

/// Bits that a block begins with: is it the last, and of which kind.
const OPENING: u32 = 3;

const IS_STORED: u64 = 0;
const HAS_ITS_CODES: u64 = 2;

/// Writes blocks.
#[derive(Debug)]
pub(super) struct BlockWriter {
    counts: Counts,
    lengths: [Repeat; LONGEST + 1],
}

#[derive(Debug)]
struct Counts {
    symbols: [u32; SYMBOLS],
    distances: [u32; DISTANCE_SYMBOLS],
    /// Bits that follow symbols.
    extra: u64,
}

/// The code of a length with the bits that follow it.
#[derive(Clone, Copy, Debug, Default)]
struct Repeat {
    bits: u32,
    count: u32,
}

impl Default for BlockWriter {
    fn default() -> BlockWriter {
        BlockWriter {
            counts: Counts {
                symbols: [0; SYMBOLS],
                distances: [0; DISTANCE_SYMBOLS],
                extra: 0,
            },
            lengths: [Repeat::default(); LONGEST + 1],
        }
    }
}

impl BlockWriter {
    /// Writes `text`, which the sequences make up, in the codes that fit it, or as it is where
    /// that is shorter.
    pub(super) fn write(
        &mut self,
        text: &[u8],
        sequences: &[Sequence],
        last: bool,
        bits: &mut BitWriter,
    ) {
        self.counts.count(text, sequences);
        let symbols = codes(&self.counts.symbols, LONGEST_CODE);
        let distances = codes(&self.counts.distances, LONGEST_DISTANCE_CODE);
        let preamble = Preamble::of(&symbols, &distances);
        let coded = preamble.size() + self.counts.size(&symbols, &distances);
        if coded > 8 * (text.len() + 5 * text.len().div_ceil(STORED)) as u64 {
            return store(text, last, bits);
        }
        bits.make_room(coded);
        bits.add(u64::from(last) | HAS_ITS_CODES << 1, OPENING);
        preamble.write(bits);
        self.spell_lengths(&symbols);
        self.body(text, sequences, &symbols, &distances, bits);
        if let Some(end) = symbols.get(END) {
            bits.add(end.bits.into(), end.length.into());
        }
        bits.flush();
    }

    fn spell_lengths(&mut self, symbols: &[Code; SYMBOLS]) {
        for (length, repeat) in (0..).zip(&mut self.lengths).skip(SHORTEST) {
            let scale = length_scale(length);
            let code = symbols.get(FIRST_LENGTH + usize::from(scale.symbol));
            let code = code.copied().unwrap_or_default();
            let extra = lowest(length - SHORTEST as u16, scale);
            *repeat = Repeat {
                bits: u32::from(code.bits) | extra << code.length,
                count: u32::from(code.length) + u32::from(scale.extra_bits),
            };
        }
    }

    fn body(
        &self,
        text: &[u8],
        sequences: &[Sequence],
        symbols: &[Code; SYMBOLS],
        distances: &[Code; DISTANCE_SYMBOLS],
        to: &mut BitWriter,
    ) {
        // In registers, as long as nobody else looks at it.
        let bits = &mut std::mem::take(to);
        let mut rest = text;
        for sequence in sequences {
            let literals = sequence.literals as usize;
            let (plain, after) = rest.split_at_checked(literals).unwrap_or((rest, &[]));
            let (fours, few) = plain.as_chunks::<4>();
            for four in fours {
                for byte in four {
                    add_symbol(symbols, usize::from(*byte), bits);
                }
                bits.flush();
            }
            for byte in few {
                add_symbol(symbols, usize::from(*byte), bits);
            }
            bits.flush();
            if sequence.length > 0 {
                let length = usize::from(sequence.length);
                let repeat = self.lengths.get(length).copied().unwrap_or_default();
                bits.add(repeat.bits.into(), repeat.count);
                let scale = distance_scale(sequence.distance_less_one);
                add_symbol(distances, scale.symbol.into(), bits);
                let extra = lowest(sequence.distance_less_one, scale);
                bits.add(extra.into(), scale.extra_bits.into());
                bits.flush();
                rest = after.get(length..).unwrap_or_default();
            }
        }
        *to = std::mem::take(bits);
    }
}

#[inline(always)]
fn add_symbol<const N: usize>(codes: &[Code; N], symbol: usize, bits: &mut BitWriter) {
    if let Some(code) = codes.get(symbol) {
        bits.add(code.bits.into(), code.length.into());
    }
}

/// The bits that follow a symbol: which of its values it is.
#[inline(always)]
fn lowest(number: u16, scale: Scale) -> u32 {
    u32::from(number) & ((1 << scale.extra_bits) - 1)
}

impl Counts {
    fn count(&mut self, text: &[u8], sequences: &[Sequence]) {
        self.symbols.fill(0);
        self.distances.fill(0);
        self.extra = 0;
        let mut rest = text;
        for sequence in sequences {
            let literals = sequence.literals as usize;
            let (plain, after) = rest.split_at_checked(literals).unwrap_or((rest, &[]));
            let (fours, few) = plain.as_chunks::<4>();
            for four in fours {
                for byte in four {
                    one_more(&mut self.symbols, usize::from(*byte));
                }
            }
            for byte in few {
                one_more(&mut self.symbols, usize::from(*byte));
            }
            if sequence.length > 0 {
                let length = length_scale(sequence.length);
                let distance = distance_scale(sequence.distance_less_one);
                one_more(&mut self.symbols, FIRST_LENGTH + usize::from(length.symbol));
                one_more(&mut self.distances, distance.symbol.into());
                self.extra += u64::from(length.extra_bits + distance.extra_bits);
                rest = after.get(sequence.length.into()..).unwrap_or_default();
            }
        }
        one_more(&mut self.symbols, END);
    }

    /// In bits.
    fn size(&self, symbols: &[Code], distances: &[Code]) -> u64 {
        cost(&self.symbols, symbols) + cost(&self.distances, distances) + self.extra
    }
}

#[inline(always)]
fn one_more<const N: usize>(counts: &mut [u32; N], symbol: usize) {
    if let Some(count) = counts.get_mut(symbol) {
        *count += 1;
    }
}

/// In bits.
fn cost(counts: &[u32], codes: &[Code]) -> u64 {
    let both = counts.iter().zip(codes);
    both.map(|(count, code)| u64::from(*count) * u64::from(code.length))
        .sum()
}

/// The text as it is, in as many blocks as it takes.
fn store(text: &[u8], last: bool, bits: &mut BitWriter) {
    let mut rest = text;
    loop {
        let (piece, after) = rest.split_at_checked(STORED).unwrap_or((rest, &[]));
        bits.make_room(OPENING.into());
        bits.add(
            u64::from(last && after.is_empty()) | IS_STORED << 1,
            OPENING,
        );
        bits.align();
        let length = piece.len() as u16;
        bits.bytes(&length.to_le_bytes());
        bits.bytes(&(!length).to_le_bytes());
        bits.bytes(piece);
        rest = after;
        if rest.is_empty() {
            return;
        }
    }
}

/// Which codes a block has: their lengths, in codes of their own.
struct Preamble {
    literal_symbols: usize,
    distance_symbols: usize,
    steps: Vec<LengthStep>,
    codes: [Code; 19],
    /// How many of the codes are told.
    told: usize,
}

/// A length of a code, or how often one comes again.
#[derive(Clone, Copy)]
struct LengthStep {
    symbol: usize,
    extra: u64,
    extra_bits: u32,
}

/// RFC 1951: the order in which the lengths of these codes are told, the likely ones first.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// A kind of step: its symbol, the fewest and the most lengths it stands for, bits for how many.
const SAME_AGAIN: (usize, usize, usize, u32) = (16, 3, 6, 2);
const FEW_ZEROS: (usize, usize, usize, u32) = (17, 3, 10, 3);
const MANY_ZEROS: (usize, usize, usize, u32) = (18, 11, 138, 7);

impl Preamble {
    fn of(symbols: &[Code; SYMBOLS], distances: &[Code; DISTANCE_SYMBOLS]) -> Preamble {
        let used = |codes: &[Code], least: usize| {
            let last = codes.iter().rposition(|code| code.length > 0);
            last.map_or(least, |last| (last + 1).max(least))
        };
        let (literal_symbols, distance_symbols) = (used(symbols, FIRST_LENGTH), used(distances, 1));
        let lengths: Vec<u8> = symbols
            .iter()
            .take(literal_symbols)
            .chain(distances.iter().take(distance_symbols))
            .map(|code| code.length)
            .collect();
        let mut steps = Vec::new();
        for run in lengths.chunk_by(|one, next| one == next) {
            push_run(&mut steps, run);
        }
        let mut counts = [0; 19];
        for step in &steps {
            one_more(&mut counts, step.symbol);
        }
        let codes = codes(&counts, LONGEST_CODE_OF_LENGTHS);
        let is_told = |symbol: &usize| codes.get(*symbol).is_some_and(|code| code.length > 0);
        let told = ORDER
            .iter()
            .rposition(is_told)
            .map_or(4, |last| (last + 1).max(4));
        Preamble {
            literal_symbols,
            distance_symbols,
            steps,
            codes,
            told,
        }
    }

    /// In bits, the block's opening with it.
    fn size(&self) -> u64 {
        let steps = self.steps.iter().map(|step| {
            let code = self.codes.get(step.symbol).map_or(0, |code| code.length);
            u64::from(code) + u64::from(step.extra_bits)
        });
        u64::from(OPENING) + 14 + 3 * self.told as u64 + steps.sum::<u64>()
    }

    fn write(&self, bits: &mut BitWriter) {
        bits.add((self.literal_symbols - FIRST_LENGTH) as u64, 5);
        bits.add((self.distance_symbols - 1) as u64, 5);
        bits.add((self.told - 4) as u64, 4);
        for symbol in ORDER.iter().take(self.told) {
            let length = self.codes.get(*symbol).map_or(0, |code| code.length);
            bits.add(length.into(), 3);
            bits.flush();
        }
        for step in &self.steps {
            add_symbol(&self.codes, step.symbol, bits);
            bits.add(step.extra, step.extra_bits);
            bits.flush();
        }
    }
}

/// The steps that tell a run of the same length.
fn push_run(steps: &mut Vec<LengthStep>, run: &[u8]) {
    let Some(length) = run.first() else { return };
    let kinds = match length {
        0 => [MANY_ZEROS, FEW_ZEROS].as_slice(),
        _ => [SAME_AGAIN].as_slice(),
    };
    let itself = LengthStep {
        symbol: usize::from(*length),
        extra: 0,
        extra_bits: 0,
    };
    let mut left = run.len();
    if *length > 0 {
        steps.push(itself);
        left -= 1;
    }
    while left > 0 {
        let kind = kinds.iter().find(|(_, fewest, ..)| left >= *fewest);
        let Some((symbol, fewest, most, extra_bits)) = kind else {
            steps.push(itself);
            left -= 1;
            continue;
        };
        let now = left.min(*most);
        steps.push(LengthStep {
            symbol: *symbol,
            extra: (now - fewest) as u64,
            extra_bits: *extra_bits,
        });
        left -= now;
    }
}
