//! What can go wrong between us and Okta, each with its own words and its own consequence.
//!
//! Codes: Okta, *Error codes and descriptions*. The HTTP status decides; `E0000053`, for one, is
//! an invalid filter with 400 and an unknown fault with 500.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use super::client::Page;
use super::rate::RateLimit;
use crate::retry::{Failure, Verdict};

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OktaError {
    /// 400 on a cursor that Okta itself handed out: it is no longer good.
    #[error("{org} no longer takes the saved cursor ({answer})")]
    CursorRefused {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 400 on a request of our own making.
    #[error(
        "{org} refused the request ({answer}); correct OKTA_FILTER, or OKTA_START_AT if that is set"
    )]
    BadRequest {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 401.
    #[error(
        "{org} refused the API token ({answer}): it has expired, was revoked, or its owner was \
         deactivated; create a new one and set OKTA_API_TOKEN. The saved cursor stays where it is"
    )]
    Unauthorized {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 403 for want of a role.
    #[error(
        "{org} does not let the token's owner read the System Log ({answer}); give that user the \
         Report Administrator role"
    )]
    Forbidden {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 403 for the place the request comes from.
    #[error(
        "{org} does not take this token from here ({answer}); add the outbound addresses of the \
         function app to the token's network zone"
    )]
    OutsideZone {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 404.
    #[error(
        "{org} has no System Log at /api/v1/logs ({answer}); OKTA_DOMAIN must be the org's own address"
    )]
    NotFound {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 429.
    #[error("{org} answers that {} ({answer})", if *.concurrent { "too many requests run at once" } else { "its rate limit is spent" })]
    RateLimited {
        /// The org's host.
        org: String,
        /// Whether it is the limit of simultaneous requests.
        concurrent: bool,
        /// How long Okta asks to wait, if it does.
        wait: Option<Duration>,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 5xx, 408, and anything else that may pass.
    #[error("{org} is in trouble ({answer}){}; if it lasts, look at status.okta.com", if *.slow { "; it did not finish the query in time" } else { "" })]
    Trouble {
        /// The org's host.
        org: String,
        /// Whether Okta ran out of time, which smaller pages mend.
        slow: bool,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// Any other status.
    #[error(
        "{org} gave an answer that the System Log API does not have ({answer}); is OKTA_DOMAIN right?"
    )]
    Unexpected {
        /// The org's host.
        org: String,
        /// Status and Okta's words.
        answer: Answer,
    },
    /// 3xx: redirects are never followed, since the token would go with them.
    #[error(
        "{org} redirects to {location}; redirects are never followed: set OKTA_DOMAIN to the address where the org is now"
    )]
    Redirected {
        /// The org's host.
        org: String,
        /// Where to, without its query.
        location: String,
    },
    /// The link to the next page leads elsewhere, and the token with it.
    #[error(
        "{org} links to its next page at {target}, which is not this org's System Log; the token was not sent there. Is OKTA_DOMAIN the address that Okta itself uses (custom domain or okta.com)?"
    )]
    ForeignLink {
        /// The org's host.
        org: String,
        /// Scheme, host and path of the link.
        target: String,
    },
    /// The saved cursor leads elsewhere: somebody changed it.
    #[error(
        "the saved cursor leads to {target}, which is not the System Log of {org}; nothing was sent there. Put cursor.json right, or start anew with `okta-sentinel ship --restart`"
    )]
    ForeignCursor {
        /// The org's host.
        org: String,
        /// Scheme, host and path of the cursor.
        target: String,
    },
    /// No answer, or one that broke off.
    #[error("{org} {problem}")]
    Transport {
        /// The org's host.
        org: String,
        /// Whether it was the time that ran out.
        slow: bool,
        /// What happened.
        problem: String,
    },
    /// More than a page may be.
    #[error(
        "{org} sent a page of more than {limit} bytes though one event was asked for; nothing is skipped without a word: if it lasts, ask Okta's support about it"
    )]
    PageTooLarge {
        /// The org's host.
        org: String,
        /// The cap, in bytes after decompression.
        limit: usize,
        /// What came with the page, its link to the next one included.
        page: Box<Page>,
    },
    /// A body that is no list of events.
    #[error(
        "{org} sent a page that cannot be read: {problem}; if it lasts, does OKTA_DOMAIN name the org, and does a proxy in between change its answers?"
    )]
    UnreadablePage {
        /// The org's host.
        org: String,
        /// The decoder's words.
        problem: String,
    },
    /// The credential cannot be used at all.
    #[error("{0}")]
    Credential(#[from] super::credential::NotAHeader),
}

/// Status line and Okta's own words about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Okta's `errorCode`, when the body had one.
    pub code: Option<String>,
    /// `errorSummary`, or what the body was instead.
    pub summary: String,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        write!(f, " {}", self.summary)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody {
    error_code: Option<String>,
    error_summary: Option<String>,
    /// OAuth's spelling, which network zones are refused in.
    error: Option<String>,
    #[serde(rename = "error_description")]
    description: Option<String>,
    #[serde(default)]
    error_causes: Vec<ErrorBody>,
}

