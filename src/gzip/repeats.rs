//! What of a text stood in it before.

use super::alike::{common_end, common_start};
use super::landmarks::Landmarks;
use super::places::{GOLDEN, Last, LastTwo, five_bytes};
use super::sequence::{LONGEST, SHORTEST, Sequence, WINDOW};

/// Sequences that make a block: some 300 rows.
const BLOCK: usize = 20_000;

/// Shortest repeat that is looked for within values.
const WORTHWHILE: usize = 5;

/// Within values, a repeat of so many bytes is taken without looking a byte further.
const ENOUGH: usize = 16;

/// Within a repeat every so many bytes a place is remembered.
const STRIDE: usize = 16;

/// A repeat of so many bytes is taken without looking for a longer one.
const LONG: usize = 200;

/// Shorter repeats of a landmark are left to those within values, and with less of a value than
/// this, one with the same key may be as good.
const SHORT: usize = 8;

/// Finds what repeats.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    landmarks: Landmarks,
    /// By the next three values.
    values: Last<2048>,
    /// By the next value.
    value: Last<2048>,
    /// By the key before, the last one and the one before that.
    key: Last<2048>,
    older_key: Last<2048>,
    /// By five bytes anywhere.
    bytes: LastTwo<8192>,
    sequences: Vec<Sequence>,
    /// Bytes that stand after the last sequence.
    literals: u32,
}

/// A place that a text can be copied from.
#[derive(Clone, Copy)]
struct Found {
    from: usize,
    length: usize,
}

impl Repeats {
    /// Hands over what `text` is made of, block by block: its sequences, its length, whether it is
    /// the last.
    pub(super) fn of(&mut self, text: &[u8], mut block: impl FnMut(&[Sequence], usize, bool)) {
        self.forget();
        self.landmarks.find(text);
        let (mut done, mut handed) = (0, 0);
        let landmarks = std::mem::take(&mut self.landmarks);
        for (start, ahead) in landmarks.iter() {
            let found = self.meet(text, start, ahead, done);
            let Some(Found { from, length }) = found else {
                continue;
            };
            let before = common_end(text, from, start, start - done);
            if before + length < SHORT {
                continue;
            }
            self.between(text, done, start - before);
            self.repeat(before + length, start - from);
            self.strew(text, start - before, start + length);
            done = start + length;
            if self.sequences.len() >= BLOCK {
                block(&self.sequences, done - handed, false);
                self.sequences.clear();
                handed = done;
            }
        }
        self.landmarks = landmarks;
        self.between(text, done, text.len());
        self.end();
        block(&self.sequences, text.len() - handed, true);
    }

    fn forget(&mut self) {
        for last in [
            &mut self.values,
            &mut self.value,
            &mut self.key,
            &mut self.older_key,
        ] {
            last.forget();
        }
        self.bytes.forget();
        self.sequences.clear();
        self.literals = 0;
    }

    /// Remembers a landmark; finds what it repeats if it is not yet `done`.
    #[inline(always)]
    fn meet(&mut self, text: &[u8], start: usize, ahead: [u32; 2], done: usize) -> Option<Found> {
        let [values, value, key] = hashes(text, start, ahead);
        let values = self.values.put(values, start);
        let value = self.value.put(value, start);
        let newest = self.key.put(key, start);
        let keys = [newest, self.older_key.put(key, newest)];
        if start < done {
            if start + 1 < done {
                let here = text.get(start + 1..).and_then(|text| text.first_chunk());
                self.bytes
                    .put(five_bytes(*here.unwrap_or(&[0; 8])), start + 1);
            }
            return None;
        }
        let mut best = Found { from: 0, length: 0 };
        for from in [values, value] {
            better(text, from, start, usize::MAX, &mut best);
            if best.length > LONG {
                return Some(best);
            }
        }
        if best.length < SHORT {
            for from in keys {
                better(text, from, start, usize::MAX, &mut best);
            }
        }
        (best.length > 0).then_some(best)
    }

