//! What was answered to a post that was not accepted, in the answer's own words.

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;

use super::http_error::{body_start, shortened};
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
    body: BodyKind,
}

/// What an answer's body is, where it names no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyKind {
    Empty,
    WebPage,
    Other,
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
    /// Reads an answer; `None` where it is the one by which the API accepts a post: this status,
    /// and no body. Whatever else comes with 2xx is of something on the way.
    ///
    /// # Errors
    /// The body of what may be an acceptance breaks off.
    pub(super) async fn unless_accepted(
        response: reqwest::Response,
        accepted: StatusCode,
    ) -> reqwest::Result<Option<ErrorResponse>> {
        let (status, headers) = (response.status(), response.headers().clone());
        let mut text = Vec::new();
        let read = body_start(response, &mut text).await;
        if status == accepted {
            read?;
            if text.trim_ascii().is_empty() {
                return Ok(None);
            }
        }
        Ok(Some(ErrorResponse::of(status, &headers, &text)))
    }

    fn of(status: StatusCode, headers: &HeaderMap, text: &[u8]) -> ErrorResponse {
        // A proxy on the way answers with a page of its own; then the status has to do.
        let body: ErrorBody = serde_json::from_slice(text).unwrap_or_default();
        let detail = body.error.as_deref().unwrap_or(&body);
        let code = match header(headers, "x-ms-error-code") {
            "" => detail.code.as_str(),
            code => code,
        };
        ErrorResponse {
            status,
            code: shortened(code),
            message: shortened(&detail.message),
            request_id: shortened(header(headers, "x-ms-request-id")),
            after: retry_after(headers),
            body: BodyKind::of(headers, text),
        }
    }

    /// Whether the answer is a page for people, which neither API sends.
    pub(super) fn is_web_page(&self) -> bool {
        self.code.is_empty() && self.body == BodyKind::WebPage
    }

    /// The error of a post to `destination`, with what to do about it.
    pub(super) fn into_error(self, destination: &str, outcome: Outcome, advice: &str) -> PostError {
        PostError {
            outcome,
            message: format!("{destination} answered {self}: {advice}"),
        }
    }
}

impl BodyKind {
    fn of(headers: &HeaderMap, text: &[u8]) -> BodyKind {
        let text = text.trim_ascii();
        if text.is_empty() {
            return BodyKind::Empty;
        }
        let is_html = header(headers, CONTENT_TYPE.as_str()).contains("html");
        match is_html || text.starts_with(b"<") {
            true => BodyKind::WebPage,
            false => BodyKind::Other,
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
            ("", "") => f.write_str(match self.body {
                BodyKind::WebPage => " with a web page",
                BodyKind::Other => " with words that are not the API's",
                BodyKind::Empty if self.status.is_success() => " with nothing in it",
                BodyKind::Empty => " without a reason",
            })?,
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
