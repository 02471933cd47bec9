//! Values past the limit of 32,000 bytes, made of short inputs: the cut must leave valid JSON.
#![no_main]

use okta_sentinel_fuzz::check_page;

/// A byte that no page holds outside its grammar's errors: it stands for a repetition.
const AGAIN: u8 = 0x01;
/// Most bytes that are repeated.
const LONGEST: usize = 24;
/// What they grow to: more than one value may have.
const GROWN: usize = 33_000;

libfuzzer_sys::fuzz_target!(|input: &[u8]| check_page(&grown(input)));

/// Repeats what stands before each [`AGAIN`]: as many bytes as the byte after it says.
fn grown(input: &[u8]) -> Vec<u8> {
    let mut page = Vec::new();
    let mut bytes = input.iter().copied();
    let mut repetitions = 0;
    while let Some(byte) = bytes.next() {
        if byte != AGAIN || repetitions == 3 {
            page.push(byte);
            continue;
        }
        repetitions += 1;
        let length = usize::from(bytes.next().unwrap_or(1)) % LONGEST + 1;
        let repeated = page[page.len().saturating_sub(length)..].to_vec();
        if !repeated.is_empty() {
            page.extend(
                repeated
                    .iter()
                    .cycle()
                    .take(GROWN / repeated.len() * repeated.len()),
            );
        }
    }
    page
}
