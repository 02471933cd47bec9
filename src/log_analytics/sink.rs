//! Where rows go: a Log Analytics workspace, or a local folder in its place.
//!
//! A [`Sink`] takes one batch and says what became of it. Its [`PostError`] carries the
//! decision: try again, halve the batch, or stop because no batch would be taken.

use async_trait::async_trait;

use super::post_error::PostError;
use crate::log_analytics::batch::{Batch, BatchLimits};
use okta_rows::ColumnNaming;

/// The tables we fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// One Okta event a row; its name is a setting.
    Okta,
    /// One run a row.
    ConnectorHealth,
}

impl Table {
    /// All of them, events first.
    pub const ALL: [Table; 2] = [Table::Okta, Table::ConnectorHealth];

    /// The `Log-Type` of a table whose name is fixed.
    pub fn log_type(self, okta: &str) -> &str {
        match self {
            Table::Okta => okta,
            Table::ConnectorHealth => "OktaConnectorHealth",
        }
    }

    /// The property whose time becomes `TimeGenerated`.
    pub fn time_field(self) -> &'static str {
        match self {
            Table::Okta => "published",
            Table::ConnectorHealth => crate::ship::health::TIME_GENERATED,
        }
    }
}

/// One ingestion road.
#[async_trait]
pub trait Sink: Send + Sync {
    /// The destination in an operator's words.
    fn place(&self) -> String;

    /// How this road names columns.
    fn column_naming(&self) -> ColumnNaming;

    /// What one post may hold.
    fn limits(&self) -> BatchLimits;

    /// Whether a batch may go on with the next page's rows; else every page ends its batch.
    fn spans_pages(&self) -> bool;

    /// Whether rows that are older than two days when they arrive lose their time in
    /// `TimeGenerated`, as Azure's tables have it.
    fn rewrites_old_times(&self) -> bool {
        true
    }

    /// Posts one batch, once. The rows are in the workspace when this returns `Ok`.
    ///
    /// # Errors
    /// [`PostError`]. After a transport error the rows may be there all the same.
    async fn post(&self, table: Table, batch: &Batch) -> Result<(), PostError>;

    /// Tries the way to a table without leaving a row there, and says what takes it; `None` where
    /// this road knows no such way.
    async fn probe(&self, table: Table) -> Option<Result<String, PostError>> {
        let _ = table;
        None
    }
}
