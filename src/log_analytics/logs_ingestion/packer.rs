//! Bodies compressed once each, however often they are posted.

use bytes::Bytes;

use super::gzip::Gzip;

/// Compresses with one state for all bodies, and remembers the last body it was given: a try again
/// is of the same one.
#[derive(Debug, Default)]
pub(super) struct Packer {
    gzip: Gzip,
    last: Option<Packed>,
}

#[derive(Debug)]
struct Packed {
    /// Held until it is accepted, so that no other body can come to stand at its address.
    plain: Option<Bytes>,
    gzip: Bytes,
    slow: u32,
}

impl Packed {
    fn is_of(&self, plain: &Bytes) -> bool {
        let known = self.plain.as_ref();
        known.is_some_and(|known| known.as_ptr() == plain.as_ptr() && known.len() == plain.len())
    }
}

impl Packer {
    /// The body as it goes over the wire.
    pub(super) fn pack(&mut self, plain: &Bytes) -> Bytes {
        if let Some(packed) = self.last.as_ref().filter(|packed| packed.is_of(plain)) {
            return packed.gzip.clone();
        }
        // Bodies are alike: the last one's buffer, which nobody else holds any more, is right
        // for the next.
        let mut out = self.last.take().map_or_else(Vec::new, |packed| {
            let mut buffer = Vec::from(packed.gzip);
            buffer.clear();
            buffer
        });
        self.gzip.compress(plain, &mut out);
        let gzip = Bytes::from(out);
        self.last = Some(Packed {
            plain: Some(plain.clone()),
            gzip: gzip.clone(),
            slow: 0,
        });
        gzip
    }

    /// The last body is accepted: nobody will ask for it again.
    pub(super) fn accepted(&mut self) {
        if let Some(packed) = &mut self.last {
            packed.plain = None;
        }
    }

    /// Counts how often a body, the last one packed, met with silence.
    pub(super) fn slow_again(&mut self, plain: &Bytes) -> u32 {
        let packed = self.last.as_mut().filter(|packed| packed.is_of(plain));
        packed.map_or(1, |packed| {
            packed.slow += 1;
            packed.slow
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn inflated(gzip: &[u8]) -> Vec<u8> {
        let mut decoder = flate2::write::GzDecoder::new(Vec::new());
        decoder.write_all(gzip).unwrap();
        decoder.finish().unwrap()
    }

    fn noise(bytes: usize) -> Bytes {
        let mut random = fastrand::Rng::with_seed(7);
        (0..bytes).map(|_| random.u8(..)).collect()
    }

    #[test]
    fn a_body_is_compressed_once_however_often_it_is_posted() {
        let mut packer = Packer::default();
        let plain = Bytes::from("[{\"a\":1}]".repeat(1_000));
        let first = packer.pack(&plain);
        let again = packer.pack(&plain.clone());
        assert_eq!(first.as_ptr(), again.as_ptr());
        // Equal bytes elsewhere are another body, as far as anybody can tell at no cost.
        let copy = Bytes::from(plain.to_vec());
        let other = packer.pack(&copy);
        assert_eq!(other, first);
        assert_ne!(other.as_ptr(), first.as_ptr());
    }

    #[test]
    fn a_buffer_that_is_free_is_used_again() {
        let mut packer = Packer::default();
        let plain = Bytes::from("[{\"a\":1}]".repeat(50_000));
        let first = packer.pack(&plain).as_ptr();
        let other = Bytes::from("[{\"b\":2}]".repeat(50_000));
        assert_eq!(packer.pack(&other).as_ptr(), first);
    }

    #[test]
    fn a_body_that_is_accepted_is_let_go_of() {
        let mut packer = Packer::default();
        let plain = noise(1_000);
        packer.pack(&plain);
        assert!(!plain.is_unique());
        packer.accepted();
        assert!(plain.is_unique());
        assert_eq!(inflated(&packer.pack(&plain)), plain);
    }

    #[test]
    fn silence_is_counted_for_each_body_alone() {
        let mut packer = Packer::default();
        let (one, two) = (noise(10), noise(11));
        packer.pack(&one);
        assert_eq!((packer.slow_again(&one), packer.slow_again(&one)), (1, 2));
        packer.pack(&two);
        assert_eq!(packer.slow_again(&two), 1);
    }
}
