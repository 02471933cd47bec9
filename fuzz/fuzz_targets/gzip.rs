//! gzip: whatever is compressed comes back, after other texts as well as alone.
#![no_main]

use std::io::Write as _;

use flate2::write::GzDecoder;
use okta_sentinel::gzip::Gzip;

/// Texts as long as a few windows.
const MOST: usize = 150_000;

/// A text made of the input's own pieces: where a line begins with a figure, so many of the lines
/// before it come again, in their order.
fn text(input: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut seen: Vec<&[u8]> = Vec::new();
    for line in input.split(|byte| *byte == b'\n') {
        let again = line.first().filter(|byte| byte.is_ascii_digit());
        let again = again.map_or(0, |digit| 1 << (digit - b'0'));
        for known in seen.iter().cycle().take(if seen.is_empty() { 0 } else { again }) {
            if text.len() < MOST {
                text.extend_from_slice(known);
            }
        }
        text.extend_from_slice(line);
        seen.push(line);
    }
    text
}

fn inflated(packed: &[u8]) -> Vec<u8> {
    let mut decoder = GzDecoder::new(Vec::new());
    decoder.write_all(packed).expect("a member that can be read");
    decoder.finish().expect("a member that ends")
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let text = text(input);
    let (mut gzip, mut used, mut alone) = (Gzip::default(), Vec::new(), Vec::new());
    gzip.compress(input, &mut used);
    assert!(inflated(&used) == input);
    used.clear();
    gzip.compress(&text, &mut used);
    assert!(inflated(&used) == text);
    Gzip::default().compress(&text, &mut alone);
    assert!(used == alone, "a text's bytes depend on the text before it");
});
