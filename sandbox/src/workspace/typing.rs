//! From properties to columns, by the rules the service infers types with.
//!
//! The first value of a property decides its column. A later value goes to the property's first
//! column, in the order they came to be, that it can be converted to; when there is none, a second
//! column with another suffix appears beside it. This is how one Okta field ends up as twins
//! (`…_s` and `…_g`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::event_id::{guid, hyphenated};
use super::refusal::Refusal;
use super::rows::{Properties, properties_of, text_of};

/// Longest property name, in characters, before the suffix is appended.
const NAME_LIMIT: usize = 45;
/// Most columns in one table.
const COLUMN_LIMIT: usize = 500;
/// Longest text value in bytes; what is beyond is cut.
const VALUE_LIMIT: usize = 32_768;
/// Names that the service keeps for itself.
const RESERVED: [&str; 3] = ["tenant", "TimeGenerated", "RawData"];

/// The type of a column, which is the suffix of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// `_s`
    Text,
    /// `_b`
    Boolean,
    /// `_d`, a double
    Number,
    /// `_t`
    Time,
    /// `_g`
    Guid,
}

impl ColumnType {
    /// What the service appends to the property's name.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Text => "_s",
            Self::Boolean => "_b",
            Self::Number => "_d",
            Self::Time => "_t",
            Self::Guid => "_g",
        }
    }
}

/// One value as a column holds it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Text(Cow<'a, str>),
    Boolean(bool),
    Number(f64),
    Time(DateTime<Utc>),
    Guid(u128),
    /// In a column that is declared: as it was sent, GUID or not.
    GuidText(Cow<'a, str>),
}

impl Cell<'_> {
    pub(super) fn kind(&self) -> ColumnType {
        match self {
            Self::Text(_) => ColumnType::Text,
            Self::Boolean(_) => ColumnType::Boolean,
            Self::Number(_) => ColumnType::Number,
            Self::Time(_) => ColumnType::Time,
            Self::Guid(_) | Self::GuidText(_) => ColumnType::Guid,
        }
    }

    /// Cuts a long text on a character boundary, and says whether it did.
    pub(super) fn capped(self, limit: usize) -> (Self, bool) {
        match self {
            Self::Text(text) if text.len() > limit => {
                let end = text.floor_char_boundary(limit);
                let kept = text.get(..end).unwrap_or_default().to_owned();
                (Self::Text(Cow::Owned(kept)), true)
            }
            other => (other, false),
        }
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) | Self::GuidText(text) => serializer.serialize_str(text),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            // A double prints as the whole number it holds, while it holds it exactly.
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "whole and within i64")]
                serializer.serialize_i64(*number as i64)
            }
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Time(time) => serializer.collect_str(&rfc3339(*time)),
            Self::Guid(guid) => serializer.serialize_str(&hyphenated(*guid)),
        }
    }
}

pub(super) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Reads an ISO 8601 date-time; one without an offset is taken as UTC.
pub(super) fn date_time(text: &str) -> Option<DateTime<Utc>> {
    let bytes = text.as_bytes();
    if bytes.len() < 19 || bytes.get(4) != Some(&b'-') || bytes.get(10) != Some(&b'T') {
        return None;
    }
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .or_else(|_| {
            NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|t| t.and_utc())
        })
        .ok()
}

