//! The errors of both ingestion APIs: their bodies, and the words for an answer that never came.

use std::time::Duration;

use super::post_error::{Outcome, PostError};
use crate::net::http::{is_slow, root_cause};
use crate::telemetry::shown;

/// Bytes of an answer's body that are read at most, up to a chunk more.
const BODY_LIMIT: usize = 16_000;

/// Reads the start of an answer's body; what came of it where the connection breaks.
pub(super) async fn body_start(
    mut response: reqwest::Response,
    body: &mut Vec<u8>,
) -> reqwest::Result<()> {
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_LIMIT {
            break;
        }
    }
    Ok(())
}

/// No answer within `limit`, or none at all; `settings` names those that lead to `destination`.
pub(super) fn transport_error(
    destination: &str,
    error: &reqwest::Error,
    limit: Duration,
    settings: &str,
) -> PostError {
    let (outcome, message) = if is_slow(error) {
        let waited = limit.as_secs();
        let message = format!(
            "{destination} did not answer within {waited} s; the rows may be there all the same"
        );
        (Outcome::NoAnswer, message)
    } else {
        let cause = root_cause(error);
        match error.is_connect() {
            true => (
                Outcome::Retry { after: None },
                format!("{destination} cannot be reached ({cause}); check {settings}"),
            ),
            false => (
                Outcome::Broken,
                format!(
                    "{destination} broke the connection ({cause}); the rows may be there all the same"
                ),
            ),
        }
    };
    PostError { outcome, message }
}

/// A service's own words on one line, short enough for a log.
pub(super) fn shortened(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    shown::excerpt(&words.join(" "), 300)
}
