//! What the Data Collector API answered instead of 2xx, and what follows from it.
//!
//! Statuses and codes: "HTTP Data Collector API", *Return codes*
//! (<https://learn.microsoft.com/azure/azure-monitor/logs/data-collector-api>).

use std::fmt;

use reqwest::header::HeaderMap;
use serde::Deserialize;

use crate::log_analytics::http_error::error_body;
use crate::log_analytics::post_error::{Outcome, PostError};
use crate::net::retry::retry_after;

/// 404 means a wrong address, or a body that is too large; below this many bytes the address.
const TOO_LARGE_FROM: usize = 1_000_000;

#[derive(Debug)]
pub(super) struct ErrorResponse {
    status: u16,
    headers: HeaderMap,
    body: ErrorBody,
}

#[derive(Debug, Default, Deserialize)]
struct ErrorBody {
    #[serde(rename = "Error", default)]
    code: String,
    #[serde(rename = "Message", default)]
    message: String,
}

impl ErrorResponse {
    pub(super) async fn read(response: reqwest::Response) -> ErrorResponse {
        ErrorResponse {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            // A proxy on the way answers with a page of its own; then the status has to do.
            body: serde_json::from_slice(&error_body(response).await).unwrap_or_default(),
        }
    }

    /// The error of a post of `length` bytes.
    pub(super) fn into_error(self, destination: &str, length: usize) -> PostError {
        let (outcome, advice) = self.classify(length);
        PostError {
            outcome,
            message: format!("{destination} answered {self}: {advice}"),
        }
    }

    fn classify(&self, length: usize) -> (Outcome, &'static str) {
        match (self.status, self.body.code.as_str()) {
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
            (404, _) if length > TOO_LARGE_FROM => {
                (Outcome::Split, "the body may be too large for it")
            }
            (404, _) => (
                Outcome::Stop,
                "there is no Data Collector at that address; check WORKSPACE_ID and LOG_ANALYTICS_URI",
            ),
            (413, _) => (Outcome::Split, "the body is too large for it"),
            (408 | 429 | 500..=599, _) => {
                let after = retry_after(&self.headers);
                (Outcome::Retry { after }, "it may pass")
            }
            _ => (
                Outcome::Stop,
                "that is no answer of the Data Collector API; check LOG_ANALYTICS_URI",
            ),
        }
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, ErrorBody { code, message }) = (self.status, &self.body);
        match (code.as_str(), message.as_str()) {
            ("", _) => write!(f, "{status} without a reason"),
            (code, "") => write!(f, "{status} {code}"),
            (code, message) => {
                let message: String = message.chars().take(200).collect();
                write!(f, "{status} {code} ({message})")
            }
        }
    }
}
