//! One table: its columns, its rows and their counts.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::config::{Config, Detail};
use super::event_id::EventId;
use super::ingestion::stream::{Report, Stream, TIME_GENERATED};
use super::refusal::Refusal;
use super::rows::{Properties, for_each_row, text_of};
use super::typing::{ColumnType, Schema, TypedRow, date_time, rfc3339};

/// How old, and how far ahead, a row's own time may be at receipt.
const OLDEST: TimeDelta = TimeDelta::days(2);
const AHEAD: TimeDelta = TimeDelta::days(1);

/// A view of one table; it follows the table as rows arrive.
#[derive(Clone, Debug)]
pub struct Table(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    detail: Detail,
    keep_rows: usize,
    file: Option<PathBuf>,
    /// Locked for a whole post: two posts must not both invent a column.
    writer: Mutex<Writer>,
    ledger: Mutex<Ledger>,
}

#[derive(Debug, Default)]
struct Writer {
    schema: Schema,
    file: Option<BufWriter<File>>,
}

/// How a post's properties become columns.
pub(super) enum Naming<'a> {
    /// By the values, as the Data Collector does it; the post may name the property of the time.
    Inferred { time_field: Option<&'a str> },
    /// As the rule's stream says.
    Declared(&'a Stream),
}

impl Naming<'_> {
    /// The property that rows are counted by.
    fn id(&self) -> &'static str {
        match self {
            Self::Inferred { .. } => "uuid",
            Self::Declared(_) => "uuid_g",
        }
    }

    /// The property of the row's own time.
    fn time_field(&self) -> Option<&str> {
        match self {
            Self::Inferred { time_field } => *time_field,
            Self::Declared(_) => Some(TIME_GENERATED),
        }
    }
}

/// One row as JSON, parsed only when somebody asks.
type Line = Arc<[u8]>;

#[derive(Debug, Default)]
struct Ledger {
    rows: u64,
    ids: HashMap<EventId, u32>,
    without_id: u64,
    rewritten: u64,
    cut: u64,
    kept: VecDeque<Line>,
    columns: BTreeMap<String, ColumnType>,
    /// How many of them the Data Collector's inference made.
    inferred: usize,
}

/// What one accepted post held.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) rows: u64,
    pub(super) ids: Vec<EventId>,
    rewritten: u64,
    cut: u64,
    kept: VecDeque<Line>,
    lines: Vec<u8>,
    /// Declared columns that were given a value.
    declared: BTreeMap<Arc<str>, ColumnType>,
    /// What the service would have done without a word.
    pub(super) reports: BTreeSet<Report>,
}

impl Table {
    pub(super) fn new(name: &str, config: &Config) -> Self {
        let folder = config
            .output_dir
            .as_ref()
            .filter(|_| config.detail == Detail::Full);
        Self(Arc::new(Inner {
            detail: config.detail,
            keep_rows: config.keep_rows,
            file: folder.map(|folder| folder.join(format!("{name}.ndjson"))),
            writer: Mutex::default(),
            ledger: Mutex::default(),
        }))
    }

