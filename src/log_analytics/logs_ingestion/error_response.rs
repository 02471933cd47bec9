//! What the Logs Ingestion API answered instead of 2xx, and what follows from it.
//!
//! Statuses and codes: Microsoft's "Logs Ingestion API in Azure Monitor" and its troubleshooting
//! page. A call is taken whole or not at all.

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;

use crate::log_analytics::http_error::{error_body, shortened};
use crate::log_analytics::post_error::{Outcome, PostError};
use crate::net::retry::retry_after;

#[derive(Debug)]
pub(super) struct ErrorResponse {
    pub(super) status: StatusCode,
    code: String,
    message: String,
    /// Microsoft's support asks for it.
    request_id: String,
    after: Option<Duration>,
}

#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error: ErrorDetail,
}

#[derive(Default, Deserialize)]
struct ErrorDetail {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl ErrorResponse {
    pub(super) async fn read(response: reqwest::Response) -> ErrorResponse {
        let status = response.status();
        let headers = response.headers().clone();
        // A proxy on the way answers with a page of its own; then the status has to do.
        let detail = serde_json::from_slice::<ErrorBody>(&error_body(response).await)
            .unwrap_or_default()
            .error;
        let code = match header(&headers, "x-ms-error-code") {
            "" => shortened(&detail.code),
            code => shortened(code),
        };
        ErrorResponse {
            status,
            code,
            message: shortened(&detail.message),
            request_id: shortened(header(&headers, "x-ms-request-id")),
            after: retry_after(&headers),
        }
    }

    pub(super) fn into_error(self, destination: &str) -> PostError {
        let (outcome, advice) = self.classify();
        PostError {
            outcome,
            message: format!("{destination} answered {self}: {advice}"),
        }
    }

    fn classify(&self) -> (Outcome, &'static str) {
        match self.status.as_u16() {
            400 if self.is_about_the_address() => (
                Outcome::Stop,
                "the data collection rule knows no such stream; check DCR_STREAM, and that the \
                 rule declares Custom-OktaConnectorHealth_CL too",
            ),
            400 => (Outcome::Split, "it does not take these rows"),
            401 => (
                Outcome::Stop,
                "it takes no token of this identity; LOGS_INGESTION_ENDPOINT and the identity have \
                 to be of the same cloud and tenant",
            ),
            403 => (
                Outcome::Stop,
                "give the app's identity the role Monitoring Metrics Publisher on the data \
                 collection rule; a new role may take up to 30 minutes to work. Nothing is lost: \
                 the next run tries again",
            ),
            404 => (
                Outcome::Stop,
                "there is no such rule, or no such stream of it; check DCR_IMMUTABLE_ID, \
                 LOGS_INGESTION_ENDPOINT and DCR_STREAM",
            ),
            408 => (Outcome::Slow, "it may pass"),
            413 => (Outcome::Split, "the body is too large for it"),
            429 | 500..=599 => (Outcome::Retry { after: self.after }, "it may pass"),
            _ => (
                Outcome::Stop,
                "that is no answer of the Logs Ingestion API; check LOGS_INGESTION_ENDPOINT",
            ),
        }
    }

    /// The codes of 400 are written down nowhere; those about rows name no stream and no version.
    fn is_about_the_address(&self) -> bool {
        ["Stream", "ApiVersion", "DataCollectionRule"]
            .iter()
            .any(|part| self.code.contains(part))
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.status.as_str())?;
        match (self.code.as_str(), self.message.as_str()) {
            ("", "") => f.write_str(" without a reason")?,
            (code, "") => write!(f, " {code}")?,
            ("", message) => write!(f, " ({message})")?,
            (code, message) => write!(f, " {code} ({message})")?,
        }
        match self.request_id.as_str() {
            "" => Ok(()),
            id => write!(f, " to request {id}"),
        }
    }
}
