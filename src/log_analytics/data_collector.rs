//! The HTTP Data Collector API: signed posts of uncompressed JSON.
//!
//! Support for it ended on 14 September 2026; it goes on ingesting over TLS 1.2 or later. There
//! is no key against repeats: a batch whose answer is lost may be there twice.

use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use serde::Deserialize;

use self::signature::{Signer, http_date};
use self::workspace::{LogAnalyticsUri, LogType, WorkspaceId};
use super::answer::{silence, start_of};
use super::post_error::{Outcome, PostError};
use super::sink::{Sink, Table};
use crate::log_analytics::batch::{Batch, BatchLimits};
use crate::net::retry::named_wait;
use okta_rows::ColumnNaming;

/// The service closes connections over 30,000,000 bytes. A page of at most 8 MB gives rows of
/// hardly more than twice that, so that one page is one post; and what is kept for a retry
/// stays small.
const LIMITS: BatchLimits = BatchLimits {
    bytes: 20_000_000,
    rows: 20_000,
};

/// 404 means a wrong address, or a body that is too large. Below this it is the address.
const SURELY_NOT_TOO_LARGE: usize = 1_000_000;

pub mod signature;
pub mod workspace;

const WHOLE_ATTEMPT: Duration = Duration::from_secs(55);

/// Where a post goes when it does not arrive.
const ADDRESS: &str = "WORKSPACE_ID and LOG_ANALYTICS_URI";

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
    /// A sink for one workspace; opens no connection yet.
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

    fn refusal(&self, status: u16, headers: &HeaderMap, body: &[u8], length: usize) -> PostError {
        let answer = Refusal::read(body);
        let said = format!("{status} {answer}");
        let place = self.place();
        let (outcome, advice) = match (status, answer.code.as_str()) {
            (400, "InvalidDataFormat") => (Outcome::Split, "it does not take these rows"),
            (400, "InactiveCustomer") => (
                Outcome::Stop,
                "the workspace is closed; set WORKSPACE_ID to one in use",
            ),
            (400, "InvalidCustomerId") => (
                Outcome::Stop,
                "set WORKSPACE_ID to the workspace's id, a GUID",
            ),
            (400, "InvalidLogType" | "MissingLogType") => (
                Outcome::Stop,
                "correct LOG_TYPE: letters, digits and _ only",
            ),
            (400, _) => (
                Outcome::Stop,
                "it refuses every post of this kind; is LOG_ANALYTICS_URI a Data Collector's address?",
            ),
            (401 | 403, _) => (
                Outcome::Stop,
                "set WORKSPACE_KEY to the primary or secondary key of the workspace in WORKSPACE_ID; if both are right, check this machine's clock",
            ),
            (404, _) if length > SURELY_NOT_TOO_LARGE => {
                (Outcome::Split, "the body may be too large for it")
            }
            (404, _) => (
                Outcome::Stop,
                "there is no Data Collector at that address; check WORKSPACE_ID and LOG_ANALYTICS_URI",
            ),
            (413, _) => (Outcome::Split, "the body is too large for it"),
            (408 | 429 | 500..=599, _) => (
                Outcome::Retry {
                    after: named_wait(headers),
                },
                "it may pass",
            ),
            _ => (
                Outcome::Stop,
                "that is no answer of the Data Collector API; check LOG_ANALYTICS_URI",
            ),
        };
        PostError {
            outcome,
            message: format!("{place} answered {said}: {advice}"),
        }
    }
}

#[async_trait]
impl Sink for DataCollector {
    fn place(&self) -> String {
        format!("workspace {} at {}", self.workspace, self.uri.base())
    }

    fn column_naming(&self) -> ColumnNaming {
        ColumnNaming::Unsuffixed
    }

    fn limits(&self) -> BatchLimits {
        LIMITS
    }

    fn spans_pages(&self) -> bool {
        false
    }

    async fn post(&self, table: Table, batch: &Batch) -> Result<(), PostError> {
        let date = http_date(Utc::now());
        let length = batch.body().len();
        let signature = self.signer.sign(length, &date);
        let request = self
            .http
            .post(self.uri.request_url())
            .header(
                AUTHORIZATION,
                format!("SharedKey {}:{signature}", self.workspace),
            )
            .header(CONTENT_TYPE, "application/json")
            .header("Log-Type", table.log_type(self.log_type.as_str()))
            .header("x-ms-date", date)
            .header("time-generated-field", table.time_field())
            .timeout(WHOLE_ATTEMPT)
            .body(batch.body().clone());
        let response = request
            .send()
            .await
            .map_err(|error| silence(&self.place(), &error, WHOLE_ATTEMPT, ADDRESS))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let headers = response.headers().clone();
        let body = start_of(response).await;
        Err(self.refusal(status.as_u16(), &headers, &body, length))
    }
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "Error", default)]
    code: String,
    #[serde(rename = "Message", default)]
    message: String,
}

impl Refusal {
    fn read(body: &[u8]) -> Refusal {
        serde_json::from_slice(body).unwrap_or(Refusal {
            code: String::new(),
            message: String::new(),
        })
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code.as_str(), self.message.as_str()) {
            ("", _) => f.write_str("without a reason"),
            (code, "") => f.write_str(code),
            (code, message) => write!(
                f,
                "{code} ({})",
                message.chars().take(200).collect::<String>()
            ),
        }
    }
}
