//! What a JSON string or number stands for, and how a text is written as one.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, Visitor};

use crate::token::Token;

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `text` as the inside of a JSON string.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = quoted(text);
    escaped.pop();
    escaped.remove(0);
    escaped
}

/// Whether a string token stands for text. A lone surrogate does not, though JSON's grammar lets
/// it pass: programs that count in UTF-16 leave one behind where they cut a text.
pub(crate) fn is_decodable(token: Token<'_>) -> bool {
    let text = token.text;
    let suspect = token.escapes > 0 && (text.contains("\\ud") || text.contains("\\uD"));
    !suspect || serde_json::from_str::<Cow<'_, str>>(text).is_ok()
}

/// The text of a string token, with U+FFFD in place of what is no character.
#[expect(clippy::expect_used, reason = "the scanner has read it as a string")]
pub(crate) fn decoded(token: Token<'_>) -> Cow<'_, str> {
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

    if let Some(text) = token.plain_string() {
        return text.into();
    }
    let mut json = serde_json::Deserializer::from_str(token.text);
    json.deserialize_bytes(Lossy).expect("a string").into()
}

/// Whether `text` is a number as JSON writes one, within a double's range.
pub(crate) fn is_number(text: &str) -> bool {
    serde_json::from_str::<f64>(text).is_ok() && text.trim_ascii().len() == text.len()
}

/// Whether a token that is no string is a number within a double's range.
pub(crate) fn is_number_token(token: Token<'_>) -> bool {
    // A double has 308 digits before the point at most.
    let small = token.text.len() <= 300 && token.escapes == 0;
    let is_one = matches!(token.text.as_bytes().first(), Some(b'0'..=b'9' | b'-'));
    is_one && (small || is_number(token.text))
}

/// Whether `text` reads as a date and time in ISO 8601: `2026-11-21T12:04:58.123Z`.
pub(crate) fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    // RFC 3339 lets a blank stand for the T; the Data Collector takes such a text for no time.
    is_okta_time(bytes)
        || bytes.get(10) == Some(&b'T') && chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

/// Okta's own format, `YYYY-MM-DDThh:mm:ss.mmmZ`, checked in a tenth of a parser's time; days
/// past the 28th are left to the parser.
fn is_okta_time(text: &[u8]) -> bool {
    const SHAPE: &[u8; 24] = b"dddd-dd-ddTdd:dd:dd.dddZ";
    let Some(text) = text.as_array::<24>() else {
        return false;
    };
    let is_shaped = text.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'd' => byte.is_ascii_digit(),
        other => byte == other,
    });
    let [
        ..,
        m1,
        m2,
        _,
        d1,
        d2,
        _,
        h1,
        h2,
        _,
        n1,
        n2,
        _,
        s1,
        s2,
        _,
        _,
        _,
        _,
        _,
    ] = text;
    is_shaped
        && (*b"01"..=*b"12").contains(&[*m1, *m2])
        && (*b"01"..=*b"28").contains(&[*d1, *d2])
        && [*h1, *h2] <= *b"23"
        && [*n1, *n2] <= *b"59"
        && [*s1, *s2] <= *b"59"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A string token, read by no scanner.
    fn string(text: &str) -> Token<'_> {
        let escapes = text.matches('\\').count();
        Token { text, escapes }
    }

    proptest! {
        #[test]
        fn what_is_quoted_decodes_to_what_it_was(text in "\\PC*|[\\x00-\\x7f]*") {
            let quoted = quoted(&text);
            prop_assert_eq!(decoded(string(&quoted)), text.as_str());
            prop_assert_eq!(format!("\"{}\"", escaped(&text)), quoted);
        }
    }

    #[test]
    fn a_lone_surrogate_is_no_text_and_decodes_to_replacements() {
        assert!(is_decodable(string(r#""a\ud83d\ude00b""#)));
        assert!(is_decodable(string(r#""\\ud83d""#)));
        assert!(!is_decodable(string(r#""a\uD83Db""#)));
        assert_eq!(decoded(string(r#""a\ud83d\ude00b""#)), "a\u{1f600}b");
        let half = string(r#""a\ud83d b""#);
        assert_eq!(decoded(half), "a\u{fffd}\u{fffd}\u{fffd} b");
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
            "2026-11-00T12:04:58.123Z",
            "2026-11-21T24:04:58.123Z",
            "2026-11-21T12:60:58.123Z",
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
