//! JSON as it is written: repeated keys, order and the naming of numbers are kept.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// One value's own text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Json(pub(super) String);

impl Json {
    /// An object's entries.
    pub(super) fn entries(&self) -> Option<Vec<(String, Json)>> {
        serde_json::from_str::<Entries>(&self.0)
            .ok()
            .map(|entries| entries.0)
    }

    /// An array's elements.
    pub(super) fn elements(&self) -> Option<Vec<Json>> {
        let elements: Vec<&RawValue> = serde_json::from_str(&self.0).ok()?;
        Some(
            elements
                .into_iter()
                .map(|element| Json(element.get().to_owned()))
                .collect(),
        )
    }

    /// A string's text.
    pub(super) fn text(&self) -> Option<String> {
        serde_json::from_str(&self.0).ok()
    }

    /// The value, where a tree of values can hold it.
    pub(super) fn value(&self) -> Option<Value> {
        serde_json::from_str(&self.0).ok()
    }

    /// `null` and objects without keys.
    pub(super) fn holds_nothing(&self) -> bool {
        self.0 == "null" || self.entries().is_some_and(|entries| entries.is_empty())
    }
}

/// Entries as one object.
pub(super) fn object(entries: &[(String, String)]) -> String {
    let entry = |(key, value): &(String, String)| format!("{}:{value}", Value::from(key.as_str()));
    format!(
        "{{{}}}",
        entries.iter().map(entry).collect::<Vec<_>>().join(",")
    )
}

/// Elements as one array.
pub(super) fn array(elements: &[Json]) -> String {
    let elements: Vec<&str> = elements.iter().map(|element| element.0.as_str()).collect();
    format!("[{}]", elements.join(","))
}

struct Entries(Vec<(String, Json)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    entries.push((key, Json(value.get().to_owned())));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(EntriesVisitor)
    }
}
