//! Bits, the lowest first, as deflate has them.

/// Most bits that [`BitWriter::add`] may be given between two calls of [`BitWriter::flush`].
pub(super) const BETWEEN_FLUSHES: u32 = 56;

/// Writes bits after what a buffer holds, into room that is made beforehand.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    /// As long as the room is; what was written ends at `end`.
    bytes: Vec<u8>,
    end: usize,
    held: u64,
    count: u32,
}

impl BitWriter {
    pub(super) fn after(bytes: Vec<u8>) -> BitWriter {
        BitWriter {
            end: bytes.len(),
            bytes,
            held: 0,
            count: 0,
        }
    }

    /// Makes room for so many more bits. What is written past it is lost.
    pub(super) fn make_room(&mut self, bits: u64) {
        let bytes = usize::try_from(bits / 8).unwrap_or(usize::MAX);
        let room = self
            .end
            .saturating_add(bytes)
            .saturating_add(2 * size_of::<u64>());
        if self.bytes.len() < room {
            self.bytes.resize(room, 0);
        }
    }

    /// The lowest `count` bits of `bits`, which has no others. They are held until the next
    /// [`BitWriter::flush`].
    #[inline(always)]
    pub(super) fn add(&mut self, bits: u64, count: u32) {
        self.held |= bits << self.count;
        self.count += count;
    }

    /// Writes whole bytes; up to 7 bits stay.
    #[inline(always)]
    pub(super) fn flush(&mut self) {
        let room = self.bytes.get_mut(self.end..);
        if let Some(to) = room.and_then(|room| room.first_chunk_mut()) {
            *to = self.held.to_le_bytes();
        }
        let whole = self.count & !7;
        self.end += (whole / 8) as usize;
        self.held >>= whole;
        self.count -= whole;
    }

    /// Fills the byte that was begun.
    pub(super) fn align(&mut self) {
        self.make_room(8);
        self.count = self.count.next_multiple_of(8);
        self.flush();
    }

    /// Bytes as they are, after [`BitWriter::align`].
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.truncate(self.end);
        self.bytes.extend_from_slice(bytes);
        self.end = self.bytes.len();
    }

    /// All that was written, the last byte filled.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.align();
        self.bytes.truncate(self.end);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_come_back_in_their_order(
            parts in prop::collection::vec((any::<u64>(), 0..=BETWEEN_FLUSHES), 0..200),
        ) {
            let mut writer = BitWriter::after(vec![7]);
            writer.make_room(parts.iter().map(|(_, count)| u64::from(*count)).sum());
            for (bits, count) in &parts {
                writer.add(bits & ((1 << count) - 1), *count);
                writer.flush();
            }
            let bytes = writer.finish();
            let bit = |at: usize| u64::from(bytes[1 + at / 8] >> (at % 8) & 1);
            let mut at = 0;
            for (bits, count) in parts {
                for n in 0..count {
                    prop_assert_eq!(bit(at), bits >> n & 1);
                    at += 1;
                }
            }
            prop_assert_eq!(bytes.len(), 1 + at.div_ceil(8));
        }
    }

    #[test]
    fn whole_bytes_stand_after_a_filled_one() {
        let mut writer = BitWriter::after(Vec::new());
        writer.make_room(12);
        writer.add(0b101, 3);
        writer.align();
        writer.bytes(&[1, 2]);
        writer.make_room(1);
        writer.add(1, 1);
        assert_eq!(writer.finish(), [0b101, 1, 2, 1]);
    }
}
