//! Columns of `OktaResponse_CL`: one row a decision to contain or to release an identity.

use okta_rows::schema::Column;
use okta_rows::schema::Kind::{Flag, Guid, Number, Text, Time};

/// Every column but the service's own. A column without a value is left out of its row.
#[rustfmt::skip]
pub(super) const COLUMNS: &[Column] = &[
    Column::synthetic("decided", Time, "When the decision was made, by its machine's clock; also TimeGenerated"),
    Column::synthetic("decisionId", Guid, "The decision's own id; the same in every row about it"),
    Column::synthetic("action", Text, "contain or release"),
    Column::synthetic("outcome", Text, "done, unchanged, refused, failed, or dry_run where nothing was to be done in earnest"),
    Column::synthetic("reason", Text, "Why a guard refused or what failed, and what to do"),
    Column::synthetic("guard", Text, "The guard that refused: protected user or group, admin role, own principal, cap; absent where none did"),
    Column::synthetic("dryRun", Flag, "Whether Okta was left as it was because containment is not enabled"),
    Column::synthetic("repeated", Flag, "Whether this is the stored outcome of the same request made before"),
    Column::synthetic("userRequested", Text, "The user as the request named them: an id or a login"),
    Column::synthetic("userId", Text, "Okta's id of that user"),
    Column::synthetic("userLogin", Text, "Their login"),
    Column::synthetic("statusBefore", Text, "Their status in Okta before the first step"),
    Column::synthetic("statusAfter", Text, "Their status in Okta, read again after the last step"),
    Column::synthetic("steps", Text, "Each call made to Okta, as a JSON array: step, HTTP status, Okta's request id and error code"),
    Column::synthetic("incident", Text, "The incident that the request came from"),
    Column::synthetic("justification", Text, "Why the requester asked for it, in their words"),
    Column::synthetic("requestedBy", Text, "Who asked: the caller's identity, or the person at the shell"),
    Column::synthetic("actedAs", Text, "The client id of the Okta service app that made the calls; leave it out of detections"),
    Column::synthetic("durationSeconds", Number, "How long it took"),
    Column::synthetic("domain", Text, "The Okta org's host"),
    Column::synthetic("version", Text, "This program's version"),
    Column::synthetic("invocationId", Guid, "The Functions host's invocation; absent in a shell"),
];
