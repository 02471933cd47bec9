//! The errors of both ingestion APIs: their bodies, and the words for an answer that never came.

use std::time::Duration;

use super::post_error::{Outcome, PostError};
use crate::net::http::{is_slow, root_cause};
use crate::telemetry::shown;

/// Bytes of an error's body that are read at most, up to a chunk more.
const ERROR_BODY_LIMIT: usize = 16_000;

/// The start of an error's body; what came of it where the connection breaks.
pub(super) async fn error_body(mut response: reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ERROR_BODY_LIMIT {
            break;
        }
    }
    body
}

/// No answer within `limit`, or none at all; `settings` names those that lead to `destination`.
pub(super) fn transport_error(
    destination: &str,
    error: &reqwest::Error,
    limit: Duration,
    settings: &str,
) -> PostError {
    let message = if is_slow(error) {
        format!("{destination} did not answer within {} s", limit.as_secs())
    } else {
        let cause = root_cause(error);
        match error.is_connect() {
            true => format!("{destination} cannot be reached ({cause}); check {settings}"),
            false => format!(
                "{destination} broke the connection ({cause}); the rows may be there all the same"
            ),
        }
    };
    PostError {
        outcome: Outcome::Retry { after: None },
        message,
    }
}

/// A service's own words on one line, short enough for a log.
pub(super) fn shortened(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    shown::excerpt(&words.join(" "), 300)
}