    /// Repeats within what no landmark's repeat covers.
    #[inline(always)]
    fn between(&mut self, text: &[u8], start: usize, end: usize) {
        let (mut done, mut at) = (start, start);
        while at + WORTHWHILE <= end {
            let mut found = self.look(text, at, end);
            if found.length == 0 {
                at += 1;
                continue;
            }
            // A longer one may begin a byte later.
            while found.length < ENOUGH && at + 1 + WORTHWHILE <= end {
                let later = self.look(text, at + 1, end);
                if later.length <= found.length {
                    break;
                }
                (found, at) = (later, at + 1);
            }
            let before = common_end(text, found.from, at, at - done);
            self.literals += (at - before - done) as u32;
            self.repeat(before + found.length, at - found.from);
            at += found.length;
            done = at;
        }
        self.literals += (end - done) as u32;
    }

    /// Remembers a place; finds what is repeated there before `end`, if that is worthwhile.
    #[inline(always)]
    fn look(&mut self, text: &[u8], at: usize, end: usize) -> Found {
        let none = Found { from: 0, length: 0 };
        let Some(eight) = text.get(at..).and_then(|text| text.first_chunk()) else {
            return none;
        };
        let distances = self.bytes.put(five_bytes(*eight), at);
        if distances == [0; 2] {
            return none;
        }
        let mut best = none;
        for distance in distances {
            better(text, at.saturating_sub(distance), at, end - at, &mut best);
        }
        best.length = best.length.min(end - at);
        if best.length < WORTHWHILE { none } else { best }
    }

    /// Remembers places within a repeat, so that parts of it are found.
    #[inline(always)]
    fn strew(&mut self, text: &[u8], start: usize, end: usize) {
        let inside = text.get(start + 1..end).unwrap_or_default();
        for (at, stride) in (start + 1..)
            .step_by(STRIDE)
            .zip(inside.as_chunks::<STRIDE>().0)
        {
            if let Some(eight) = stride.first_chunk() {
                self.bytes.put(five_bytes(*eight), at);
            }
        }
    }

    /// Adds a repeat of at least [`SHORTEST`] bytes, after the literals that were counted.
    #[inline(always)]
    fn repeat(&mut self, length: usize, distance: usize) {
        let distance_less_one = (distance - 1) as u16;
        let mut left = length;
        while left > 0 {
            let now = match left {
                ..=LONGEST => left,
                // Nothing that is left is too short.
                _ => LONGEST.min(left - SHORTEST),
            };
            self.sequences.push(Sequence {
                literals: self.literals,
                length: now as u16,
                distance_less_one,
            });
            self.literals = 0;
            left -= now;
        }
    }

    fn end(&mut self) {
        if self.literals > 0 {
            self.sequences.push(Sequence {
                literals: self.literals,
                length: 0,
                distance_less_one: 0,
            });
        }
    }
}

/// Of the values that follow, of the next, both with the end of the key before, and of all of that
/// key, or its last 16 bytes.
#[inline(always)]
fn hashes(text: &[u8], start: usize, ahead: [u32; 2]) -> [u64; 3] {
    let before = text.get(..start).and_then(|text| text.last_chunk::<16>());
    let before = before.map_or(0, |bytes| u128::from_le_bytes(*bytes));
    let end = ((before >> 64) as u64).wrapping_mul(GOLDEN);
    let key = end ^ (before as u64).rotate_left(31).wrapping_mul(GOLDEN);
    let [values, value] = ahead.map(|sum| u64::from(sum) ^ end >> 32);
    [values, value, key].map(|mixed| mixed.wrapping_mul(GOLDEN))
}

