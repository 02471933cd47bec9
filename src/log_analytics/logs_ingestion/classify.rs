//! What follows from an answer of the Logs Ingestion API other than 2xx.
//!
//! Statuses and codes: Microsoft's "Logs Ingestion API in Azure Monitor" and its troubleshooting
//! page. A call is taken whole or not at all.

use crate::log_analytics::error_response::ErrorResponse;
use crate::log_analytics::post_error::Outcome;

pub(super) fn classify(answer: &ErrorResponse) -> (Outcome, &'static str) {
    let after = answer.after;
    let stop = |advice| (Outcome::Stop, advice);
    match answer.status.as_u16() {
        400 if is_about_the_address(&answer.code) => stop(
            "the data collection rule knows no such stream; check DCR_STREAM, and that the \
             rule declares Custom-OktaConnectorHealth_CL too",
        ),
        400 => (Outcome::Split, "it does not take these rows"),
        401 => stop(
            "it takes no token of this identity; LOGS_INGESTION_ENDPOINT and the identity have \
             to be of the same cloud and tenant",
        ),
        403 => stop(
            "give the app's identity the role Monitoring Metrics Publisher on the data \
             collection rule; a new role may take up to 30 minutes to work. Nothing is lost: \
             the next run tries again",
        ),
        404 => stop(
            "there is no such rule, or no such stream of it; check DCR_IMMUTABLE_ID, \
             LOGS_INGESTION_ENDPOINT and DCR_STREAM",
        ),
        408 => (Outcome::Slow, "it may pass"),
        413 => (Outcome::Split, "the body is too large for it"),
        429 | 500..=599 => (Outcome::Retry { after }, "it may pass"),
        _ => stop("that is no answer of the Logs Ingestion API; check LOGS_INGESTION_ENDPOINT"),
    }
}

/// The codes of 400 are written down nowhere; those about rows name no stream and no version.
fn is_about_the_address(code: &str) -> bool {
    let parts = ["Stream", "ApiVersion", "DataCollectionRule"];
    parts.iter().any(|part| code.contains(part))
}
