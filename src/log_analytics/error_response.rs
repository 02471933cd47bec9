//! What an ingestion API answered instead of 2xx, in its own words.

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::http_error::{error_body, shortened};
use super::post_error::{Outcome, PostError};
use crate::net::retry::retry_after;

#[derive(Debug)]
pub(super) struct ErrorResponse {
    pub(super) status: StatusCode,
    pub(super) code: String,
    message: String,
    /// Microsoft's support asks for it.
    request_id: String,
    /// How long the service asks to wait, if it does.
    pub(super) after: Option<Duration>,
}

/// Logs Ingestion has `{"error":{"code","message"}}`, the Data Collector `{"Error","Message"}`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    error: Option<Box<ErrorBody>>,
    #[serde(alias = "Error")]
    code: String,
    #[serde(alias = "Message")]
    message: String,
}

impl ErrorResponse {
    pub(super) async fn read(response: reqwest::Response) -> ErrorResponse {
        let (status, headers) = (response.status(), response.headers().clone());
        // A proxy on the way answers with a page of its own; then the status has to do.
        let body: ErrorBody =
            serde_json::from_slice(&error_body(response).await).unwrap_or_default();
        let detail = body.error.as_deref().unwrap_or(&body);
        let code = match header(&headers, "x-ms-error-code") {
            "" => detail.code.as_str(),
            code => code,
        };
        ErrorResponse {
            status,
            code: shortened(code),
            message: shortened(&detail.message),
            request_id: shortened(header(&headers, "x-ms-request-id")),
            after: retry_after(&headers),
        }
    }

    /// The error of a post to `destination`, with what to do about it.
    pub(super) fn into_error(self, destination: &str, outcome: Outcome, advice: &str) -> PostError {
        PostError {
            outcome,
            message: format!("{destination} answered {self}: {advice}"),
        }
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
