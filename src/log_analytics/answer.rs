//! What both of Azure's ingestion APIs share on the wire: silence in words, and no more of a
//! refusal's body than its reading needs.

use std::time::Duration;

use super::post_error::{Outcome, PostError};
use crate::net::http::{is_slow, root_cause};

/// Most of an error's body that is read, in bytes.
const MOST: usize = 16_000;

/// As much of an error's body as its reading needs; none if it breaks off.
pub(super) async fn start_of(mut response: reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MOST {
            break;
        }
    }
    body
}

/// No answer within `limit`, or none at all; `address` names the settings that lead to `place`.
pub(super) fn silence(
    place: &str,
    error: &reqwest::Error,
    limit: Duration,
    address: &str,
) -> PostError {
    let message = if is_slow(error) {
        format!("{place} did not answer within {} s", limit.as_secs())
    } else {
        let root = root_cause(error);
        match error.is_connect() {
            true => format!("{place} cannot be reached ({root}); check {address}"),
            false => {
                format!("{place} broke the connection ({root}); the rows may be there all the same")
            }
        }
    };
    PostError {
        outcome: Outcome::Retry { after: None },
        message,
    }
}

/// A service's own words, short enough for a log line.
pub(super) fn shortened(words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").chars().take(300).collect()
}
