//! The HTTP Data Collector API: signed posts of uncompressed JSON.
//!
//! Support for it ended on 14 September 2026; it goes on ingesting over TLS 1.2 or later. There
//! is no key against repeats: a batch whose answer is lost may be there twice.

use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use okta_rows::ColumnNaming;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

use super::batch::BatchLimits;
use super::http_error::transport_error;
use super::post_error::PostError;
use super::prepared::Prepared;
use super::sink::Sink;
use super::tables::{self, Table};

mod error_response;
pub mod signature;
pub mod workspace;

use error_response::ErrorResponse;
use signature::{Signer, http_date};
use workspace::{LogAnalyticsUri, LogType, WorkspaceId};

/// The service closes connections over 30,000,000 bytes. A page of at most 8 MB gives rows of
/// hardly more than twice that, so one page is one post.
const LIMITS: BatchLimits = BatchLimits {
    bytes: 20_000_000,
    rows: 20_000,
};

/// Of one post, from the connection to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(55);

/// What to check where the service cannot be reached.
const ADDRESS_SETTINGS: &str = "WORKSPACE_ID and LOG_ANALYTICS_URI";

/// A Log Analytics workspace behind the Data Collector API.
#[derive(Clone, Debug)]
pub struct DataCollector {
    http: reqwest::Client,
    workspace: WorkspaceId,
    signer: Signer,
    uri: LogAnalyticsUri,
    log_type: LogType,
}

impl DataCollector {
    /// A sink for one workspace; opens no connection yet. `log_type` names the table of events.
    pub fn new(
        http: reqwest::Client,
        workspace: WorkspaceId,
        signer: Signer,
        uri: LogAnalyticsUri,
        log_type: LogType,
    ) -> DataCollector {
        DataCollector {
            http,
            workspace,
            signer,
            uri,
            log_type,
        }
    }

    fn log_type(&self, table: &'static Table) -> &str {
        match table.name == tables::OKTA.name {
            true => self.log_type.as_str(),
            false => table.log_type(),
        }
    }
}

#[async_trait]
impl Sink for DataCollector {
    fn destination(&self) -> String {
        format!("workspace {} at {}", self.workspace, self.uri.base())
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
        let signature = self.signer.sign(length, &date);
        let request = self
            .http
            .post(self.uri.request_url())
            .header(
                AUTHORIZATION,
                format!("SharedKey {}:{signature}", self.workspace),
            )
            .header(CONTENT_TYPE, "application/json")
            .header("Log-Type", self.log_type(table))
            .header("x-ms-date", date)
            .header("time-generated-field", table.time_field)
            .timeout(TIMEOUT)
            .body(body.body.clone());
        match request.send().await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => {
                let answer = ErrorResponse::read(response).await;
                Err(answer.into_error(&self.destination(), length))
            }
            Err(error) => {
                let destination = self.destination();
                Err(transport_error(
                    &destination,
                    &error,
                    TIMEOUT,
                    ADDRESS_SETTINGS,
                ))
            }
        }
    }
}
