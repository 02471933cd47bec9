//! The interface of what takes rows: the two ingestion APIs, or a local folder in their place.
//!
//! A batch is prepared once and posted until it is accepted. [`PostError`] says what to do where
//! it is not. A sink keeps nothing of a batch between two calls, so posts may run side by side.

use async_trait::async_trait;
use okta_rows::ColumnNaming;

use super::batch::{Batch, BatchLimits};
use super::post_error::PostError;
use super::prepared::Prepared;
use super::tables::Table;

/// Takes rows.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Where rows go, in an operator's words.
    fn destination(&self) -> String;

    /// How columns are named in a batch.
    fn column_naming(&self) -> ColumnNaming;

    /// What one post may hold.
    fn limits(&self) -> BatchLimits;

    /// Whether `TimeGenerated` of rows that arrive more than two days late becomes the time of
    /// arrival, as in Azure Monitor's tables.
    fn rewrites_old_times(&self) -> bool {
        true
    }

    /// The batch as it goes over the wire. This may compress: some milliseconds for a megabyte.
    fn prepare(&self, batch: &Batch) -> Prepared {
        Prepared::uncompressed(batch.body())
    }

    /// Posts a batch, once. When this returns `Ok` its rows are in the table.
    ///
    /// # Errors
    /// [`PostError`]. Only the API's own answer counts as acceptance. After a broken connection or
    /// a late answer the rows may be there all the same.
    async fn post(&self, table: &'static Table, body: &Prepared) -> Result<(), PostError>;

    /// Tries whether a table's rows would be accepted, without leaving one, and says what accepts
    /// them; `None` where the API has no way to ask.
    ///
    /// # Errors
    /// As [`Sink::post`].
    async fn probe(&self, table: &'static Table) -> Option<Result<String, PostError>> {
        let _ = table;
        None
    }
}
