//! Columns of `OktaPosture_CL`: one row a finding of a check.

use okta_rows::schema::Column;
use okta_rows::schema::Kind::{Guid, Number, Text, Time};

/// Every column but the service's own. A column without a value is left out of its row.
#[rustfmt::skip]
pub(super) const COLUMNS: &[Column] = &[
    Column::synthetic("started", Time, "When the assessment began, by its machine's clock; also TimeGenerated"),
    Column::synthetic("finished", Time, "When it ended"),
    Column::synthetic("assessmentId", Guid, "The assessment's own id, the same in all its rows"),
    Column::synthetic("check", Text, "The check, by its name"),
    Column::synthetic("title", Text, "What the check asks for, in one line"),
    Column::synthetic("status", Text, "PASS, FAIL, MANUAL where a person must look, ERROR where it could not be read, NA where it does not apply"),
    Column::synthetic("severity", Text, "How much a failure matters: High, Medium, Low or Informational"),
    Column::synthetic("weight", Number, "What a pass adds to the score; 0 where the check does not count"),
    Column::synthetic("resource", Text, "The policy, app, token or other object that the finding is about; absent where it is the org"),
    Column::synthetic("resourceId", Text, "Okta's id of it"),
    Column::synthetic("evidence", Text, "What was found, as a JSON object"),
    Column::synthetic("expected", Text, "What passes, in words"),
    Column::synthetic("remedy", Text, "What to change, and where in the Admin Console"),
    Column::synthetic("baselines", Text, "The published baselines that ask for it, each with its rule, as a JSON array"),
    Column::synthetic("engine", Text, "OIE or Classic: which of Okta's engines the org runs on, and so which variant of the check ran"),
    Column::synthetic("domain", Text, "The Okta org's host"),
    Column::synthetic("version", Text, "This program's version"),
    Column::synthetic("invocationId", Guid, "The Functions host's invocation; absent in a shell"),
];
