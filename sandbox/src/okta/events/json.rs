//! Writes JSON text straight into a buffer: a million events are made while a client waits.

use super::dice::Dice;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// The end of a JSON text in the making. Its caller sees to commas and brackets.
pub(super) struct Json<'a>(pub(super) &'a mut Vec<u8>);

impl Json<'_> {
    /// Appends text that is JSON already.
    pub(super) fn raw(&mut self, json: &str) -> &mut Self {
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    /// A quoted string.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.raw("\"").escaped(text).raw("\"")
    }

    /// A quoted string, or `null`.
    pub(super) fn text_or_null(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => self.raw("null"),
        }
    }

    /// The inside of a quoted string.
    pub(super) fn escaped(&mut self, text: &str) -> &mut Self {
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => self.0.extend_from_slice(&[b'\\', byte]),
                b'\n' => self.0.extend_from_slice(b"\\n"),
                0x20.. => self.0.push(byte),
                control => {
                    self.raw("\\u").hex_digits(control.into(), 4);
                }
            }
        }
        self
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        if number >= 10 {
            self.number(number / 10);
        }
        self.0.push(b'0' + (number % 10) as u8);
        self
    }

    /// Decimal digits with leading zeros.
    pub(super) fn padded(&mut self, number: u64, width: u32) -> &mut Self {
        for place in (0..width).rev() {
            self.0.push(b'0' + (number / 10u64.pow(place) % 10) as u8);
        }
        self
    }

    /// Random letters and digits, as in Okta's ids.
    pub(super) fn base62(&mut self, dice: &mut Dice, length: usize) -> &mut Self {
        self.letters(dice, length, BASE62)
    }

    /// Random lower-case hexadecimal digits.
    pub(super) fn hex(&mut self, dice: &mut Dice, length: usize) -> &mut Self {
        self.letters(dice, length, HEX)
    }

    /// The lowest `width` hexadecimal digits of a number.
    pub(super) fn hex_digits(&mut self, number: u64, width: u32) -> &mut Self {
        for place in (0..width).rev() {
            let digit = (number >> (4 * place) & 15) as usize;
            self.0.push(HEX.get(digit).copied().unwrap_or(b'0'));
        }
        self
    }

    fn letters(&mut self, dice: &mut Dice, length: usize, alphabet: &[u8]) -> &mut Self {
        let mut left = length;
        while left > 0 {
            // One roll pays for eight characters; the slight unevenness does no harm here.
            for byte in dice.roll().to_le_bytes().into_iter().take(left) {
                let letter = usize::from(byte) % alphabet.len();
                self.0.push(alphabet.get(letter).copied().unwrap_or(b'0'));
            }
            left = left.saturating_sub(8);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_quotes_and_control_characters_reads_back_the_same() {
        let text = "a \"b\" \\ c\nd \u{1} Zoë 李";
        let mut buffer = Vec::new();
        Json(&mut buffer).text(text);
        assert_eq!(serde_json::from_slice::<String>(&buffer).unwrap(), text);
    }

    #[test]
    fn numbers_are_written_in_full() {
        let mut buffer = Vec::new();
        Json(&mut buffer)
            .number(0)
            .raw(" ")
            .number(90210)
            .raw(" ")
            .padded(7, 3);
        assert_eq!(buffer, b"0 90210 007");
    }
}
