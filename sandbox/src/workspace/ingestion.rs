//! The Logs Ingestion API: the rule and its streams, the bearer token, the
//! role, compression, sizes.
//!
//! Statuses, codes and texts: Microsoft's pages on the API and answers that people have quoted.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::config::RuleConfig;
use super::refusal::Refusal;
use super::request::{Announced, Rows, api_version, length, only_posts, text};

pub(super) mod identity;
pub(super) mod stream;

use identity::Identity;
use stream::Stream;

/// Every address of the API begins so.
pub(super) const PATH: &str = "/dataCollectionRules/";
/// Largest body on the wire, in bytes.
const WIRE_LIMIT: u64 = 1_048_576;
/// Largest body before compression that the documents allow.
pub(super) const PLAIN_LIMIT: usize = 1_000_000;
/// Where the service gives up inflating.
const INFLATE_LIMIT: usize = 50 << 20;
const API_VERSION: &str = "2023-01-01";

/// A data collection rule.
#[derive(Debug)]
pub(super) struct Rule {
    id: String,
    audience: String,
    streams: BTreeMap<String, Arc<Stream>>,
    pub(super) identity: Identity,
    granted: AtomicBool,
}

impl Rule {
    pub(super) fn new(config: &RuleConfig) -> Rule {
        let streams = config.streams.iter();
        Rule {
            id: config.id.clone(),
            audience: config.audience.clone(),
            streams: streams
                .map(|(name, columns)| (name.clone(), Arc::new(Stream::new(name, columns))))
                .collect(),
            identity: Identity::new(&config.client_id),
            granted: AtomicBool::new(config.granted),
        }
    }

    pub(super) fn grant(&self, granted: bool) {
        self.granted.store(granted, Ordering::SeqCst);
    }

    /// Looks at everything but the body; `largest` is a limit of the test's own.
    pub(super) fn check(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        now: DateTime<Utc>,
        largest: Option<u64>,
    ) -> Result<Announced, Refusal> {
        only_posts(method)?;
        self.identity.judge(
            text(headers, header::AUTHORIZATION.as_str()),
            &self.audience,
            now,
        )?;
        if api_version(uri).as_deref() != Some(API_VERSION) {
            let message = format!("api-version has to be {API_VERSION}");
            return Err(Refusal::bad_request("InvalidApiVersion", message));
        }
        let stream = self.stream(uri)?;
        if !self.granted.load(Ordering::SeqCst) {
            return Err(self.forbidden());
        }
        if text(headers, header::CONTENT_TYPE.as_str()) != Some("application/json") {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            let message = "Content-Type has to be application/json";
            return Err(Refusal::new(status, "UnsupportedMediaType", message));
        }
        let gzip = match text(headers, header::CONTENT_ENCODING.as_str()) {
            None => false,
            Some("gzip") => true,
            Some(other) => {
                let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                let message = format!("Content-Encoding {other} is not known");
                return Err(Refusal::new(status, "UnsupportedMediaType", message));
            }
        };
        let length = length(headers)?;
        if length > largest.unwrap_or(WIRE_LIMIT).min(WIRE_LIMIT) {
            return Err(too_large(length));
        }
        Ok(Announced {
            length,
            rows: Rows::Declared { stream, gzip },
        })
    }

    fn stream(&self, uri: &Uri) -> Result<Arc<Stream>, Refusal> {
        let names = uri.path().strip_prefix(PATH);
        let (rule, stream) = names
            .and_then(|names| names.split_once("/streams/"))
            .ok_or_else(|| Refusal::not_found("there is nothing at this address"))?;
        if rule != self.id {
            let message = format!("Data collection rule with immutable Id '{rule}' not found.");
            return Err(Refusal::not_found(message));
        }
        let declared = self.streams.get(stream).map(Arc::clone);
        declared.ok_or_else(|| {
            let message = format!(
                "Data collection rule with immutable Id '{rule}' doesn't have stream '{stream}'."
            );
            Refusal::bad_request("InvalidStream", message)
        })
    }

    fn forbidden(&self) -> Refusal {
        let message = format!(
            "The authentication token provided does not have access to ingest data for the data \
             collection rule with immutable Id '{}' PipelineAccessResult: AccessGranted: False, \
             IsRbacPresent: False, IsDcrDceBindingValid: , DcrArmId: .",
            self.id
        );
        Refusal::new(StatusCode::FORBIDDEN, "OperationFailed", message)
    }
}

fn too_large(length: u64) -> Refusal {
    let message = format!(
        "Maximum allowed content length: {WIRE_LIMIT} bytes (1 MB). Provided content length: \
         {length} bytes."
    );
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "ContentLengthLimitExceeded",
        message,
    )
}

/// The rows' JSON out of a gzip body.
pub(super) fn inflate(body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut decoder = flate2::write::GzDecoder::new(Capped(Vec::new()));
    let inflated = decoder.write_all(body).and_then(|()| decoder.finish());
    inflated
        .map(|Capped(plain)| plain)
        .map_err(|problem| Refusal::bad_request("InvalidGzip", problem.to_string()))
}

/// A small body can inflate for ever.
struct Capped(Vec<u8>);

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > INFLATE_LIMIT {
            return Err(io::Error::other("more than 50 MiB after decompression"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A refusal in this API's shape.
pub(super) fn answer(refusal: &Refusal) -> Response {
    let body = json!({ "error": { "code": refusal.code, "message": refusal.message } });
    let mut response = (refusal.status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert("x-ms-error-code", HeaderValue::from_static(refusal.code));
    headers.insert(
        "x-ms-request-id",
        HeaderValue::from_static("5e1c0f3a-0000-4000-8000-00000000c0de"),
    );
    if let Some(seconds) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[cfg(test)]
mod tests;
