//! Numbers as JSON writes them: a short one is seen at once, a long one digit by digit.

use crate::ink::Piece;
use crate::scan::{Malformed, Scan};
use crate::target::Target;

impl<'de> Scan<'de> {
    /// Goes past a number; tells how many exponents it has.
    #[inline(always)]
    pub(super) fn number(&mut self, to: &mut impl Target) -> Result<usize, Malformed> {
        if let Some((piece, length)) = self.short_number() {
            to.plain(piece, length);
            self.skip(length);
            return Ok(0);
        }
        let start = self.at();
        let exponents = self.any_number()?;
        to.word(self.bytes_since(start));
        Ok(exponents)
    }

    /// A number of less than sixteen bytes without an exponent, all of it seen at once: its length,
    /// and as much of the page as may be copied with it. Another one is for [`Scan::any_number`].
    #[inline(always)]
    fn short_number(&self) -> Option<(&'de Piece, usize)> {
        let piece = self.piece()?;
        let bytes = u128::from_le_bytes(*piece.first_chunk()?);
        let sign = usize::from(bytes as u8 == b'-');
        let bytes = bytes >> (8 * sign);
        let other = not_digits(bytes);
        let whole = other.trailing_zeros() as usize / 8;
        let point = bytes.checked_shr(8 * whole as u32)? as u8 == b'.';
        let behind = 8 * (whole + 1) as u32;
        let fraction = other.checked_shr(behind)?.trailing_zeros() as usize / 8;
        let length = sign + whole + if point { 1 + fraction } else { 0 };
        let is_one = whole > 0
            && (whole == 1 || bytes as u8 != b'0')
            && (!point || fraction > 0)
            && length < 16
            && !matches!(piece.get(length), Some(b'e' | b'E'));
        is_one.then_some((piece, length))
    }

    /// Goes past any number; tells how many exponents it has.
    #[inline(never)]
    fn any_number(&mut self) -> Result<usize, Malformed> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
            return Ok(1);
        }
        Ok(0)
    }

    /// Goes past one digit at least.
    fn digits(&mut self) -> Result<(), Malformed> {
        let rest = self.rest();
        let other = rest.iter().position(|byte| !byte.is_ascii_digit());
        let count = other.unwrap_or(rest.len());
        self.skip(count);
        if count > 0 { Ok(()) } else { Err(Malformed) }
    }
}

/// The highest bit of each byte that is no digit.
#[inline(always)]
fn not_digits(bytes: u128) -> u128 {
    const EACH: u128 = u128::from_le_bytes([1; 16]);
    // A digit becomes its value; what is above 9 gets its highest bit, no byte touching the next.
    let values = bytes ^ (EACH * 0x30);
    let above = (values & (EACH * 0x7f)) + EACH * (0x7f - 9);
    (above | values) & (EACH * 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marks::Marks;
    use crate::target::Nowhere;
    use proptest::prelude::*;

    fn is_read_as_serde_json_does(text: &str) {
        for behind in ["", ",", "x", " "] {
            let page = format!("{text}{behind}{}", " ".repeat(70));
            let mut marks = Marks::default();
            let mut scan = Scan::new(&page, marks.of(&page));
            let read = scan.number(&mut Nowhere);
            let is_one = serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
            // Of `00` the first digit is read, and what follows a number is not looked at.
            assert_eq!(read.is_ok() && scan.at() == text.len(), is_one, "{page}");
            if is_one {
                assert_eq!(read.unwrap() > 0, text.contains(['e', 'E']), "{page}");
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
        fn a_number_is_one_at_once_or_digit_by_digit(text in "-?[0-9]{0,17}([.][0-9]{0,17})?([eE][+-]?[0-9]{0,2})?") {
            is_read_as_serde_json_does(&text);
        }
    }
}
