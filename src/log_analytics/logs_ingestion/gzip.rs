//! Bodies of calls, compressed.

use std::io::Write as _;

/// Compresses bodies.
#[derive(Debug, Default)]
pub struct Gzip;

impl Gzip {
    /// Appends `plain`, compressed, to `out`.
    pub fn compress(&mut self, plain: &[u8], out: &mut Vec<u8>) {
        let mut encoder =
            flate2::write::GzEncoder::new(std::mem::take(out), flate2::Compression::fast());
        let written = encoder.write_all(plain).and_then(|()| encoder.finish());
        *out = written.unwrap_or_default();
    }
}
