//! Values longer than a column takes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::schema::MAX_VALUE;
use crate::text::{push_escaped, push_quoted};

/// The longest start of `text` that has at most `limit` bytes and ends between characters.
pub(super) fn cut_text(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

/// Appends JSON as the inside of a string, cut if need be; returns the bytes cut.
pub(super) fn push_json(out: &mut Vec<u8>, json: &str) -> usize {
    if json.len() <= MAX_VALUE {
        push_escaped(out, json.as_bytes());
        return 0;
    }
    let kept = cut_json(json, MAX_VALUE);
    push_escaped(out, kept.as_bytes());
    json.len().saturating_sub(kept.len())
}

/// The longest start of an array or object, in whole elements or keys, of at most `limit` bytes.
/// A text that is neither comes back as `null`.
fn cut_json(json: &str, limit: usize) -> String {
    let mut kept = Vec::with_capacity(limit);
    let close = if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(json) {
        kept.push(b'[');
        for element in elements {
            if !fits(&mut kept, limit, |kept| {
                kept.extend_from_slice(element.get().as_bytes());
            }) {
                break;
            }
        }
        b']'
    } else if let Ok(Entries(entries)) = serde_json::from_str(json) {
        kept.push(b'{');
        for (key, value) in entries {
            let written = fits(&mut kept, limit, |kept| {
                push_quoted(kept, &key.0);
                kept.push(b':');
                kept.extend_from_slice(value.get().as_bytes());
            });
            if !written {
                break;
            }
        }
        b'}'
    } else {
        return "null".to_owned();
    };
    kept.push(close);
    String::from_utf8(kept).unwrap_or_else(|_| "null".to_owned())
}

/// Writes one more part, or takes it back when it and the closing bracket pass the limit.
fn fits(kept: &mut Vec<u8>, limit: usize, write: impl FnOnce(&mut Vec<u8>)) -> bool {
    let before = kept.len();
    if before > 1 {
        kept.push(b',');
    }
    write(kept);
    let fits = kept.len() < limit;
    if !fits {
        kept.truncate(before);
    }
    fits
}

/// An object's entries in their order, keys unescaped, with U+FFFD in place of what is no character.
struct Entries<'de>(Vec<(Key, &'de RawValue)>);

struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            // A key asked for as bytes comes with its lone surrogates, three bytes each.
            fn visit_bytes<E>(self, key: &[u8]) -> Result<Key, E> {
                Ok(Key(String::from_utf8_lossy(key).into_owned()))
            }
        }

        deserializer.deserialize_bytes(KeyVisitor)
    }
}

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(EntriesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(cut_text("aéé", 4), "aé");
        assert_eq!(cut_text("aé", 3), "aé");
    }

    #[test]
    fn json_is_cut_between_elements_and_stays_json() {
        assert_eq!(cut_json("[1, 22, {\"a\":3}]", 6), "[1,22]");
        assert_eq!(
            cut_json("{\"a\":1,\"b\\n\":[2],\"c\":3}", 17),
            "{\"a\":1,\"b\\n\":[2]}"
        );
        assert_eq!(cut_json("[\"longer than all\"]", 6), "[]");
        assert_eq!(
            cut_json(r#"{"\ud800":1,"c":3}"#, 18),
            "{\"\u{fffd}\u{fffd}\u{fffd}\":1}"
        );
    }
}