/// A value that is neither null nor an object.
enum Scalar<'a> {
    Text(Cow<'a, str>),
    Boolean(bool),
    Number(f64, &'a str),
    Array(&'a str),
}

impl<'a> Scalar<'a> {
    fn natural(&self) -> ColumnType {
        match self {
            Self::Boolean(_) => ColumnType::Boolean,
            Self::Number(..) => ColumnType::Number,
            Self::Array(_) => ColumnType::Text,
            Self::Text(text) if guid(text).is_some() => ColumnType::Guid,
            Self::Text(text) if date_time(text).is_some() => ColumnType::Time,
            Self::Text(_) => ColumnType::Text,
        }
    }

    fn convert(&self, column: ColumnType) -> Option<Cell<'a>> {
        match (column, self) {
            (ColumnType::Boolean, Self::Boolean(value)) => Some(Cell::Boolean(*value)),
            (ColumnType::Boolean, Self::Text(text)) => {
                text.to_ascii_lowercase().parse().ok().map(Cell::Boolean)
            }
            (ColumnType::Number, Self::Number(number, _)) => Some(Cell::Number(*number)),
            (ColumnType::Number, Self::Text(text)) => text
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
                .map(Cell::Number),
            (ColumnType::Time, Self::Text(text)) => date_time(text).map(Cell::Time),
            (ColumnType::Guid, Self::Text(text)) => guid(text).map(Cell::Guid),
            (ColumnType::Text, Self::Text(text)) => Some(Cell::Text(text.clone())),
            (ColumnType::Text, Self::Array(json) | Self::Number(_, json)) => {
                Some(Cell::Text(Cow::Borrowed(json)))
            }
            (ColumnType::Text, Self::Boolean(value)) => {
                Some(Cell::Text(Cow::Borrowed(if *value {
                    "true"
                } else {
                    "false"
                })))
            }
            _ => None,
        }
    }
}

/// The columns of one table, and which property each belongs to.
#[derive(Clone, Debug, Default)]
pub(super) struct Schema {
    properties: HashMap<Box<str>, Vec<Column>>,
    columns: usize,
}

#[derive(Clone, Debug)]
struct Column {
    kind: ColumnType,
    name: Arc<str>,
}

/// The cells of one row, and how many values had to be cut.
#[derive(Debug, Default)]
pub(super) struct TypedRow<'a> {
    pub(super) cells: Vec<(Arc<str>, Cell<'a>)>,
    pub(super) cut: u64,
}

impl Schema {
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, ColumnType)> {
        self.properties
            .values()
            .flatten()
            .map(|column| (column.name.as_ref(), column.kind))
    }

    pub(super) fn column_count(&self) -> usize {
        self.columns
    }

    /// Checks a name and remembers it, for posts whose values nobody types.
    pub(super) fn check(&mut self, name: &str) -> Result<(), Refusal> {
        if !self.properties.contains_key(name) {
            check_name(name)?;
            self.properties.insert(name.into(), Vec::new());
        }
        Ok(())
    }

    /// Finds or makes the column of every value of a row.
    pub(super) fn row<'a>(&mut self, properties: &Properties<'a>) -> Result<TypedRow<'a>, Refusal> {
        let mut row = TypedRow::default();
        for (name, value) in properties {
            self.place(name, value, &mut row)?;
        }
        Ok(row)
    }

    fn place<'a>(
        &mut self,
        name: &str,
        value: &'a RawValue,
        row: &mut TypedRow<'a>,
    ) -> Result<(), Refusal> {
        if !self.properties.contains_key(name) {
            check_name(name)?;
        }
        let text = value.get();
        let scalar = match text.bytes().next() {
            Some(b'n') => return Ok(()),
            Some(b'{') => {
                for (inner, value) in properties_of(value)? {
                    self.place(&format!("{name}_{inner}"), value, row)?;
                }
                return Ok(());
            }
            Some(b'[') => Scalar::Array(text),
            Some(b't') => Scalar::Boolean(true),
            Some(b'f') => Scalar::Boolean(false),
            Some(b'"') => Scalar::Text(text_of(value)?),
            _ => Scalar::Number(number(text)?, text),
        };
        let (column, cell) = self.store(name, &scalar)?;
        let (cell, cut) = cell.capped(VALUE_LIMIT);
        row.cut += u64::from(cut);
        row.cells.push((column, cell));
        Ok(())
    }

    fn store<'a>(
        &mut self,
        property: &str,
        scalar: &Scalar<'a>,
    ) -> Result<(Arc<str>, Cell<'a>), Refusal> {
        let known = self.properties.get(property).map_or(&[][..], Vec::as_slice);
        let stored = known
            .iter()
            .find_map(|column| Some((Arc::clone(&column.name), scalar.convert(column.kind)?)));
        if let Some(stored) = stored {
            return Ok(stored);
        }
        if self.columns >= COLUMN_LIMIT {
            return Err(Refusal::data_format(format!(
                "{property} would be a column too many: a table has at most {COLUMN_LIMIT}"
            )));
        }
        let kind = scalar.natural();
        let name: Arc<str> = format!("{property}{}", kind.suffix()).into();
        let cell = scalar
            .convert(kind)
            .ok_or_else(|| Refusal::data_format(format!("{property} has a value of no type")))?;
        self.columns += 1;
        let column = Column {
            kind,
            name: Arc::clone(&name),
        };
        self.properties
            .entry(property.into())
            .or_default()
            .push(column);
        Ok((name, cell))
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let letters = name
        .bytes()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    if name.is_empty() || !letters {
        return Err(Refusal::data_format(format!(
            "the property name {name:?} holds other characters than letters, digits and _"
        )));
    }
    if name.len() > NAME_LIMIT {
        return Err(Refusal::data_format(format!(
            "the property name {name} is longer than {NAME_LIMIT} characters"
        )));
    }
    if RESERVED.contains(&name) {
        return Err(Refusal::data_format(format!(
            "the property name {name} is reserved"
        )));
    }
    Ok(())
}

fn number(text: &str) -> Result<f64, Refusal> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| Refusal::data_format(format!("{text} does not fit a double")))
}

#[cfg(test)]
mod tests;
