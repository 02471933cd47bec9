//! JSON text, token by token: the same grammar as `serde_json`'s, without its values.
//!
//! A token is borrowed from the page as it stands. Nothing is decoded here, so that a text is
//! looked at once, eight bytes at a time, and what it needs later (has it escapes?) is known.

/// The text goes wrong here, or stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// One JSON value as it stands, without blanks around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'de> {
    pub(super) text: &'de str,
    /// A string that has a backslash in it. Of other values it says nothing.
    pub(super) escaped: bool,
}

impl<'de> Token<'de> {
    /// A value that was made rather than read.
    pub(super) fn of(text: &'de str) -> Token<'de> {
        let escaped = text.starts_with('"') && text.contains('\\');
        Token { text, escaped }
    }

    /// A quoted key of the schema, none of which needs an escape.
    pub(super) fn of_schema(quoted: &'de str) -> Token<'de> {
        Token {
            text: quoted,
            escaped: false,
        }
    }

    /// The inside of a string without escapes; `None` for any other token.
    pub(super) fn plain_string(self) -> Option<&'de str> {
        if self.escaped {
            return None;
        }
        self.text.strip_prefix('"')?.strip_suffix('"')
    }

    /// Whether it is nothing worth a column: `null`, or an object without keys.
    pub(super) fn holds_nothing(self) -> bool {
        let inside = || {
            let inside = self.text.strip_prefix('{')?.strip_suffix('}')?;
            Some(inside.trim_ascii().is_empty())
        };
        match self.text.as_bytes().first() {
            Some(b'n') => true,
            Some(b'{') => inside().unwrap_or(false),
            _ => false,
        }
    }
}

/// A place in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan<'de> {
    text: &'de str,
    at: usize,
}

impl<'de> Scan<'de> {
    pub(super) fn new(text: &'de str) -> Scan<'de> {
        Scan { text, at: 0 }
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'de [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The next byte, which stays where it is.
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes past `byte` if it is the next one.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Goes past `text` if it comes next.
    pub(super) fn take_all(&mut self, text: &[u8]) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Goes past blanks.
    pub(super) fn blank(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Goes past what an object's key begins with or a list goes on with: `byte` among blanks.
    pub(super) fn mark(&mut self, byte: u8) -> Result<(), Malformed> {
        self.blank();
        if !self.take(byte) {
            return Err(Malformed);
        }
        self.blank();
        Ok(())
    }

    /// Reads a string.
    pub(super) fn string(&mut self) -> Result<Token<'de>, Malformed> {
        let start = self.at;
        if !self.take(b'"') {
            return Err(Malformed);
        }
        let mut escaped = false;
        loop {
            self.at = plain_end(self.text.as_bytes(), self.at);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(Malformed),
            }
        }
        self.at += 1;
        let text = self.text.get(start..self.at).ok_or(Malformed)?;
        Ok(Token { text, escaped })
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        let length = match self.rest() {
            [
                _,
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                ..,
            ] => 2,
            [_, b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|x| x.is_ascii_hexdigit()) => 6,
            _ => return Err(Malformed),
        };
        self.at += length;
        Ok(())
    }

    /// Reads any value. `open` is room for its open brackets.
    pub(super) fn value(&mut self, open: &mut Vec<u8>) -> Result<Token<'de>, Malformed> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => return self.string(),
            Some(b'{' | b'[') => self.nested(open)?,
            _ => self.word()?,
        }
        let text = self.text.get(start..self.at).ok_or(Malformed)?;
        Ok(Token {
            text,
            escaped: false,
        })
    }

    /// Goes past a number, `true`, `false` or `null`.
    fn word(&mut self) -> Result<(), Malformed> {
        let known = match self.peek() {
            Some(b't') => self.take_all(b"true"),
            Some(b'f') => self.take_all(b"false"),
            Some(b'n') => self.take_all(b"null"),
            _ => return self.number(),
        };
        if known { Ok(()) } else { Err(Malformed) }
    }

    fn number(&mut self) -> Result<(), Malformed> {
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
        }
        Ok(())
    }

    /// Goes past one digit at least.
    fn digits(&mut self) -> Result<(), Malformed> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit());
        let count = count.count();
        self.at += count;
        if count > 0 { Ok(()) } else { Err(Malformed) }
    }

    /// Goes past an array or object, however deep: depth costs a byte, not a call.
    fn nested(&mut self, open: &mut Vec<u8>) -> Result<(), Malformed> {
        open.clear();
        loop {
            match self.peek() {
                Some(b'"') => drop(self.string()?),
                Some(bracket @ (b'{' | b'[')) => {
                    self.at += 1;
                    self.blank();
                    if !self.take(closing(bracket)) {
                        open.push(bracket);
                        self.key_in(bracket)?;
                        continue;
                    }
                }
                _ => self.word()?,
            }
            // One value is complete, and with it perhaps some that it is the last part of.
            loop {
                let Some(bracket) = open.last().copied() else {
                    return Ok(());
                };
                self.blank();
                if self.take(b',') {
                    self.blank();
                    self.key_in(bracket)?;
                    break;
                }
                if !self.take(closing(bracket)) {
                    return Err(Malformed);
                }
                open.pop();
            }
        }
    }

    /// Goes past the key and the colon that a value has in an object.
    fn key_in(&mut self, bracket: u8) -> Result<(), Malformed> {
        if bracket == b'{' {
            self.string()?;
            self.mark(b':')?;
        }
        Ok(())
    }
}

fn closing(bracket: u8) -> u8 {
    match bracket {
        b'{' => b'}',
        _ => b']',
    }
}

/// Where, from `at` on, the first byte stands that a JSON string has to escape: `"`, `\` or a
/// control character.
pub(super) fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let marked = marked(u64::from_le_bytes(*word));
        if marked != 0 {
            return at + marked.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..0x20);
    let tail = bytes.get(at..).unwrap_or_default();
    at + tail.iter().take_while(plain).count()
}

/// The top bit of each byte that has to be escaped, after Mycroft; a borrow may mark more bytes,
/// but only above a true one.
fn marked(word: u64) -> u64 {
    const EACH: u64 = u64::MAX / 255;
    let control = word.wrapping_sub(EACH * 0x20);
    let quote = (word ^ (EACH * b'"' as u64)).wrapping_sub(EACH);
    let backslash = (word ^ (EACH * b'\\' as u64)).wrapping_sub(EACH);
    // All of them are ASCII: a byte with its top bit set is none.
    (control | quote | backslash) & !word & (EACH << 7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_serde_json_takes_for_a_value_is_one_and_nothing_else(text in "[\\[\\]{}:,\"\\\\u0aeE.+\\-1 \\n]{0,12}") {
            let mut scan = Scan::new(&text);
            scan.blank();
            let read = scan.value(&mut Vec::new());
            scan.blank();
            let whole = read.is_ok() && scan.rest().is_empty();
            prop_assert_eq!(whole, serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok());
            if whole {
                prop_assert_eq!(read.unwrap().text, text.trim_ascii());
            }
        }

        #[test]
        fn the_plain_start_of_a_text_ends_at_what_needs_an_escape(text in "[a-zé\u{1f600}\\x00-\\x7f]{0,40}") {
            let slow = text.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
            prop_assert_eq!(plain_end(text.as_bytes(), 0), slow.unwrap_or(text.len()));
        }
    }
}
