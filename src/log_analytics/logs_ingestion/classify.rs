//! What follows from an answer other than the Logs Ingestion API's 204.
//!
//! Statuses and codes: Microsoft's "Logs Ingestion API in Azure Monitor" and its troubleshooting
//! page. A call is taken whole or not at all.

use crate::log_analytics::error_response::ErrorResponse;
use crate::log_analytics::post_error::Outcome;

pub(super) fn classify(answer: &ErrorResponse) -> (Outcome, &'static str) {
    let after = answer.after;
    let stop = |advice| (Outcome::Stop, advice);
    match answer.status.as_u16() {
        200..=299 => stop(
            "that is not how the Logs Ingestion API accepts rows, which is 204: a proxy, a gateway \
             or a firewall on the way may have answered in its place. Nothing counts as shipped; \
             let the app reach LOGS_INGESTION_ENDPOINT without it",
        ),
        400 | 401 | 403 if answer.is_web_page() => stop(
            "the Logs Ingestion API sends no web pages: a proxy or a firewall on the way refuses \
             the call; let the app reach LOGS_INGESTION_ENDPOINT",
        ),
        415 | 501 => stop(NO_GZIP),
        400 if is_about_gzip(&answer.code) => stop(NO_GZIP),
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
        407 | 511 => stop(
            "a proxy on the way wants a sign-in; let the app reach LOGS_INGESTION_ENDPOINT without \
             it",
        ),
        505 | 506 | 508 | 510 => stop(
            "that does not pass by itself: a proxy or a gateway on the way cannot do what the Logs \
             Ingestion API needs; let the app reach LOGS_INGESTION_ENDPOINT without it",
        ),
        429 | 500..=599 => (Outcome::Retry { after }, "it may pass"),
        _ => stop("that is no answer of the Logs Ingestion API; check LOGS_INGESTION_ENDPOINT"),
    }
}

const NO_GZIP: &str = "calls are compressed, which the Logs Ingestion API takes; a proxy or a gateway on \
                       the way that does not know Content-Encoding: gzip may have answered in its \
                       place. Let it pass requests on as they are, or let the app reach \
                       LOGS_INGESTION_ENDPOINT without it";

fn is_about_gzip(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    let parts = ["gzip", "compress", "encoding", "mediatype", "contenttype"];
    parts.iter().any(|part| code.contains(part))
}

/// The codes of 400 are written down nowhere; those about rows name no stream and no version.
fn is_about_the_address(code: &str) -> bool {
    let parts = ["Stream", "ApiVersion", "DataCollection", "ImmutableId"];
    parts.iter().any(|part| code.contains(part))
}
