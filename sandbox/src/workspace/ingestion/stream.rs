//! A stream as a rule declares it, and what becomes of a row on it.
//!
//! The service silently drops a value that fits no column. The sandbox drops it too, and reports it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::workspace::refusal::Refusal;
use crate::workspace::rows::{Properties, text_of};
use crate::workspace::typing::{Cell, ColumnType, TypedRow, date_time};

/// Longest value in bytes; what is beyond is cut.
const VALUE_LIMIT: usize = 65_536;
/// The column that every table has and no row's cells.
pub(in crate::workspace) const TIME_GENERATED: &str = "TimeGenerated";

/// The types of a stream's columns; there is no GUID among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamType {
    /// Text.
    String,
    /// A 32-bit whole number.
    Int,
    /// A 64-bit whole number.
    Long,
    /// A double.
    Real,
    /// True or false.
    Boolean,
    /// Any JSON.
    Dynamic,
    /// A time in ISO 8601.
    Datetime,
}

/// The columns of one stream, by name, as its rule declares them.
pub type StreamColumns = BTreeMap<String, StreamType>;

/// The streams that a data collection rule declares, by name. `rule` is the rule's resource as JSON.
///
/// # Errors
/// It is no such resource, or a stream has a type that none may have.
pub fn declared_streams(rule: &str) -> serde_json::Result<BTreeMap<String, StreamColumns>> {
    #[derive(Deserialize)]
    struct Rule {
        properties: Properties,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Properties {
        stream_declarations: BTreeMap<String, Declaration>,
    }
    #[derive(Deserialize)]
    struct Declaration {
        columns: Vec<Column>,
    }
    #[derive(Deserialize)]
    struct Column {
        name: String,
        r#type: StreamType,
    }
    let rule: Rule = serde_json::from_str(rule)?;
    let columns = |declaration: Declaration| {
        let columns = declaration.columns.into_iter();
        columns.map(|column| (column.name, column.r#type)).collect()
    };
    let streams = rule.properties.stream_declarations.into_iter();
    Ok(streams
        .map(|(stream, declaration)| (stream, columns(declaration)))
        .collect())
}

/// Something the service would have done silently.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Report {
    /// A property that the stream does not declare: dropped.
    UnknownColumn {
        /// The stream.
        stream: String,
        /// The property.
        column: String,
    },
    /// A value of another type than the column's: dropped.
    WrongType {
        /// The stream.
        stream: String,
        /// The column.
        column: String,
        /// The value's first characters.
        value: String,
    },
    /// A value over 64 KB: cut.
    CutValue {
        /// The stream.
        stream: String,
        /// The column.
        column: String,
    },
    /// A body over 1,000,000 bytes before compression: over what the documents allow.
    LargeBody {
        /// The stream.
        stream: String,
        /// Bytes before compression.
        bytes: usize,
    },
}

/// One declared stream.
#[derive(Debug)]
pub(in crate::workspace) struct Stream {
    pub(in crate::workspace) name: String,
    columns: StreamColumns,
}

impl Stream {
    pub(super) fn new(name: &str, columns: &StreamColumns) -> Stream {
        Stream {
            name: name.to_owned(),
            columns: columns.clone(),
        }
    }

    /// The name of its table without `_CL`, which is the stream's own by custom.
    pub(in crate::workspace) fn log_type(&self) -> &str {
        let table = self.name.strip_prefix("Custom-").unwrap_or(&self.name);
        table.strip_suffix("_CL").unwrap_or(table)
    }

    /// Reports names that are not declared, for posts whose values nobody types.
    pub(in crate::workspace) fn check(&self, name: &str, reports: &mut BTreeSet<Report>) {
        if !self.columns.contains_key(name) {
            reports.insert(Report::UnknownColumn {
                stream: self.name.clone(),
                column: name.to_owned(),
            });
        }
    }

    /// The cells of a row, whatever cannot be one reported and left out.
    pub(in crate::workspace) fn row<'a>(
        &self,
        properties: &Properties<'a>,
        reports: &mut BTreeSet<Report>,
    ) -> Result<TypedRow<'a>, Refusal> {
        let mut row = TypedRow::default();
        for (name, value) in properties {
            let Some(kind) = self.columns.get(name.as_ref()) else {
                self.check(name, reports);
                continue;
            };
            if value.get() == "null" {
                continue;
            }
            let Some(cell) = cell(*kind, name, value)? else {
                reports.insert(Report::WrongType {
                    stream: self.name.clone(),
                    column: name.clone().into_owned(),
                    value: value.get().chars().take(40).collect(),
                });
                continue;
            };
            let (cell, cut) = cell.capped(VALUE_LIMIT);
            if cut {
                row.cut += 1;
                reports.insert(Report::CutValue {
                    stream: self.name.clone(),
                    column: name.clone().into_owned(),
                });
            }
            if name != TIME_GENERATED {
                row.cells.push((Arc::from(name.as_ref()), cell));
            }
        }
        Ok(row)
    }
}

/// The value as the column's type has it.
fn cell<'a>(
    kind: StreamType,
    name: &str,
    value: &'a RawValue,
) -> Result<Option<Cell<'a>>, Refusal> {
    let json = value.get();
    let text = match json.starts_with('"') {
        true => Some(text_of(value)?),
        false => None,
    };
    let is_number = json.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    Ok(match kind {
        // The table's own type has no GUID either; the name says what is meant.
        StreamType::String if name.ends_with(ColumnType::Guid.suffix()) => text.map(Cell::GuidText),
        StreamType::String => text.map(Cell::Text),
        StreamType::Dynamic => Some(Cell::Text(Cow::Borrowed(json))),
        StreamType::Int | StreamType::Long if json.contains(['.', 'e', 'E']) => None,
        StreamType::Int | StreamType::Long | StreamType::Real => {
            let number: Option<f64> = is_number.then(|| json.parse().ok()).flatten();
            number.filter(|number| number.is_finite()).map(Cell::Number)
        }
        StreamType::Boolean => json.parse().ok().map(Cell::Boolean),
        StreamType::Datetime => text.as_deref().and_then(date_time).map(Cell::Time),
    })
}
