//! gzip, by the library and level that take the least CPU over rows.
//!
//! `cargo xtask bench --levels` compares them. zlib-rs at level 1 takes 6.5 µs for a row of
//! 3,357 bytes and leaves 658 of them; the next, libdeflate at level 1, takes 9.1 µs and leaves
//! 444. A shorter body saves nothing else: calls are cut before compression, and the wire is not
//! billed.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Rows shrink to less than a quarter of their length, so that the buffer need not grow.
const CAPACITY_DIVISOR: usize = 4;

/// A body, compressed.
pub fn compress(plain: &[u8]) -> Vec<u8> {
    let buffer = Vec::with_capacity(plain.len() / CAPACITY_DIVISOR);
    let mut encoder = GzEncoder::new(buffer, Compression::fast());
    let compressed = encoder.write_all(plain).and_then(|()| encoder.finish());
    compressed.unwrap_or_else(|error| unreachable!("a vector takes whatever is written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::write::GzDecoder;

    #[test]
    fn a_body_comes_out_as_it_went_in() {
        let mut random = fastrand::Rng::with_seed(7);
        let noise: Vec<u8> = (0..100_000).map(|_| random.u8(..)).collect();
        for plain in [
            b"".as_slice(),
            b"[]",
            &b"[{\"a\":1}]".repeat(10_000),
            &noise,
        ] {
            let mut decoder = GzDecoder::new(Vec::new());
            decoder.write_all(&compress(plain)).unwrap();
            assert_eq!(decoder.finish().unwrap(), plain);
        }
    }
}
