//! Reads a body row by row, without ever building a tree of values.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::refusal::Refusal;

/// One row: its properties in the order sent, values as the text sent.
pub(super) type Properties<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Calls `row` for each object of the array `body`, or once when `body` is a single object.
pub(super) fn for_each_row<'a, F>(body: &'a str, row: F) -> Result<u64, Refusal>
where
    F: FnMut(&Properties<'a>) -> Result<(), Refusal>,
{
    let mut reader = Reader {
        row,
        properties: Vec::new(),
        rows: 0,
        refusal: None,
    };
    let mut json = serde_json::Deserializer::from_str(body);
    let read = json.deserialize_any(&mut reader).and_then(|()| json.end());
    if let Some(refusal) = reader.refusal {
        return Err(refusal);
    }
    read.map_err(|problem| {
        Refusal::data_format(format!("the body is no JSON of records: {problem}"))
    })?;
    if reader.rows == 0 {
        return Err(Refusal::data_format("the body holds no record"));
    }
    Ok(reader.rows)
}

/// Reads the properties of one nested object.
pub(super) fn properties_of(object: &RawValue) -> Result<Properties<'_>, Refusal> {
    let mut properties = Vec::new();
    let mut json = serde_json::Deserializer::from_str(object.get());
    Row(&mut properties)
        .deserialize(&mut json)
        .map_err(|problem| {
            Refusal::data_format(format!("a nested object is no JSON: {problem}"))
        })?;
    Ok(properties)
}

struct Reader<'a, F> {
    row: F,
    properties: Properties<'a>,
    rows: u64,
    refusal: Option<Refusal>,
}

impl<'a, F> Reader<'a, F>
where
    F: FnMut(&Properties<'a>) -> Result<(), Refusal>,
{
    fn finish_row<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.rows += 1;
        (self.row)(&self.properties).map_err(|refusal| {
            let stop = E::custom(&refusal.message);
            self.refusal = Some(refusal);
            stop
        })
    }
}

impl<'de, F> Visitor<'de> for &mut Reader<'de, F>
where
    F: FnMut(&Properties<'de>) -> Result<(), Refusal>,
{
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of objects or one object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while rows.next_element_seed(Row(&mut self.properties))?.is_some() {
            self.finish_row()?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, row: A) -> Result<(), A::Error> {
        Row(&mut self.properties).visit_map(row)?;
        self.finish_row()
    }
}

struct Row<'r, 'a>(&'r mut Properties<'a>);

impl<'de> DeserializeSeed<'de> for Row<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, row: D) -> Result<(), D::Error> {
        row.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut row: A) -> Result<(), A::Error> {
        self.0.clear();
        while let Some(Name(name)) = row.next_key::<Name<'de>>()? {
            self.0.push((name, row.next_value()?));
        }
        Ok(())
    }
}

/// The text of a JSON string, borrowed when it holds no escapes.
pub(super) fn text_of(value: &RawValue) -> Result<Cow<'_, str>, Refusal> {
    serde_json::from_str::<Name<'_>>(value.get())
        .map(|Name(text)| text)
        .map_err(|problem| Refusal::data_format(format!("a value is no JSON string: {problem}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(body: &str) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        for_each_row(body, |row| {
            names.push(
                row.iter()
                    .map(|(name, _)| name.as_ref())
                    .collect::<Vec<_>>()
                    .join(","),
            );
            Ok(())
        })
        .map(|_| names)
        .map_err(|refusal| refusal.message)
    }

    #[test]
    fn an_array_and_a_single_object_are_both_records() {
        assert_eq!(
            names(r#"[{"a":1,"b":[{}]},{"c":null}]"#).unwrap(),
            ["a,b", "c"]
        );
        assert_eq!(names(r#" {"a":1} "#).unwrap(), ["a"]);
        assert_eq!(names(r#"[{"\u0061":1}]"#).unwrap(), ["a"]);
    }

    #[test]
    fn anything_else_is_no_body_of_records() {
        for body in [
            "",
            "[]",
            "null",
            "7",
            "[1]",
            "[[]]",
            "[{}",
            "[{}] x",
            "[{\"a\":}]",
            "\"a\"",
        ] {
            assert!(names(body).is_err(), "{body}");
        }
    }
}
