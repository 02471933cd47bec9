//! JSON text: quoting, and reading what a token is.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, Visitor};

use crate::event_id::parse_uuid;
use crate::scan::Token;

/// What a byte needs inside a JSON string: 0 nothing, `u` a `\u00xx`, else the escape letter.
#[expect(
    clippy::indexing_slicing,
    reason = "a constant: an index out of bounds does not compile"
)]
const ESCAPES: [u8; 256] = {
    let mut table = [0_u8; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = b'u';
        control += 1;
    }
    table[0x08] = b'b';
    table[b'\t' as usize] = b't';
    table[b'\n' as usize] = b'n';
    table[0x0c] = b'f';
    table[b'\r' as usize] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

/// Appends `text` to `out` as the inside of a JSON string.
pub(super) fn push_escaped(out: &mut Vec<u8>, text: &[u8]) {
    for byte in text {
        match escape(*byte) {
            0 => out.push(*byte),
            b'u' => {
                out.extend_from_slice(b"\\u00");
                out.push(hex(byte >> 4));
                out.push(hex(byte & 0xf));
            }
            letter => out.extend_from_slice(&[b'\\', letter]),
        }
    }
}

/// Appends `text` to `out` as a JSON string.
pub(super) fn push_quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    push_escaped(out, text.as_bytes());
    out.push(b'"');
}

fn escape(byte: u8) -> u8 {
    // A u8 always indexes a table of 256; the fallback is unreachable.
    ESCAPES.get(usize::from(byte)).copied().unwrap_or(0)
}

fn hex(digit: u8) -> u8 {
    match digit {
        0..=9 => b'0' + digit,
        _ => b'a' + digit - 10,
    }
}

/// Whether a string token stands for text. Half a surrogate pair does not, though JSON's grammar
/// lets it pass: programs that count in UTF-16 leave one behind where they cut a text.
pub(super) fn is_decodable(token: Token<'_>) -> bool {
    let text = token.text;
    let suspect = token.escapes > 0 && (text.contains("\\ud") || text.contains("\\uD"));
    !suspect || serde_json::from_str::<Cow<'_, str>>(text).is_ok()
}

/// The text of a string token, with U+FFFD in place of what is no character.
pub(super) fn decoded(token: Token<'_>) -> Cow<'_, str> {
    struct Lossy;

    impl Visitor<'_> for Lossy {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        // A string asked for as bytes comes with its lone surrogates, three bytes each.
        fn visit_bytes<E>(self, text: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(text).into_owned())
        }
    }

    token.plain_string().map_or_else(
        || {
            let mut json = serde_json::Deserializer::from_str(token.text);
            json.deserialize_bytes(Lossy).unwrap_or_default().into()
        },
        Cow::Borrowed,
    )
}

/// Whether `text` is a number as JSON writes one, within a double's range.
pub(super) fn is_number(text: &str) -> bool {
    begins_as_number(text)
        && serde_json::from_str::<f64>(text).is_ok()
        && !text.ends_with(|last: char| last.is_ascii_whitespace())
}

/// Whether a token that is no string is a number within a double's range.
pub(super) fn is_number_token(token: Token<'_>) -> bool {
    // A double has 308 digits before the point at most.
    let small = token.text.len() <= 300 && token.escapes == 0;
    begins_as_number(token.text) && (small || is_number(token.text))
}

fn begins_as_number(text: &str) -> bool {
    matches!(text.as_bytes().first(), Some(b'0'..=b'9' | b'-'))
}

/// Whether `text` reads as a date and time in ISO 8601: `2026-11-21T12:04:58.123Z`.
pub(super) fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    // RFC 3339 lets a blank stand for the T; the Data Collector takes such a text for no time.
    is_okta_time(bytes)
        || bytes.get(10) == Some(&b'T') && chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

