//! Numbers as JSON writes them.

use crate::scanner::Scanner;
use crate::token::{Malformed, Token};

/// Reads a number; the token's `escapes` are its exponents.
pub(crate) fn read_number<'de>(scanner: &mut Scanner<'de>) -> Result<Token<'de>, Malformed> {
    let start = scanner.at();
    scanner.take(b'-');
    if !scanner.take(b'0') {
        digits(scanner)?;
    }
    if scanner.take(b'.') {
        digits(scanner)?;
    }
    let has_exponent = scanner.take(b'e') || scanner.take(b'E');
    if has_exponent {
        let _ = scanner.take(b'+') || scanner.take(b'-');
        digits(scanner)?;
    }
    Ok(Token {
        text: scanner.text_since(start),
        escapes: usize::from(has_exponent),
    })
}

/// Goes past one digit at least.
fn digits(scanner: &mut Scanner<'_>) -> Result<(), Malformed> {
    let rest = scanner.rest();
    let other = rest.iter().position(|byte| !byte.is_ascii_digit());
    let count = other.unwrap_or(rest.len());
    scanner.skip(count);
    if count > 0 { Ok(()) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape_index::EscapeIndex;
    use proptest::prelude::*;

    fn is_read_as_serde_json_does(text: &str) {
        for behind in ["", ",", "x", " "] {
            let page = format!("{text}{behind}{}", " ".repeat(70));
            let mut index = EscapeIndex::default();
            let mut scanner = Scanner::new(&page, index.of(&page));
            let read = read_number(&mut scanner);
            let is_one = serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
            // Of `00` the first digit is read, and what follows a number is not looked at.
            assert_eq!(read.is_ok() && scanner.at() == text.len(), is_one, "{page}");
            if is_one {
                assert_eq!(
                    read.unwrap().escapes > 0,
                    text.contains(['e', 'E']),
                    "{page}"
                );
            }
        }
    }

    #[test]
    fn numbers_at_the_edge_of_the_grammar() {
        for text in [
            "0",
            "-0",
            "00",
            "01",
            "-01",
            "0.0",
            "00.1",
            "-",
            "-.5",
            ".5",
            "5.",
            "1..2",
            "1.e1",
            "1e",
            "1e+",
            "1E-09",
            "123456789012345",
            "1234567890123456",
            "-12345.678901234",
            "-12345.6789012345",
        ] {
            is_read_as_serde_json_does(text);
        }
    }

    proptest! {
        #[test]
        fn a_number_is_one_for_both(text in "-?[0-9]{0,17}([.][0-9]{0,17})?([eE][+-]?[0-9]{0,2})?") {
            is_read_as_serde_json_does(&text);
        }
    }
}
