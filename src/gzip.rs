//! gzip for rows of JSON, by what is known of rows.
//!
//! A general compressor looks for repeats at every byte. Rows repeat by values: after a quotation
//! mark that opens one, what stood there in an earlier row comes again, often up to the next value
//! that is new. So repeats are looked for where values begin (`landmarks`, `repeats`), and byte by
//! byte only within what is left. What comes of it is written as any other gzip (RFC 1951, RFC
//! 1952): blocks of `sequence`s in `huffman` codes.

use crc32fast::Hasher;

mod alike;
mod bits;
mod block;
mod huffman;
mod landmarks;
mod places;
mod repeats;
mod sequence;

use bits::BitWriter;
use block::BlockWriter;
use repeats::Repeats;

/// RFC 1952: the magic number, deflate, no flags, no time, no hint, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Compresses texts one after the other, each for itself, and keeps its room for the next.
#[derive(Debug, Default)]
pub struct Gzip {
    repeats: Repeats,
    blocks: BlockWriter,
}

impl Gzip {
    /// Appends one member to `out`. Any bytes, of less than 4 GB, come back whole, however they look;
    /// those that do not repeat grow by 5 bytes in 65,535, and by 18.
    pub fn compress(&mut self, plain: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&HEADER);
        let mut bits = BitWriter::after(std::mem::take(out));
        let mut rest = plain;
        self.repeats.of(plain, |sequences, length, last| {
            let (text, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            self.blocks.write(text, sequences, last, &mut bits);
            rest = after;
        });
        *out = bits.finish();
        let mut checksum = Hasher::new();
        checksum.update(plain);
        out.extend_from_slice(&checksum.finalize().to_le_bytes());
        // RFC 1952: the length modulo 2^32.
        out.extend_from_slice(&(plain.len() as u32).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;

    /// By two readers: one of streams, one that is known to be strict.
    fn inflated(gzip: &[u8], length: usize) -> Vec<u8> {
        let mut decoder = flate2::write::GzDecoder::new(Vec::new());
        decoder.write_all(gzip).unwrap();
        let text = decoder.finish().unwrap();
        let mut other = vec![0; length];
        let read = libdeflater::Decompressor::new().gzip_decompress(gzip, &mut other);
        assert_eq!(read, Ok(length));
        assert!(other == text);
        text
    }

    proptest! {
        #[test]
        fn whatever_goes_in_comes_out(
            texts in prop::collection::vec(("[a-c\":,\\\\{}0-9]{0,400}", 0_usize..60), 1..4),
            noise in prop::collection::vec(any::<u8>(), 0..2_000),
        ) {
            let mut gzip = Gzip::default();
            for (text, times) in texts {
                let text = [text.repeat(times).as_bytes(), &noise].concat();
                let mut out = vec![1, 2];
                gzip.compress(&text, &mut out);
                prop_assert_eq!(&out[..2], [1, 2]);
                prop_assert!(inflated(&out[2..], text.len()) == text);
            }
        }
    }

    #[test]
    fn extremes_come_out_too() {
        let mut random = fastrand::Rng::with_seed(7);
        let noise: Vec<u8> = (0..200_000).map(|_| random.u8(..)).collect();
        let colons = b":\"".repeat(70_000);
        let mut gzip = Gzip::default();
        for text in [
            &[][..],
            &[0; 1],
            &[0; 300_000],
            b"[]",
            &noise[..1],
            &noise,
            colons.as_slice(),
        ] {
            let mut out = Vec::new();
            gzip.compress(text, &mut out);
            assert!(inflated(&out, text.len()) == text);
            let pieces = text.len().div_ceil(65_535).max(1);
            assert!(out.len() <= text.len() + 5 * pieces + 18, "{}", out.len());
        }
    }
}
