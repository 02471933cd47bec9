//! One JSON value as it stands in the page.

/// The text is no JSON from here on, or stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// One JSON value, without blanks around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'de> {
    pub(crate) text: &'de str,
    /// Of a string its escapes, of a number its exponents, of other values 0. A count and not a
    /// flag: a processor waits where a byte was written and a word is read.
    pub(crate) escapes: usize,
}

impl<'de> Token<'de> {
    /// The inside of a string without escapes; `None` for any other token.
    pub(crate) fn plain_string(self) -> Option<&'de str> {
        if self.escapes > 0 {
            return None;
        }
        self.text.strip_prefix('"')?.strip_suffix('"')
    }

    /// Whether it is `null` or an object without keys, which no column holds.
    pub(crate) fn holds_nothing(self) -> bool {
        let inside = || self.text.strip_prefix('{')?.strip_suffix('}');
        match self.text.as_bytes().first() {
            Some(b'n') => true,
            Some(b'{') => inside().is_some_and(|inside| inside.trim_ascii().is_empty()),
            _ => false,
        }
    }
}
