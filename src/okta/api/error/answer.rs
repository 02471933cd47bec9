//! What Okta says about a refusal, in its own words and in as many as one line holds.

use reqwest::StatusCode;
use serde::Deserialize;

use crate::telemetry::shown;

/// Most characters that are kept: of a code, of a summary, and of a body that is neither.
const LONGEST_CODE: usize = 100;
const LONGEST_SUMMARY: usize = 300;
const LONGEST_START: usize = 200;

/// Status line and Okta's own words about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
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

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody {
    error_code: Option<String>,
    error_summary: Option<String>,
    /// OAuth's naming, which network zones are refused in.
    error: Option<String>,
    #[serde(rename = "error_description")]
    description: Option<String>,
    #[serde(default)]
    error_causes: Vec<ErrorBody>,
}

impl Answer {
    /// Reads an error's body, which need not be Okta's JSON: edges answer in HTML.
    pub(crate) fn read(status: StatusCode, body: &[u8]) -> Answer {
        let parsed: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
        let mut causes = parsed.error_causes.into_iter();
        let cause = causes.find_map(|cause| cause.error_summary);
        let summary = match (parsed.error_summary.or(parsed.description), cause) {
            (Some(summary), Some(cause)) => format!("{summary}: {cause}"),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => describe(body),
        };
        let code = parsed.error_code.or(parsed.error);
        Answer {
            status: status.as_u16(),
            code: code.map(|code| shown::excerpt(&code, LONGEST_CODE)),
            summary: shown::excerpt(&summary, LONGEST_SUMMARY),
        }
    }
}

fn describe(body: &[u8]) -> String {
    // More than is shown: a secret in it is known by more than its start.
    let text = String::from_utf8_lossy(body.get(..2_000).unwrap_or(body));
    match shown::excerpt(text.trim(), LONGEST_START).as_str() {
        "" => "with an empty body".to_owned(),
        text if text.starts_with('<') => "with a web page instead of JSON".to_owned(),
        text => format!("with `{text}`"),
    }
}
