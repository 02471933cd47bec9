//! The elements of an array or the members of an object, in a text that was read before.

/// Iterates over an array's elements or an object's members, of which the former have no key.
/// Nothing is checked: the text must be one whole JSON value.
#[derive(Clone, Debug)]
pub(crate) struct Items<'de> {
    rest: &'de str,
    is_object: bool,
}

impl<'de> Items<'de> {
    /// Of any other value than an array or object there are none.
    pub(crate) fn of(json: &'de str) -> Items<'de> {
        let is_nested = json.starts_with(['{', '[']);
        Items {
            rest: if is_nested { &json[1..] } else { "" },
            is_object: json.starts_with('{'),
        }
    }

    /// Takes the next value, without blanks around it.
    fn value(&mut self) -> &'de str {
        let (value, rest) = self.rest.split_at(value_length(self.rest.as_bytes()));
        self.rest = rest.trim_ascii_start();
        value
    }
}

impl<'de> Iterator for Items<'de> {
    /// Key, a JSON string, and value.
    type Item = (Option<&'de str>, &'de str);

    fn next(&mut self) -> Option<Self::Item> {
        self.rest = self.rest.trim_ascii_start();
        self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
        self.rest = self.rest.trim_ascii_start();
        if self.rest.is_empty() || self.rest.starts_with(['}', ']']) {
            return None;
        }
        let key = self.is_object.then(|| {
            let key = self.value();
            self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
            self.rest = self.rest.trim_ascii_start();
            key
        });
        Some((key, self.value()))
    }
}

/// How long the value is that begins here; at least 1, so that a loop over values ends.
fn value_length(json: &[u8]) -> usize {
    let ends_scalar = |byte: &u8| b",:]} \t\r\n".contains(byte);
    let length = match json.first() {
        Some(b'"') => string_length(json),
        Some(b'{' | b'[') => nested_length(json),
        _ => json.iter().position(ends_scalar).unwrap_or(json.len()),
    };
    length.max(1).min(json.len())
}

/// The length of the string that begins here, with both quotation marks.
pub(crate) fn string_length(json: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = json
        .get(at..)
        .and_then(|rest| rest.iter().position(|byte| matches!(byte, b'"' | b'\\')))
    {
        at += found;
        match json.get(at) {
            Some(b'\\') => at += 2,
            _ => return at + 1,
        }
    }
    json.len()
}

/// The length of the array or object that begins here; depth costs nothing.
pub(crate) fn nested_length(json: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => at += string_length(json.get(at..).unwrap_or_default()),
            b'{' | b'[' => (at, depth) = (at + 1, depth + 1),
            b'}' | b']' => (at, depth) = (at + 1, depth.saturating_sub(1)),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    // Without an end.
    json.len() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_told_apart_whatever_stands_in_them() {
        let items = |json| Items::of(json).collect::<Vec<_>>();
        assert_eq!(
            items(r#"{ "a" : 1 ,"b\"}":{"c":[1,"]"]}, "":"\\" }"#),
            [
                (Some(r#""a""#), "1"),
                (Some(r#""b\"}""#), r#"{"c":[1,"]"]}"#),
                (Some(r#""""#), r#""\\""#),
            ]
        );
        assert_eq!(items("[ ]"), []);
        assert_eq!(
            items("[-1e5 ,[[]],{} , null]"),
            [(None, "-1e5"), (None, "[[]]"), (None, "{}"), (None, "null")]
        );
        assert_eq!(items("7"), []);
    }
}