impl Answer {
    /// Reads an error's body, which need not be Okta's JSON: edges answer in HTML.
    pub fn read(status: StatusCode, body: &[u8]) -> Answer {
        let parsed = serde_json::from_slice::<ErrorBody>(body).ok();
        let (code, summary) = parsed.map_or((None, None), |body| {
            let cause = body
                .error_causes
                .into_iter()
                .find_map(|cause| cause.error_summary);
            let summary = body.error_summary.or(body.description);
            let summary = match (summary, cause) {
                (Some(summary), Some(cause)) => Some(format!("{summary}: {cause}")),
                (summary, cause) => summary.or(cause),
            };
            (body.error_code.or(body.error), summary)
        });
        let summary = summary.unwrap_or_else(|| describe(body));
        Answer {
            status: status.as_u16(),
            code,
            summary: printable(&summary),
        }
    }
}

fn describe(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..200).unwrap_or(body))
        .trim()
        .to_owned();
    match text {
        _ if text.is_empty() => "with an empty body".to_owned(),
        _ if text.starts_with('<') => "with a web page instead of JSON".to_owned(),
        _ => format!("with `{text}`"),
    }
}

/// One line, and no longer than one reads.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect()
}

impl OktaError {
    /// Understands an answer other than 200.
    pub(super) fn of_status(
        org: &str,
        status: StatusCode,
        from_okta: bool,
        rate: Option<RateLimit>,
        retry_after: Option<Duration>,
        body: &[u8],
    ) -> OktaError {
        let (org, answer) = (org.to_owned(), Answer::read(status, body));
        let code = answer.code.clone().unwrap_or_default();
        match status.as_u16() {
            400 if from_okta => OktaError::CursorRefused { org, answer },
            400 => OktaError::BadRequest { org, answer },
            401 => OktaError::Unauthorized { org, answer },
            403 if code == "access_denied" => OktaError::OutsideZone { org, answer },
            403 => OktaError::Forbidden { org, answer },
            404 => OktaError::NotFound { org, answer },
            429 => {
                let concurrent = rate.is_some_and(|rate| rate.is_concurrency());
                let window = rate.filter(|_| !concurrent).map(|rate| rate.resets_in);
                OktaError::RateLimited {
                    org,
                    concurrent,
                    wait: retry_after.or(window),
                    answer,
                }
            }
            408 | 500..=599 => {
                let slow = matches!(status.as_u16(), 408 | 504) || code == "E0000009";
                OktaError::Trouble { org, slow, answer }
            }
            _ => OktaError::Unexpected { org, answer },
        }
    }

    /// Whether a smaller page may be answered where this one was not: time ran out.
    pub fn asks_for_smaller_pages(&self) -> bool {
        matches!(
            self,
            OktaError::Trouble { slow: true, .. } | OktaError::Transport { slow: true, .. }
        )
    }
}

impl Failure for OktaError {
    fn verdict(&self) -> Verdict {
        match self {
            OktaError::RateLimited {
                wait: Some(wait), ..
            } => Verdict::RetryAfter(*wait),
            OktaError::RateLimited { wait: None, .. }
            | OktaError::Trouble { .. }
            | OktaError::Transport { .. }
            | OktaError::UnreadablePage { .. } => Verdict::Retry,
            OktaError::CursorRefused { .. }
            | OktaError::BadRequest { .. }
            | OktaError::Unauthorized { .. }
            | OktaError::Forbidden { .. }
            | OktaError::OutsideZone { .. }
            | OktaError::NotFound { .. }
            | OktaError::Unexpected { .. }
            | OktaError::Redirected { .. }
            | OktaError::ForeignLink { .. }
            | OktaError::ForeignCursor { .. }
            | OktaError::PageTooLarge { .. }
            | OktaError::Credential(_) => Verdict::Stop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> OktaError {
        let status = StatusCode::from_u16(status).unwrap();
        OktaError::of_status("acme.okta.com", status, false, None, None, body.as_bytes())
    }

    #[test]
    fn the_status_decides_where_one_code_means_two_things() {
        let body = r#"{"errorCode":"E0000053","errorSummary":"Invalid filter","errorCauses":[]}"#;
        assert!(matches!(of(400, body), OktaError::BadRequest { .. }));
        assert!(matches!(
            of(500, body),
            OktaError::Trouble { slow: false, .. }
        ));
    }

    #[test]
    fn a_web_page_is_called_one() {
        let error = of(502, "<html><body>Bad gateway</body></html>");
        let line = "acme.okta.com is in trouble (502 with a web page instead of JSON); if it \
                    lasts, look at status.okta.com";
        assert_eq!(error.to_string(), line);
    }

    #[test]
    fn a_network_zone_and_a_missing_role_have_different_remedies() {
        let zone = of(
            403,
            r#"{"error":"access_denied","error_description":"not from here"}"#,
        );
        assert!(zone.to_string().contains("network zone"), "{zone}");
        let role = of(
            403,
            r#"{"errorCode":"E0000006","errorSummary":"You do not have permission"}"#,
        );
        assert!(role.to_string().contains("Report Administrator"), "{role}");
    }
}
