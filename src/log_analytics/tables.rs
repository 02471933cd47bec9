//! The tables of the workspace. Table resources, the data collection rule, the column reference
//! and the test database are generated from this list.

use okta_rows::schema::{self, Column, Kind};

mod connector_health;
mod posture;
mod response;

/// The column by which the service keeps and expires rows. Rows for Logs Ingestion bring it; the
/// Data Collector API makes it of [`Table::time_field`].
pub const TIME_GENERATED: &str = "TimeGenerated";

/// One table as the workspace has it.
#[derive(Debug)]
pub struct Table {
    /// Its name, with `_CL`.
    pub name: &'static str,
    /// What one of its rows is, in one line.
    pub doc: &'static str,
    /// The property whose time becomes `TimeGenerated`.
    pub time_field: &'static str,
    /// Which time `TimeGenerated` is, in one line.
    pub time_doc: &'static str,
    /// Every column but those that the service adds.
    pub columns: &'static [Column],
}

/// Events of Okta's System Log.
pub static OKTA: Table = Table {
    name: "Okta_CL",
    doc: "One event of Okta's System Log",
    time_field: "published",
    time_doc: "When the event was published, or when its row arrived if it was more than two days old by then",
    columns: schema::COLUMNS,
};

/// Runs of this program.
pub static CONNECTOR_HEALTH: Table = Table {
    name: "OktaConnectorHealth_CL",
    doc: "One run of okta-sentinel, whatever became of it",
    time_field: "started",
    time_doc: "When the run began",
    columns: connector_health::COLUMNS,
};

/// Decisions to contain or to release an identity.
pub static RESPONSE: Table = Table {
    name: "OktaResponse_CL",
    doc: "One decision to contain or to release an identity, refused and dry ones too",
    time_field: "decided",
    time_doc: "When the decision was made",
    columns: response::COLUMNS,
};

/// Findings of the posture checks.
pub static POSTURE: Table = Table {
    name: "OktaPosture_CL",
    doc: "One finding of one check of the org's settings",
    time_field: "started",
    time_doc: "When the assessment began",
    columns: posture::COLUMNS,
};

/// Every table, events first.
pub static ALL: [&Table; 4] = [&OKTA, &CONNECTOR_HEALTH, &RESPONSE, &POSTURE];

impl Table {
    /// The `Log-Type` header of the Data Collector API, which appends `_CL`. Events have another
    /// one where `LOG_TYPE` says so.
    pub(crate) fn log_type(&self) -> &'static str {
        let Some(log_type) = self.name.strip_suffix("_CL") else {
            unreachable!("the name of a custom table ends in _CL");
        };
        log_type
    }

    /// The stream of the data collection rule that feeds it. Events have another one where
    /// `DCR_STREAM` says so.
    pub fn stream(&self) -> String {
        format!("Custom-{}", self.name)
    }

    /// Full name, type and description of every column that a row of Logs Ingestion may bring,
    /// [`TIME_GENERATED`] first.
    pub fn described_columns(&self) -> impl Iterator<Item = (String, Kind, &'static str)> {
        let time = (TIME_GENERATED.to_owned(), Kind::Time, self.time_doc);
        let columns = self.columns.iter();
        let columns = columns.map(|column| (column.name(), column.kind, column.doc));
        std::iter::once(time).chain(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_tables_time_is_one_of_its_columns() {
        for table in ALL {
            let is_time = |column: &&Column| column.key() == table.time_field;
            let time = table.columns.iter().find(is_time).map(|column| column.kind);
            assert_eq!(time, Some(Kind::Time), "{}", table.name);
            assert!(!table.log_type().ends_with("_CL"));
        }
    }

    #[test]
    fn every_name_is_there_once_and_fits_a_table() {
        for table in ALL {
            let columns = table.described_columns();
            let names: Vec<String> = columns.map(|(name, ..)| name).collect();
            let unique: HashSet<&String> = names.iter().collect();
            assert_eq!(unique.len(), names.len(), "{}", table.name);
            let fits = |name: &String| name.len() <= schema::MAX_COLUMN_NAME;
            assert!(names.iter().all(fits), "{names:?}");
        }
    }
}