    /// Rows stored so far, repeated ones counted each time.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.ledger().rows
    }

    /// Custom columns under their final names. Empty under [`Detail::IdsOnly`].
    #[must_use]
    pub fn columns(&self) -> BTreeMap<String, ColumnType> {
        self.ledger().columns.clone()
    }

    /// How many different values of `uuid` arrived.
    #[must_use]
    pub fn distinct_ids(&self) -> usize {
        self.ledger().ids.len()
    }

    /// Ids that arrived more than once, with how often, in order.
    #[must_use]
    pub fn repeated_ids(&self) -> BTreeMap<EventId, u32> {
        let ledger = self.ledger();
        let repeated = ledger.ids.iter().filter(|(_, times)| **times > 1);
        repeated.map(|(id, times)| (id.clone(), *times)).collect()
    }

    /// How often a row with this `uuid` arrived.
    #[must_use]
    pub fn times_seen(&self, id: &str) -> u32 {
        self.ledger()
            .ids
            .get(&EventId::from(id))
            .copied()
            .unwrap_or(0)
    }

    /// Rows that had no `uuid`, or no `uuid_g` through the Logs Ingestion API.
    #[must_use]
    pub fn rows_without_id(&self) -> u64 {
        self.ledger().without_id
    }

    /// Rows whose post or rule names a time field, and whose time there was more than two days old, more
    /// than one day ahead, missing or no time: their `TimeGenerated` is the time of receipt.
    #[must_use]
    pub fn rewritten_times(&self) -> u64 {
        self.ledger().rewritten
    }

    /// Values that were cut at 32 KB.
    #[must_use]
    pub fn cut_values(&self) -> u64 {
        self.ledger().cut
    }

    /// The newest rows, oldest first, under their final column names; at most
    /// [`Config::keep_rows`] of them.
    #[must_use]
    pub fn kept_rows(&self) -> Vec<serde_json::Map<String, serde_json::Value>> {
        let kept: Vec<Line> = self.ledger().kept.iter().cloned().collect();
        // Every line was written by this module; none fails to be read.
        kept.iter()
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect()
    }

    /// Stores every row of `body`, or none. `veto` sees the ids first and may refuse the post.
    pub(super) fn accept(
        &self,
        body: &str,
        naming: &Naming<'_>,
        received: DateTime<Utc>,
        veto: impl FnOnce(&[EventId]) -> Result<(), Refusal>,
    ) -> Result<Batch, Refusal> {
        let mut writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // Columns that a refused post would have made must not outlive it.
        let mut schema = writer.schema.clone();
        let mut batch = Batch::default();
        batch.rows = for_each_row(body, |row| {
            let time = batch.note(row, naming, received)?;
            match (self.0.detail, naming) {
                (Detail::IdsOnly, Naming::Inferred { .. }) => {
                    row.iter().try_for_each(|(name, _)| schema.check(name))
                }
                (Detail::IdsOnly, Naming::Declared(stream)) => {
                    row.iter()
                        .for_each(|(name, _)| stream.check(name, &mut batch.reports));
                    Ok(())
                }
                (Detail::Full, Naming::Inferred { .. }) => {
                    self.keep(schema.row(row)?, time, &mut batch)
                }
                (Detail::Full, Naming::Declared(stream)) => {
                    let row = stream.row(row, &mut batch.reports)?;
                    batch.note_columns(&row);
                    self.keep(row, time, &mut batch)
                }
            }
        })?;
        veto(&batch.ids)?;
        writer.append(self.0.file.as_ref(), &batch.lines)?;
        writer.schema = schema;
        self.ledger()
            .enter(&mut batch, &writer.schema, self.0.keep_rows);
        Ok(batch)
    }

    fn keep(
        &self,
        row: TypedRow<'_>,
        time_generated: DateTime<Utc>,
        batch: &mut Batch,
    ) -> Result<(), Refusal> {
        batch.cut += row.cut;
        if self.0.file.is_none() && self.0.keep_rows == 0 {
            return Ok(());
        }
        let line = serde_json::to_vec(&StoredRow {
            time_generated,
            row,
        })
        .map_err(unwritable)?;
        if self.0.file.is_some() {
            batch.lines.extend_from_slice(&line);
            batch.lines.push(b'\n');
        }
        batch.kept.push_back(line.into());
        if batch.kept.len() > self.0.keep_rows {
            batch.kept.pop_front();
        }
        Ok(())
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    /// Counts the row's id and settles its `TimeGenerated`.
    fn note(
        &mut self,
        row: &Properties<'_>,
        naming: &Naming<'_>,
        received: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Refusal> {
        let text = |name: &str| {
            let (_, value) = row.iter().rev().find(|(property, _)| property == name)?;
            value.get().starts_with('"').then(|| text_of(value))
        };
        if let Some(id) = text(naming.id()) {
            self.ids.push(EventId::from(id?.as_ref()));
        }
        let Some(field) = naming.time_field() else {
            return Ok(received);
        };
        let named = text(field).transpose()?.as_deref().and_then(date_time);
        let usable = named.filter(|time| (received - OLDEST..=received + AHEAD).contains(time));
        self.rewritten += u64::from(usable.is_none());
        Ok(usable.unwrap_or(received))
    }

    fn note_columns(&mut self, row: &TypedRow<'_>) {
        for (name, cell) in &row.cells {
            if !self.declared.contains_key(name) {
                self.declared.insert(Arc::clone(name), cell.kind());
            }
        }
    }
}

impl Writer {
    fn append(&mut self, path: Option<&PathBuf>, lines: &[u8]) -> Result<(), Refusal> {
        let Some(path) = path else { return Ok(()) };
        let file = match &mut self.file {
            Some(file) => file,
            closed => {
                let file = OpenOptions::new().create(true).append(true).open(path);
                closed.insert(BufWriter::new(file.map_err(unwritable)?))
            }
        };
        file.write_all(lines)
            .and_then(|()| file.flush())
            .map_err(unwritable)
    }
}

impl Ledger {
    fn enter(&mut self, batch: &mut Batch, schema: &Schema, keep_rows: usize) {
        self.rows += batch.rows;
        self.without_id += batch.rows - batch.ids.len() as u64;
        self.rewritten += batch.rewritten;
        self.cut += batch.cut;
        for id in &batch.ids {
            *self.ids.entry(id.clone()).or_default() += 1;
        }
        self.kept.append(&mut batch.kept);
        let surplus = self.kept.len().saturating_sub(keep_rows);
        self.kept.drain(..surplus);
        if self.inferred != schema.column_count() {
            self.inferred = schema.column_count();
            let columns = schema.columns();
            self.columns
                .extend(columns.map(|(name, kind)| (name.to_owned(), kind)));
        }
        for (name, kind) in std::mem::take(&mut batch.declared) {
            self.columns.insert(name.as_ref().to_owned(), kind);
        }
    }
}

fn unwritable(problem: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        axum::http::StatusCode::INTERNAL_SERVER_ERROR,
        "UnspecifiedError",
        format!("the row cannot be written to the output folder: {problem}"),
    )
}

struct StoredRow<'a> {
    time_generated: DateTime<Utc>,
    row: TypedRow<'a>,
}

impl Serialize for StoredRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("TimeGenerated", &rfc3339(self.time_generated))?;
        for (name, cell) in &self.row.cells {
            map.serialize_entry(name.as_ref(), cell)?;
        }
        map.end()
    }
}
