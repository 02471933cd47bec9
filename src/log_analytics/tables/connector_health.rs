//! Columns of `OktaConnectorHealth_CL`: one row a run, whatever became of it.

use okta_rows::schema::Column;
use okta_rows::schema::Kind::{Guid, Number, Text, Time};

/// Every column but the service's own. A column without a value is left out of its row.
#[rustfmt::skip]
pub(super) const COLUMNS: &[Column] = &[
    Column::synthetic("started", Time, "When the run began, by its machine's clock; also TimeGenerated"),
    Column::synthetic("finished", Time, "When it ended"),
    Column::synthetic("durationSeconds", Number, "How long it took"),
    Column::synthetic("outcome", Text, "caught_up, budget_spent, rate_spent, lease_held, stopping or failed; check for a try of the settings"),
    Column::synthetic("error", Text, "Why it failed and what to do, at most 32,000 bytes"),
    Column::synthetic("events", Number, "Events that the workspace accepted"),
    Column::synthetic("pages", Number, "Answers of Okta that held events"),
    Column::synthetic("posts", Number, "Batches that the workspace accepted"),
    Column::synthetic("postedBytes", Number, "Bytes of those batches"),
    Column::synthetic("repeats", Number, "Events that Okta gave again and that were left out"),
    Column::synthetic("deadLetters", Number, "Rows set aside because the workspace refuses them"),
    Column::synthetic("cutRows", Number, "Rows with a value that had to be cut"),
    Column::synthetic("oldRows", Number, "Rows older than two days when they were posted: their TimeGenerated is the time of arrival"),
    Column::synthetic("oktaRequests", Number, "Requests to Okta, failed ones included"),
    Column::synthetic("okta429s", Number, "Answers of 429 from Okta"),
    Column::synthetic("retries", Number, "Tries made again, at Okta or at the workspace"),
    Column::synthetic("lagSeconds", Number, "From the newest event in the workspace to the end of the run; absent where an idle org leaves nothing to be late with"),
    Column::synthetic("newestPublished", Time, "published of the newest event in the workspace; while a backlog is under way, of the newest of new events"),
    Column::synthetic("backlogUpTo", Time, "While the backlog of a first run is under way: how far it has come, by published; absent otherwise"),
    Column::synthetic("cursorAgeSeconds", Number, "From the last save of the cursor to the start of the run; rises while an org is idle, absent on a first run and where the lease was held"),
    Column::synthetic("domain", Text, "The Okta org's host"),
    Column::synthetic("destination", Text, "Where rows go"),
    Column::synthetic("version", Text, "This program's version"),
    // Always a GUID: another text would make the Data Collector API add a column with another suffix.
    Column::synthetic("invocationId", Guid, "The Functions host's invocation; absent in a shell"),
];
