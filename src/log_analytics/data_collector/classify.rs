//! What follows from an answer other than the Data Collector API's empty 200.
//!
//! Statuses and codes: "HTTP Data Collector API", *Return codes*
//! (<https://learn.microsoft.com/azure/azure-monitor/logs/data-collector-api>).

use crate::log_analytics::error_response::ErrorResponse;
use crate::log_analytics::post_error::Outcome;

/// 404 means a wrong address, or a body that is too large; below this many bytes the address.
const TOO_LARGE_FROM: usize = 1_000_000;

/// `length`: of the body that was posted.
pub(super) fn classify(answer: &ErrorResponse, length: usize) -> (Outcome, &'static str) {
    let after = answer.after;
    let stop = |advice| (Outcome::Stop, advice);
    match (answer.status.as_u16(), answer.code.as_str()) {
        (200..=299, _) => stop(
            "that is not how the Data Collector API accepts rows, which is 200 and nothing more: a \
             proxy, a gateway or a firewall on the way may have answered in its place. Nothing \
             counts as shipped; let the app reach LOG_ANALYTICS_URI without it",
        ),
        (400 | 401 | 403, _) if answer.is_web_page() => stop(
            "the Data Collector API sends no web pages: a proxy or a firewall on the way refuses \
             the post; let the app reach LOG_ANALYTICS_URI",
        ),
        (400, "InvalidDataFormat") => (Outcome::Split, "it does not take these rows"),
        (400, "InactiveCustomer") => {
            stop("the workspace is closed; set WORKSPACE_ID to one in use")
        }
        (400, "InvalidCustomerId") => stop("set WORKSPACE_ID to the workspace's id, a GUID"),
        (400, "InvalidLogType" | "MissingLogType") => {
            stop("correct LOG_TYPE: letters, digits and _ only")
        }
        (400, _) => stop(
            "it refuses every post of this kind; is LOG_ANALYTICS_URI a Data Collector's address?",
        ),
        (401 | 403, _) => stop(
            "set WORKSPACE_KEY to the primary or secondary key of the workspace in WORKSPACE_ID; \
             if both are right, check this machine's clock",
        ),
        (404, _) if length > TOO_LARGE_FROM => (Outcome::Split, "the body may be too large for it"),
        (404, _) => stop(
            "there is no Data Collector at that address; check WORKSPACE_ID and LOG_ANALYTICS_URI",
        ),
        (413, _) => (Outcome::Split, "the body is too large for it"),
        (407 | 511, _) => stop(
            "a proxy on the way wants a sign-in; let the app reach LOG_ANALYTICS_URI without it",
        ),
        (501 | 505 | 506 | 508 | 510, _) => stop(
            "that does not pass by itself: a proxy or a gateway on the way cannot do what the \
             Data Collector API needs; let the app reach LOG_ANALYTICS_URI without it",
        ),
        (408 | 429 | 500..=599, _) => (Outcome::Retry { after }, "it may pass"),
        _ => stop("that is no answer of the Data Collector API; check LOG_ANALYTICS_URI"),
    }
}
