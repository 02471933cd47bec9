//! The HTTP Data Collector API: signed posts of uncompressed JSON.
//!
//! Support for it ended on 14 September 2026; it goes on ingesting over TLS 1.2 or later. There
//! is no key against repeats: a batch whose answer is lost may be there twice.

use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use okta_rows::ColumnNaming;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

use super::batch::BatchLimits;
use super::error_response::ErrorResponse;
use super::http_error::transport_error;
use super::post_error::PostError;
use super::prepared::Prepared;
use super::sink::Sink;
use super::tables::{self, Table};
use crate::telemetry::secrets;

mod classify;
pub mod signature;
pub mod workspace;

use classify::classify;
use signature::http_date;
use workspace::Workspace;

/// The service closes connections over 30,000,000 bytes. A page of at most 8 MB gives rows of
/// hardly more than twice that, so one page is one post.
const LIMITS: BatchLimits = BatchLimits {
    bytes: 20_000_000,
    rows: 20_000,
};

/// Of one post, from the connection to the end of the answer, where the batch names no other.
const TIMEOUT: Duration = Duration::from_secs(55);

/// What to check where the service cannot be reached.
const ADDRESS_SETTINGS: &str = "WORKSPACE_ID and LOG_ANALYTICS_URI";

/// A Log Analytics workspace behind the Data Collector API.
#[derive(Clone, Debug)]
pub struct DataCollector {
    http: reqwest::Client,
    workspace: Workspace,
}

impl DataCollector {
    /// A sink for one workspace; opens no connection yet.
    pub fn new(http: reqwest::Client, workspace: Workspace) -> DataCollector {
        DataCollector { http, workspace }
    }

    fn log_type(&self, table: &'static Table) -> &str {
        match table.name == tables::OKTA.name {
            true => self.workspace.log_type.as_str(),
            false => table.log_type(),
        }
    }
}

#[async_trait]
impl Sink for DataCollector {
    fn destination(&self) -> String {
        let Workspace { id, uri, .. } = &self.workspace;
        format!("workspace {id} at {}", uri.base())
    }

    fn column_naming(&self) -> ColumnNaming {
        ColumnNaming::Unsuffixed
    }

    fn limits(&self) -> BatchLimits {
        LIMITS
    }

    async fn post(&self, table: &'static Table, body: &Prepared) -> Result<(), PostError> {
        let date = http_date(Utc::now());
        let length = body.body.len();
        let limit = body.answer_within.unwrap_or(TIMEOUT);
        let Workspace { id, key, uri, .. } = &self.workspace;
        let signature = key.sign(length, &date);
        let request = self
            .http
            .post(uri.request_url())
            .header(AUTHORIZATION, format!("SharedKey {id}:{signature}"))
            .header(CONTENT_TYPE, "application/json")
            .header("Log-Type", self.log_type(table))
            .header("x-ms-date", date)
            .header("time-generated-field", table.time_field)
            .timeout(limit)
            .body(body.body.clone());
        let answer = async {
            let response = request.send().await?;
            if response.status() != StatusCode::OK || response.content_length() != Some(0) {
                // Good for this post for a quarter of an hour: its answer may echo it.
                secrets::learn("the signature of a post", [signature.as_str()]);
            }
            ErrorResponse::unless_accepted(response, StatusCode::OK).await
        };
        let to = self.destination();
        match answer.await {
            Ok(None) => Ok(()),
            Ok(Some(answer)) => {
                let (outcome, advice) = classify(&answer, length);
                Err(answer.into_error(&to, outcome, advice))
            }
            Err(error) => Err(transport_error(&to, &error, limit, ADDRESS_SETTINGS)),
        }
    }
}
