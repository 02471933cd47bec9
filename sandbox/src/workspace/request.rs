//! The head of a request: what both APIs read from it, and where the rows of its body go.

use std::sync::Arc;

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};

use super::ingestion::stream::Stream;
use super::refusal::Refusal;
use super::table::Naming;

/// A post whose headers were accepted.
pub(super) struct Announced {
    pub(super) length: u64,
    pub(super) rows: Rows,
}

/// Where its rows go, and how they are named.
pub(super) enum Rows {
    Inferred {
        log_type: String,
        time_field: Option<String>,
    },
    Declared {
        stream: Arc<Stream>,
        gzip: bool,
    },
}

impl Rows {
    pub(super) fn log_type(&self) -> &str {
        match self {
            Self::Inferred { log_type, .. } => log_type,
            Self::Declared { stream, .. } => stream.log_type(),
        }
    }

    pub(super) fn naming(&self) -> Naming<'_> {
        match self {
            Self::Inferred { time_field, .. } => Naming::Inferred {
                time_field: time_field.as_deref(),
            },
            Self::Declared { stream, .. } => Naming::Declared(stream),
        }
    }

    /// The answer that an accepted post gets.
    pub(super) fn accepted(&self) -> StatusCode {
        match self {
            Self::Inferred { .. } => StatusCode::OK,
            Self::Declared { .. } => StatusCode::NO_CONTENT,
        }
    }
}

/// A header's text.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The version of the API that is asked for.
pub(super) fn api_version(uri: &Uri) -> Option<String> {
    url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "api-version")
        .map(|(_, version)| version.into_owned())
}

pub(super) fn only_posts(method: &Method) -> Result<(), Refusal> {
    match method {
        &Method::POST => Ok(()),
        _ => {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            let message = "this address takes posts only";
            Err(Refusal::new(status, "MethodNotAllowed", message))
        }
    }
}

/// The length of the body that is announced.
pub(super) fn length(headers: &HeaderMap) -> Result<u64, Refusal> {
    text(headers, header::CONTENT_LENGTH.as_str())
        .and_then(|length| length.parse().ok())
        .ok_or_else(|| {
            let status = StatusCode::LENGTH_REQUIRED;
            Refusal::new(status, "LengthRequired", "Content-Length is missing")
        })
}