/// Takes a place for the best if more follows that is the same, without a look far beyond what is
/// `enough`: what cannot be used would be looked at again and again.
#[inline(always)]
fn better(text: &[u8], from: usize, start: usize, enough: usize, best: &mut Found) {
    if from > 0 && (1..=WINDOW).contains(&(start - from)) {
        let length = common_start(text, from, start, enough);
        if length > best.length {
            *best = Found { from, length };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the sequences make, block after block; each block's length is its own.
    fn remade(repeats: &mut Repeats, text: &[u8]) -> Vec<u8> {
        let mut made = Vec::new();
        let mut blocks = Vec::new();
        repeats.of(text, |sequences, length, last| {
            let before = made.len();
            for sequence in sequences {
                let plain = &text[made.len()..][..sequence.literals as usize];
                made.extend_from_slice(plain);
                assert!(sequence.length == 0 || sequence.length >= SHORTEST as u16);
                let from = made.len() - usize::from(sequence.distance_less_one) - 1;
                for at in from..from + usize::from(sequence.length) {
                    made.push(made[at]);
                }
            }
            assert_eq!(made.len() - before, length);
            blocks.push(last);
        });
        assert_eq!(blocks.pop(), Some(true));
        assert!(!blocks.contains(&true));
        made
    }

    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let known = prop::sample::select(vec![
            "\"actor_id_s\":\"",
            "\\\"id\\\":\\\"",
            "00uIxklmx0bhe17Lc5d7",
            "\",\"client_userAgent_s\":\"Mozilla/5.0 (Windows NT 10.0; Win64; x64)\"",
            "},{",
            ":",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ]);
        prop_oneof![
            known.prop_map(|known| known.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..40),
            (any::<u8>(), 0_usize..400).prop_map(|(byte, times)| vec![byte; times]),
        ]
    }

    proptest! {
        #[test]
        fn sequences_make_the_text(
            texts in prop::collection::vec(prop::collection::vec(pieces(), 0..60), 1..4),
        ) {
            let mut repeats = Repeats::default();
            for text in texts {
                let text = text.concat();
                prop_assert!(remade(&mut repeats, &text) == text);
            }
        }

        #[test]
        fn so_they_do_beyond_the_window(
            pieces in prop::collection::vec(pieces(), 1..8),
            order in prop::collection::vec(any::<prop::sample::Index>(), 4_000),
        ) {
            let text: Vec<u8> = order.iter().flat_map(|index| index.get(&pieces).clone()).collect();
            prop_assert!(remade(&mut Repeats::default(), &text) == text);
        }
    }

    #[test]
    fn a_row_that_comes_again_is_one_repeat() {
        let row = br#"{"actor_id_s":"00uIxklmx0bhe17Lc5d7","eventType_s":"user.session.start"},"#;
        let text = row.repeat(3);
        let mut repeats = Repeats::default();
        repeats.of(&text, |sequences, _, _| {
            let repeated: usize = sequences.iter().map(|s| usize::from(s.length)).sum();
            assert!(repeated >= 2 * row.len(), "{sequences:?}");
            let once: Vec<_> = sequences.iter().filter(|s| s.length > 60).collect();
            assert_eq!(once.len(), 1, "{sequences:?}");
        });
    }

    #[test]
    fn what_was_in_the_text_before_is_forgotten() {
        let text = b"hello world, 1234 hello world, X567 and world, X567 for ever";
        // Where the second world is, which is remembered as a part of something only.
        let before = b"abcdefghijklmnopqrstuvwxworld and nothing more";
        let mut repeats = Repeats::default();
        repeats.of(text, |_, _, _| ());
        let alone = repeats.sequences.clone();
        repeats.of(before, |_, _, _| ());
        repeats.of(text, |_, _, _| ());
        assert_eq!(repeats.sequences, alone);
    }

    #[test]
    fn what_is_beyond_the_window_is_as_good_as_new() {
        let known = br#"{"a":"a value that comes again","b":"one that does, too","c":"the last"},"#;
        for plain in [false, true] {
            let known = match plain {
                false => known.to_vec(),
                true => known
                    .iter()
                    .filter(|byte| **byte != b':')
                    .copied()
                    .collect(),
            };
            let mut random = fastrand::Rng::with_seed(5);
            let mut found = 0;
            for distance in WINDOW - 200..WINDOW + 200 {
                let between = std::iter::repeat_with(|| random.u8(128..));
                let between: Vec<u8> = between.take(distance - known.len()).collect();
                let text = [&between[..9], &known, &between, &known].concat();
                let mut repeats = Repeats::default();
                assert!(remade(&mut repeats, &text) == text, "{distance}");
                let again = repeats
                    .sequences
                    .iter()
                    .any(|sequence| sequence.length > 30);
                // Without landmarks it may be forgotten earlier.
                assert!(
                    again == (distance <= WINDOW) || plain && !again,
                    "{distance}"
                );
                found += usize::from(again);
            }
            assert!(found > 0, "plain: {plain}");
        }
    }

    #[test]
    fn a_long_text_has_several_blocks() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut text = Vec::new();
        for _ in 0..60_000 {
            let id: u64 = random.u64(..);
            text.extend_from_slice(format!("{{\"actor_id_s\":\"{id:x}\"}},").as_bytes());
        }
        let mut blocks = 0;
        let mut repeats = Repeats::default();
        repeats.of(&text, |_, _, _| blocks += 1);
        assert!(blocks > 2, "{blocks}");
        assert!(remade(&mut repeats, &text) == text);
    }
}
