//! gzip by the library that takes the least CPU over rows: `cargo xtask bench --levels`.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Rows shrink to less than this part of their length.
const EXPECTED_RATIO: usize = 4;

/// Compresses a body.
pub fn compress(plain: &[u8]) -> Vec<u8> {
    let room = Vec::with_capacity(plain.len() / EXPECTED_RATIO);
    let mut encoder = GzEncoder::new(room, Compression::fast());
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    written.unwrap_or_else(|error| unreachable!("a vector takes whatever is written: {error}"))
}
