//! Writes JSON text straight into a buffer, because a client waits while events are made.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};

use super::rng::Rng;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends JSON text to a buffer. The caller writes commas and brackets.
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
        let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        if !text.bytes().any(special) {
            return self.raw(text);
        }
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
        self.padded(
            number,
            number.checked_ilog10().map_or(1, |log| log as usize + 1),
        )
    }

    /// Decimal digits with leading zeros, the last `width` of up to 20.
    pub(super) fn padded(&mut self, mut number: u64, width: usize) -> &mut Self {
        let mut digits = [b'0'; 20];
        for digit in digits.iter_mut().rev().take(width) {
            *digit += (number % 10) as u8;
            number /= 10;
        }
        let from = digits.len().saturating_sub(width);
        self.0
            .extend_from_slice(digits.get(from..).unwrap_or_default());
        self
    }

    /// A quoted time in RFC 3339, to the millisecond.
    pub(super) fn time(&mut self, time: DateTime<Utc>) -> &mut Self {
        let date = [
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second(),
        ];
        self.raw("\"").padded(time.year().unsigned_abs().into(), 4);
        for (separator, part) in ["-", "-", "T", ":", ":"].into_iter().zip(date) {
            self.raw(separator).padded(part.into(), 2);
        }
        let milliseconds = u64::from(time.timestamp_subsec_millis()).min(999);
        self.raw(".").padded(milliseconds, 3).raw("Z\"")
    }

    /// Random letters and digits, as in Okta's ids.
    pub(super) fn base62(&mut self, rng: &mut Rng, mut length: usize) -> &mut Self {
        while length > 0 {
            // One draw gives eight characters; the slight bias does no harm here.
            let letters = rng
                .next_u64()
                .to_le_bytes()
                .map(|byte| BASE62.get(usize::from(byte % 62)).copied().unwrap_or(b'0'));
            let taken = length.min(letters.len());
            self.0
                .extend_from_slice(letters.get(..taken).unwrap_or_default());
            length -= taken;
        }
        self
    }

    /// Random lower-case hexadecimal digits.
    pub(super) fn hex(&mut self, rng: &mut Rng, mut length: usize) -> &mut Self {
        while length > 0 {
            let taken = length.min(16);
            self.hex_digits(rng.next_u64(), taken);
            length -= taken;
        }
        self
    }

    /// The lowest `width` hexadecimal digits of a number, of up to 16.
    pub(super) fn hex_digits(&mut self, mut number: u64, width: usize) -> &mut Self {
        let mut digits = [b'0'; 16];
        for digit in digits.iter_mut().rev().take(width) {
            *digit = HEX.get((number & 15) as usize).copied().unwrap_or(b'0');
            number >>= 4;
        }
        let from = digits.len().saturating_sub(width);
        self.0
            .extend_from_slice(digits.get(from..).unwrap_or_default());
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
