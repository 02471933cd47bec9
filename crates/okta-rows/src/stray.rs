//! What stands where an object was expected.

use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::layout::NodeIndex;
use crate::scan::Token;
use crate::text::push_quoted;
use crate::writer::RowWriter;

/// Keeps a value that is no object; `null` is nothing to keep.
///
/// # Errors
/// A text with half a surrogate pair, or a number past a double's range.
pub(super) fn keep(
    writer: &mut RowWriter<'_, '_>,
    node: NodeIndex,
    value: &str,
) -> serde_json::Result<()> {
    serde_json::Deserializer::from_str(value).deserialize_any(StrayVisitor { writer, node })
}

struct StrayVisitor<'w, 'a, 'de> {
    writer: &'w mut RowWriter<'a, 'de>,
    node: NodeIndex,
}

impl StrayVisitor<'_, '_, '_> {
    fn keep<E>(self, value: &str) -> Result<(), E> {
        self.writer.stray(self.node, Token::of(value));
        Ok(())
    }
}

impl<'v> Visitor<'v> for StrayVisitor<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value but an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        let mut token = Vec::new();
        push_quoted(&mut token, value);
        self.keep(&String::from_utf8_lossy(&token))
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.keep(if value { "true" } else { "false" })
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.keep(&value.to_string())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.keep(&value.to_string())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.keep(&serde_json::Value::from(value).to_string())
    }

    fn visit_seq<A: SeqAccess<'v>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut token = String::from("[");
        while let Some(element) = seq.next_element::<&RawValue>()? {
            if token.len() > 1 {
                token.push(',');
            }
            token.push_str(element.get());
        }
        token.push(']');
        self.keep(&token)
    }
}
