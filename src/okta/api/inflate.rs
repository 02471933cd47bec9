//! gzip bodies, inflated straight into the buffer that takes the page.
//!
//! `reqwest` can do it, too, but by pieces of 4 KB that are allocated, handed through three layers
//! and copied: 700 of them on a page of 2.75 MB.

use flate2::{Decompress, FlushDecompress, Status};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

/// The largest window that gzip may ask for, as a power of two.
const WINDOW_BITS: u8 = 15;

/// Least that a buffer grows by, in bytes.
const MIN_GROWTH: usize = 256 * 1024;

/// What became of reading a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadOutcome {
    /// All that came so far is read.
    Complete,
    /// It has more bytes than it may.
    TooLarge,
    /// Its compression is broken.
    Damaged,
}

/// A body being inflated.
pub(crate) struct Inflate {
    stream: Decompress,
    /// The last member has ended.
    ended: bool,
}

impl Inflate {
    /// For an answer that says it is compressed.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Inflate> {
        let encoding = headers.get(CONTENT_ENCODING)?.to_str().ok()?;
        let gzip = ["gzip", "x-gzip"]
            .iter()
            .any(|name| encoding.trim().eq_ignore_ascii_case(name));
        gzip.then(|| Inflate {
            stream: Decompress::new_gzip(WINDOW_BITS),
            ended: false,
        })
    }

    /// Appends what `chunk` holds to `body`, which takes up to `most` bytes in all.
    pub(crate) fn push(&mut self, chunk: &[u8], body: &mut Vec<u8>, most: usize) -> ReadOutcome {
        let mut input = chunk;
        loop {
            if self.ended {
                // RFC 1952 lets one member follow another.
                if input.is_empty() {
                    return ReadOutcome::Complete;
                }
                self.stream = Decompress::new_gzip(WINDOW_BITS);
                self.ended = false;
            }
            if body.capacity() == body.len() {
                // One byte more than may be, to know a body that is too long.
                let growth = MIN_GROWTH.max(body.len() / 2);
                body.reserve_exact(growth.min(most + 1 - body.len()));
            }
            let before = (self.stream.total_in(), body.len());
            let Ok(status) = self
                .stream
                .decompress_vec(input, body, FlushDecompress::None)
            else {
                return ReadOutcome::Damaged;
            };
            if body.len() > most {
                return ReadOutcome::TooLarge;
            }
            // At most the chunk's length, which is a usize.
            let used = (self.stream.total_in() - before.0) as usize;
            (_, input) = input.split_at(used);
            self.ended = status == Status::StreamEnd;
            let stuck = used == 0 && body.len() == before.1;
            if !self.ended && (stuck || input.is_empty() && body.len() < body.capacity()) {
                return if input.is_empty() {
                    ReadOutcome::Complete
                } else {
                    ReadOutcome::Damaged
                };
            }
        }
    }

    /// Whether the last member has ended.
    pub(crate) fn is_complete(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate() -> Inflate {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, "GZIP".parse().unwrap());
        Inflate::of(&headers).unwrap()
    }

    fn inflated(packed: &[u8], chunk: usize, most: usize) -> (ReadOutcome, Vec<u8>) {
        let (mut inflate, mut body) = (inflate(), Vec::new());
        for chunk in packed.chunks(chunk) {
            let outcome = inflate.push(chunk, &mut body, most);
            if outcome != ReadOutcome::Complete {
                return (outcome, body);
            }
        }
        match inflate.is_complete() {
            true => (ReadOutcome::Complete, body),
            false => (ReadOutcome::Damaged, body),
        }
    }

    proptest! {
        #[test]
        fn a_body_arrives_however_it_is_cut(
            unit in prop::collection::vec(any::<u8>(), 1..600),
            times in 1_usize..2_000,
            chunk in 1_usize..3_000,
        ) {
            let text = unit.repeat(times);
            let packed = [gzip(&text), gzip(b"and a second member")].concat();
            let all = [text.as_slice(), b"and a second member"].concat();
            let (outcome, body) = inflated(&packed, chunk, all.len());
            prop_assert_eq!(outcome, ReadOutcome::Complete);
            prop_assert!(body == all);
            prop_assert_eq!(inflated(&packed, chunk, all.len() - 1).0, ReadOutcome::TooLarge);
        }

        #[test]
        fn bytes_that_are_no_gzip_are_damage_not_a_panic(
            bytes in prop::collection::vec(any::<u8>(), 1..200),
            chunk in 1_usize..50,
        ) {
            prop_assert_eq!(inflated(&bytes, chunk, 1_000).0, ReadOutcome::Damaged);
        }
    }

    #[test]
    fn a_body_without_its_end_is_damaged() {
        let packed = gzip(&b"a page of events ".repeat(100));
        for length in 1..packed.len() {
            assert_eq!(
                inflated(&packed[..length], 7, 10_000).0,
                ReadOutcome::Damaged
            );
        }
    }

    #[test]
    fn a_small_body_that_would_fill_the_memory_is_stopped_at_the_cap() {
        let packed = gzip(&vec![b' '; 50_000_000]);
        assert!(packed.len() < 1_000_000);
        let (outcome, body) = inflated(&packed, packed.len(), 1_000_000);
        assert_eq!(outcome, ReadOutcome::TooLarge);
        assert!(body.capacity() <= 1_000_001);
    }
}
