//! Okta's errors: a status, a code, and the JSON body around them.

use serde_json::json;

/// Why a request was not answered with events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    code: String,
    summary: String,
    cause: Option<String>,
    oauth: bool,
}

impl Refusal {
    /// An error with the text that Okta gives its code.
    pub(super) fn new(status: u16, code: &str) -> Self {
        let summary = summary(status, code);
        Self {
            status,
            code: code.to_owned(),
            summary: summary.to_owned(),
            cause: None,
            oauth: false,
        }
    }

    /// An error in OAuth's shape.
    pub(super) fn oauth(status: u16, error: &str, description: &str) -> Self {
        Self {
            status,
            code: error.to_owned(),
            summary: description.to_owned(),
            cause: None,
            oauth: true,
        }
    }

    /// An error by its code: Okta's own begin with an E, the others are OAuth's.
    pub(super) fn of(status: u16, code: &str) -> Self {
        match code.starts_with('E') {
            true => Self::new(status, code),
            false => Self::oauth(status, code, "scripted"),
        }
    }

    /// A parameter, or a combination of them, that the log does not take.
    pub(super) fn validation(cause: &str) -> Self {
        Self {
            cause: Some(cause.to_owned()),
            ..Self::new(400, "E0000001")
        }
    }

    /// A filter or a field that is well-formed, but not allowed.
    pub(super) fn invalid_field(summary: &str) -> Self {
        Self {
            summary: summary.to_owned(),
            ..Self::new(400, "E0000053")
        }
    }

    pub(super) fn body(&self, id: u64) -> String {
        if self.oauth {
            return json!({ "error": self.code, "error_description": self.summary }).to_string();
        }
        let causes: Vec<_> = self
            .cause
            .iter()
            .map(|cause| json!({ "errorSummary": cause }))
            .collect();
        json!({
            "errorCode": self.code,
            "errorSummary": self.summary,
            "errorLink": self.code,
            "errorId": format!("oae{id:019}"),
            "errorCauses": causes,
        })
        .to_string()
    }
}

fn summary(status: u16, code: &str) -> &'static str {
    match (status, code) {
        (_, "E0000001") => "Api validation failed: LogEvent",
        (_, "E0000004") => "Authentication failed",
        (_, "E0000006") => "You do not have permission to perform the requested action",
        (_, "E0000007") => "Not found: Resource not found (LogEvent)",
        (_, "E0000008") => "The requested path was not found",
        (_, "E0000009") => "Internal Server Error",
        (_, "E0000010") => "Service is in read only mode",
        (_, "E0000011") => "Invalid token provided",
        (_, "E0000022") => "The endpoint does not support the provided HTTP method",
        (_, "E0000047") => "API call exceeded rate limit due to too many requests.",
        (400, "E0000053") => "Invalid filter or field",
        _ => "The server failed, and it is not sure why.",
    }
}
