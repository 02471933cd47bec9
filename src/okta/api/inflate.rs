//! gzip bodies, inflated straight into the buffer that takes the page.
//!
//! `reqwest` can do it, too, but by pieces of 4 KB that are allocated, handed through three layers
//! and copied: 700 of them on a page of 2.75 MB.

use flate2::{Decompress, FlushDecompress, Status};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use super::wire::Fits;

/// The largest window that gzip may ask for, as a power of two.
const WINDOW_BITS: u8 = 15;

/// Least room that a buffer is grown by.
const ROOM: usize = 256 * 1024;

/// A body being inflated.
pub(crate) struct Inflate {
    stream: Decompress,
    /// The last member is whole.
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
    pub(crate) fn push(&mut self, chunk: &[u8], body: &mut Vec<u8>, most: usize) -> Fits {
        let mut input = chunk;
        loop {
            if self.ended {
                // RFC 1952 lets one member follow another.
                if input.is_empty() {
                    return Fits::Yes;
                }
                self.stream = Decompress::new_gzip(WINDOW_BITS);
                self.ended = false;
            }
            if body.capacity() == body.len() {
                // One byte more than may be, to know a body that is too long.
                let room = ROOM.max(body.len() / 2);
                body.reserve_exact(room.min(most + 1 - body.len()));
            }
            let before = (self.stream.total_in(), body.len());
            let Ok(status) = self
                .stream
                .decompress_vec(input, body, FlushDecompress::None)
            else {
                return Fits::Damaged;
            };
            if body.len() > most {
                return Fits::No;
            }
            let used = usize::try_from(self.stream.total_in() - before.0).unwrap_or(usize::MAX);
            input = input.get(used..).unwrap_or_default();
            self.ended = status == Status::StreamEnd;
            let stuck = used == 0 && body.len() == before.1;
            if !self.ended && (stuck || input.is_empty() && body.len() < body.capacity()) {
                return if input.is_empty() {
                    Fits::Yes
                } else {
                    Fits::Damaged
                };
            }
        }
    }

    /// Whether all of it came.
    pub(crate) fn is_whole(&self) -> bool {
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

    fn inflated(packed: &[u8], chunk: usize, most: usize) -> (Fits, Vec<u8>) {
        let (mut inflate, mut body) = (inflate(), Vec::new());
        for chunk in packed.chunks(chunk) {
            let fits = inflate.push(chunk, &mut body, most);
            if fits != Fits::Yes {
                return (fits, body);
            }
        }
        match inflate.is_whole() {
            true => (Fits::Yes, body),
            false => (Fits::Damaged, body),
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
            let (fits, body) = inflated(&packed, chunk, all.len());
            prop_assert_eq!(fits, Fits::Yes);
            prop_assert!(body == all);
            prop_assert_eq!(inflated(&packed, chunk, all.len() - 1).0, Fits::No);
        }

        #[test]
        fn bytes_that_are_no_gzip_are_damage_not_a_panic(
            bytes in prop::collection::vec(any::<u8>(), 1..200),
            chunk in 1_usize..50,
        ) {
            prop_assert_eq!(inflated(&bytes, chunk, 1_000).0, Fits::Damaged);
        }
    }

    #[test]
    fn a_body_without_its_end_is_damaged() {
        let packed = gzip(&b"a page of events ".repeat(100));
        for length in 1..packed.len() {
            assert_eq!(inflated(&packed[..length], 7, 10_000).0, Fits::Damaged);
        }
    }

    #[test]
    fn a_small_body_that_would_fill_the_memory_is_stopped_at_the_cap() {
        let packed = gzip(&vec![b' '; 50_000_000]);
        assert!(packed.len() < 1_000_000);
        let (fits, body) = inflated(&packed, packed.len(), 1_000_000);
        assert_eq!(fits, Fits::No);
        assert!(body.capacity() <= 1_000_001);
    }
}
