//! Columns of `OktaPosture_CL`: one row a finding of a check.

use super::Property;
use okta_rows::schema::Kind::{Guid, Number, Text, Time};

/// The property that becomes `TimeGenerated`: one time for all rows of an assessment.
pub const TIME_GENERATED: &str = "started";

/// Every column but the service's own. A column without a value is left out of its row.
#[rustfmt::skip]
pub const COLUMNS: &[Property] = &[
    Property::of("started", Time, "When the assessment began, by its machine's clock; also TimeGenerated"),
    Property::of("finished", Time, "When it ended"),
    Property::of("assessmentId", Guid, "The assessment's own id, the same in all its rows"),
    Property::of("check", Text, "The check, by its name"),
    Property::of("title", Text, "What the check asks for, in one line"),
    Property::of("status", Text, "PASS, FAIL, MANUAL where a person must look, ERROR where it could not be read, NA where it does not apply"),
    Property::of("severity", Text, "How much a failure matters: High, Medium, Low or Informational"),
    Property::of("weight", Number, "What a pass adds to the score; 0 where the check does not count"),
    Property::of("resource", Text, "The policy, app, token or other object that the finding is about; absent where it is the org"),
    Property::of("resourceId", Text, "Okta's id of it"),
    Property::of("evidence", Text, "What was found, as a JSON object"),
    Property::of("expected", Text, "What passes, in words"),
    Property::of("remedy", Text, "What to change, and where in the Admin Console"),
    Property::of("baselines", Text, "The published baselines that ask for it, each with its rule, as a JSON array"),
    Property::of("engine", Text, "OIE or Classic: which of Okta's engines the org runs on, and so which variant of the check ran"),
    Property::of("domain", Text, "The Okta org's host"),
    Property::of("version", Text, "This program's version"),
    Property::of("invocationId", Guid, "The Functions host's invocation; absent in a shell"),
];
