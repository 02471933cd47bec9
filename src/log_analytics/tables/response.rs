//! Columns of `OktaResponse_CL`: one row a decision to contain or to release an identity.

use super::Property;
use okta_rows::schema::Kind::{Flag, Guid, Number, Text, Time};

/// The property that becomes `TimeGenerated`.
pub const TIME_GENERATED: &str = "decided";

/// Every column but the service's own. A column without a value is left out of its row.
#[rustfmt::skip]
pub const COLUMNS: &[Property] = &[
    Property::of("decided", Time, "When the decision was made, by its machine's clock; also TimeGenerated"),
    Property::of("decisionId", Guid, "The decision's own id; the same in every row about it"),
    Property::of("action", Text, "contain or release"),
    Property::of("outcome", Text, "done, unchanged, refused, failed, or dry_run where nothing was to be done in earnest"),
    Property::of("reason", Text, "Why a guard refused or what failed, and what to do"),
    Property::of("guard", Text, "The guard that refused: protected user or group, admin role, own principal, cap; absent where none did"),
    Property::of("dryRun", Flag, "Whether Okta was left as it was because containment is not enabled"),
    Property::of("repeated", Flag, "Whether this is the stored outcome of the same request made before"),
    Property::of("userRequested", Text, "The user as the request named them: an id or a login"),
    Property::of("userId", Text, "Okta's id of that user"),
    Property::of("userLogin", Text, "Their login"),
    Property::of("statusBefore", Text, "Their status in Okta before the first step"),
    Property::of("statusAfter", Text, "Their status in Okta, read again after the last step"),
    Property::of("steps", Text, "Each call made to Okta, as a JSON array: step, HTTP status, Okta's request id and error code"),
    Property::of("incident", Text, "The incident that the request came from"),
    Property::of("justification", Text, "Why the requester asked for it, in their words"),
    Property::of("requestedBy", Text, "Who asked: the caller's identity, or the person at the shell"),
    Property::of("actedAs", Text, "The client id of the Okta service app that made the calls; leave it out of detections"),
    Property::of("durationSeconds", Number, "How long it took"),
    Property::of("domain", Text, "The Okta org's host"),
    Property::of("version", Text, "This program's version"),
    Property::of("invocationId", Guid, "The Functions host's invocation; absent in a shell"),
];
