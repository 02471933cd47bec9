//! The tables of the workspace, each with all its columns: the one list that table resources, the
//! data collection rule, the column reference and the test database are made of.
//!
//! Columns are named and described where their rows are written: an event's in
//! [`okta_rows::schema`], a run's in [`crate::ship::health`], the others' in the modules below.

use crate::ship::health;
use okta_rows::ColumnNaming;
use okta_rows::schema::{self, Kind};

pub mod posture;
pub mod response;

/// The column that the service keeps every row by. Rows for Logs Ingestion bring it.
pub const TIME_GENERATED: &str = "TimeGenerated";

/// One table as the workspace ends with it.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name, with `_CL`.
    pub name: &'static str,
    /// What one of its rows is, in one line.
    pub doc: &'static str,
    /// Every column but the service's own, [`TIME_GENERATED`] first.
    pub columns: Vec<Column>,
}

impl Table {
    /// The stream of the data collection rule that its rows are sent to.
    pub fn stream(&self) -> String {
        format!("Custom-{}", self.name)
    }
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its full name, suffix included.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// What it holds, in one line.
    pub doc: &'static str,
}

impl Column {
    fn time_generated(doc: &'static str) -> Column {
        Column {
            name: TIME_GENERATED.to_owned(),
            kind: Kind::Time,
            doc,
        }
    }
}

/// A column whose row is written from values of ours, not from an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property {
    /// The property that the Data Collector is sent, without suffix.
    pub key: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What it holds, in one line for the table's reader.
    pub doc: &'static str,
}

impl Property {
    const fn of(key: &'static str, kind: Kind, doc: &'static str) -> Property {
        Property { key, kind, doc }
    }

    /// The column's full name in the table, on either road.
    pub fn name(&self) -> String {
        format!("{}{}", self.key, self.kind.suffix())
    }

    /// The name by which a road is sent it.
    pub fn spelt(&self, naming: ColumnNaming) -> String {
        match naming {
            ColumnNaming::Unsuffixed => self.key.to_owned(),
            ColumnNaming::Full => self.name(),
        }
    }

    fn column(&self) -> Column {
        Column {
            name: self.name(),
            kind: self.kind,
            doc: self.doc,
        }
    }
}

/// The four tables.
pub fn all() -> [Table; 4] {
    [okta(), connector_health(), response(), posture()]
}

fn okta() -> Table {
    let time = "When the event was published, or when its row arrived if it was more than two days old by then";
    let columns = schema::COLUMNS.iter().map(|column| Column {
        name: column.name(),
        kind: column.kind,
        doc: column.doc,
    });
    Table {
        name: "Okta_CL",
        doc: "One event of Okta's System Log",
        columns: with_time(time, columns),
    }
}

fn connector_health() -> Table {
    let columns = health::COLUMNS.iter().map(|column| Column {
        name: column.name(),
        kind: column.kind,
        doc: column.doc,
    });
    Table {
        name: "OktaConnectorHealth_CL",
        doc: "One run of okta-sentinel, whatever became of it",
        columns: with_time("When the run began", columns),
    }
}

fn response() -> Table {
    let columns = response::COLUMNS.iter().map(Property::column);
    Table {
        name: "OktaResponse_CL",
        doc: "One decision to contain or to release an identity, refused and dry ones too",
        columns: with_time("When the decision was made", columns),
    }
}

fn posture() -> Table {
    let columns = posture::COLUMNS.iter().map(Property::column);
    Table {
        name: "OktaPosture_CL",
        doc: "One finding of one check of the org's settings",
        columns: with_time("When the assessment began", columns),
    }
}

fn with_time(doc: &'static str, columns: impl Iterator<Item = Column>) -> Vec<Column> {
    std::iter::once(Column::time_generated(doc))
        .chain(columns)
        .collect()
}
