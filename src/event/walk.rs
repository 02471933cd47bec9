//! The walk through an event, from key to key, without a tree of values.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::layout::{Child, Meaning, NodeIndex};
use super::row::RowWriter;
use super::text::push_quoted;

/// Walks an object that has columns below it; anything else in its place is kept as stray.
pub(super) struct ObjectVisitor<'w, 'a, 'de> {
    pub(super) writer: &'w mut RowWriter<'a, 'de>,
    pub(super) node: NodeIndex,
}

impl<'de> DeserializeSeed<'de> for ObjectVisitor<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ObjectVisitor<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some(node) = self.writer.node(self.node) else {
            return Err(A::Error::custom("the row layout has no such object"));
        };
        let mut hint = self.writer.hints.get(self.node).copied().unwrap_or(0);
        while let Some(key) = map.next_key_seed(KeySeed {
            children: &node.children,
            hint: &mut hint,
        })? {
            match key {
                Key::Known(Child {
                    meaning: Meaning::Object(below),
                    ..
                }) => {
                    let below = ObjectVisitor {
                        writer: self.writer,
                        node: *below,
                    };
                    map.next_value_seed(below)?;
                }
                Key::Known(Child {
                    name,
                    meaning: Meaning::Column(column),
                }) => {
                    let value: &RawValue = map.next_value()?;
                    self.writer.known(self.node, name, *column, value.get());
                }
                Key::Unknown(name) => {
                    let value: &RawValue = map.next_value()?;
                    self.writer.unknown(self.node, &name, value.get());
                }
            }
        }
        if let Some(kept) = self.writer.hints.get_mut(self.node) {
            *kept = hint;
        }
        self.writer.additional.leave(node.path.len());
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        let mut token = Vec::new();
        push_quoted(&mut token, value);
        self.writer
            .stray(self.node, &String::from_utf8_lossy(&token));
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.writer
            .stray(self.node, if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.writer.stray(self.node, &value.to_string());
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.writer.stray(self.node, &value.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.writer
            .stray(self.node, &serde_json::Value::from(value).to_string());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut token = String::from("[");
        while let Some(element) = seq.next_element::<&RawValue>()? {
            if token.len() > 1 {
                token.push(',');
            }
            token.push_str(element.get());
        }
        token.push(']');
        self.writer.stray(self.node, &token);
        Ok(())
    }
}

/// Looks a key up among a node's children, beginning after the last one found.
struct KeySeed<'n, 'h> {
    children: &'n [Child],
    hint: &'h mut usize,
}

enum Key<'n, 'de> {
    Known(&'n Child),
    Unknown(std::borrow::Cow<'de, str>),
}

impl<'n> KeySeed<'n, '_> {
    fn find(&mut self, key: &str) -> Option<&'n Child> {
        let (before, after) = self.children.split_at_checked(*self.hint)?;
        let (at, child) = after
            .iter()
            .chain(before)
            .enumerate()
            .find(|(_, child)| child.name == key)?;
        *self.hint = (*self.hint + at + 1) % self.children.len();
        Some(child)
    }
}

impl<'n, 'de> DeserializeSeed<'de> for KeySeed<'n, '_> {
    type Value = Key<'n, 'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n, 'de> Visitor<'de> for KeySeed<'n, '_> {
    type Value = Key<'n, 'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(mut self, key: &'de str) -> Result<Self::Value, E> {
        Ok(self
            .find(key)
            .map_or_else(|| Key::Unknown(key.into()), Key::Known))
    }

    fn visit_str<E>(mut self, key: &str) -> Result<Self::Value, E> {
        Ok(self
            .find(key)
            .map_or_else(|| Key::Unknown(key.to_owned().into()), Key::Known))
    }
}
