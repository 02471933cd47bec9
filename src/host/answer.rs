//! What the host is answered: always a JSON object, since an empty 2xx hangs the invocation
//! until the host kills this process.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::telemetry::shown;

/// An answer by the host's rules: 200 with `Logs` is a success; any other status is a failure,
/// whose body the host throws away, so that the reason must be on stdout already.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    status: StatusCode,
    body: Value,
}

impl Answer {
    /// To the probe `GET /`, by which the host learns that this process listens.
    pub(super) fn alive() -> Answer {
        Answer {
            status: StatusCode::OK,
            body: json!({ "status": "listening" }),
        }
    }

    /// To an invocation that did its work; `line` goes to the invocation's log.
    pub(super) fn done(line: &str) -> Answer {
        let body = json!({ "Outputs": {}, "Logs": [shown::line(line)], "ReturnValue": null });
        Answer {
            status: StatusCode::OK,
            body,
        }
    }

    /// To an invocation that is to count as failed.
    pub(super) fn failed(status: StatusCode, problem: &str) -> Answer {
        Answer {
            status,
            body: json!({ "error": shown::line(problem) }),
        }
    }

    /// To a path that is no function of ours.
    pub(super) fn not_found() -> Answer {
        Answer::failed(
            StatusCode::NOT_FOUND,
            "no function of this app answers at this path",
        )
    }

    /// To a method other than the host's.
    pub(super) fn wrong_method() -> Answer {
        Answer::failed(
            StatusCode::METHOD_NOT_ALLOWED,
            "a function of this app is called by POST, the probe by GET",
        )
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