/// Okta's own naming, `YYYY-MM-DDThh:mm:ss.mmmZ`, told at a tenth of a parser's price; days
/// past the 28th are left to the parser.
fn is_okta_time(text: &[u8]) -> bool {
    const SHAPE: &[u8; 24] = b"dddd-dd-ddTdd:dd:dd.dddZ";
    let shaped = text.len() == SHAPE.len()
        && text.iter().zip(SHAPE).all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            other => byte == other,
        });
    let two = |from: usize| text.get(from..from + 2).unwrap_or_default();
    let within = |from: usize, least: &[u8], most: &[u8]| (least..=most).contains(&two(from));
    shaped
        && within(5, b"01", b"12")
        && within(8, b"01", b"28")
        && within(11, b"00", b"23")
        && within(14, b"00", b"59")
        && within(17, b"00", b"59")
}

/// A GUID, quoted, as the Data Collector stores it: `8-4-4-4-12` in lower case. `None` for a text
/// that is no GUID.
pub(super) fn guid(text: &str) -> Option<[u8; 38]> {
    let guid = parse_uuid(text)?;
    let mut quoted = *b"\"--------.----.----.----.------------\"";
    if let (Ok(text), Some(room)) = (
        <&[u8; 36]>::try_from(text.as_bytes()),
        quoted.get_mut(1..37),
    ) {
        for (to, byte) in room.iter_mut().zip(text) {
            // A digit and a hyphen have this bit; a letter is small with it.
            *to = byte | 0x20;
        }
        return Some(quoted);
    }
    let room = quoted.iter_mut().filter(|byte| **byte == b'-');
    let digits = guid.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    for (to, digit) in room.zip(digits) {
        *to = hex(digit);
    }
    for byte in &mut quoted {
        if *byte == b'.' {
            *byte = b'-';
        }
    }
    Some(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_quoted_reads_back_as_it_was(text in "\\PC*|[\\x00-\\x7f]*") {
            let mut out = Vec::new();
            push_quoted(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_no_text_and_reads_as_a_replacement() {
        assert!(is_decodable(Token::of(r#""a\ud83d\ude00b""#)));
        assert!(is_decodable(Token::of(r#""\\ud83d""#)));
        assert!(!is_decodable(Token::of(r#""a\uD83Db""#)));
        assert_eq!(decoded(Token::of(r#""a\ud83d\ude00b""#)), "a\u{1f600}b");
        let half = Token::of(r#""a\ud83d b""#);
        assert_eq!(decoded(half), "a\u{fffd}\u{fffd}\u{fffd} b");
    }

    #[test]
    fn guids_are_written_in_one_form() {
        for text in [
            "2A992F80-D1AD-4f62-900e-8c68bb72a21b",
            "2a992f80d1ad4f62900e8c68bb72a21b",
        ] {
            let quoted = guid(text).unwrap();
            assert_eq!(&quoted, b"\"2a992f80-d1ad-4f62-900e-8c68bb72a21b\"");
        }
        assert!(guid("2a992f80").is_none());
    }

    #[test]
    fn times_are_told_as_a_parser_tells_them() {
        for yes in [
            "2026-11-21T12:04:58.123Z",
            "2026-01-31T00:00:00Z",
            "2026-09-10T12:24:55.809348Z",
        ] {
            assert!(is_time(yes), "{yes}");
        }
        for no in [
            "",
            "2026-11-21",
            "2026-13-21T12:04:58.123Z",
            "2026-02-30T12:04:58.123Z",
            "2026-11-21T24:04:58.123Z",
            "2026-11-21 12:04:58Z",
        ] {
            assert!(!is_time(no), "{no}");
        }
    }

    #[test]
    fn numbers_are_told_as_json_tells_them() {
        for yes in ["0", "-1", "12.5", "1e3"] {
            assert!(is_number(yes), "{yes}");
        }
        for no in ["", "x", "01", "+1", "1 ", " 1", ".5", "1.", "NaN", "0x1"] {
            assert!(!is_number(no), "{no}");
        }
    }
}
