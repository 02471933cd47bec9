//! The HTTP Data Collector API: the headers of a request, and the signature over them.

use axum::http::{HeaderMap, Method, Uri, header};
use chrono::{DateTime, Utc};

use super::refusal::Refusal;
use super::request::{Announced, Rows, api_version, length, only_posts, text};
use super::signature::{Verifier, check_date};

/// Where it takes posts.
pub(super) const PATH: &str = "/api/logs";
/// Largest body in bytes that the service was seen to accept.
pub(super) const BODY_LIMIT: u64 = 30_000_000;
const API_VERSION: &str = "2016-04-01";

/// Looks at everything but the body; `largest` is a limit of the test's own.
pub(super) fn check(
    verifier: &Verifier,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    now: DateTime<Utc>,
    largest: Option<u64>,
) -> Result<Announced, Refusal> {
    only_posts(method)?;
    match api_version(uri).as_deref() {
        None => {
            let message = "api-version is missing";
            return Err(Refusal::bad_request("MissingApiVersion", message));
        }
        Some(API_VERSION) => {}
        Some(version) => {
            let message = format!("api-version {version} is not supported");
            return Err(Refusal::bad_request("InvalidApiVersion", message));
        }
    }
    let log_type = check_log_type(headers)?;
    check_content_type(headers)?;
    let date =
        text(headers, "x-ms-date").ok_or_else(|| Refusal::authorization("x-ms-date is missing"))?;
    check_date(date, now)?;
    let length = length(headers)?;
    let authorization = text(headers, header::AUTHORIZATION.as_str())
        .ok_or_else(|| Refusal::authorization("Authorization is missing"))?;
    verifier.verify(authorization, length, date)?;
    if length > largest.unwrap_or(BODY_LIMIT).min(BODY_LIMIT) {
        return Err(Refusal::not_found(
            "there is nothing at this address for such a body",
        ));
    }
    let time_field = text(headers, "time-generated-field").filter(|field| !field.is_empty());
    Ok(Announced {
        length,
        rows: Rows::Inferred {
            log_type,
            time_field: time_field.map(str::to_owned),
        },
    })
}

fn check_log_type(headers: &HeaderMap) -> Result<String, Refusal> {
    let name = text(headers, "log-type")
        .ok_or_else(|| Refusal::bad_request("MissingLogType", "Log-Type is missing"))?;
    let letters = name
        .bytes()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    if name.is_empty() || name.len() > 100 || !letters {
        let message = "Log-Type takes 1 to 100 letters, digits and _";
        return Err(Refusal::bad_request("InvalidLogType", message));
    }
    Ok(name.to_owned())
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Refusal::authorization("this API takes no compressed body"));
    }
    match text(headers, header::CONTENT_TYPE.as_str()) {
        None => Err(Refusal::bad_request(
            "MissingContentType",
            "Content-Type is missing",
        )),
        Some("application/json") => Ok(()),
        Some(other) => {
            let message = format!("Content-Type is {other}, not application/json");
            Err(Refusal::bad_request("UnsupportedContentType", message))
        }
    }
}
