//! Rows of `OktaConnectorHealth_CL`: one a run, whatever became of it.
//!
//! The row is posted once, after the run and on short time, so that a run is never later or worse
//! for it. What cannot be posted is one warning: the run's own line in the log says as much.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::RunReport;
use super::deliver::LAST_POST;
use crate::log_analytics::batch::Batch;
use crate::log_analytics::sink::{Sink, Table};
use crate::okta::api::domain::OktaDomain;
use crate::telemetry::Log;
use okta_rows::ColumnNaming;
use okta_rows::schema::Kind::{self, Guid, Number, Text, Time};
use okta_rows::schema::MAX_VALUE;

/// The property that becomes `TimeGenerated`.
pub const TIME_GENERATED: &str = "started";

/// How long the row's one try may take.
const LIMIT: Duration = Duration::from_secs(10);

/// One column of `OktaConnectorHealth_CL`.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The property that the Data Collector is sent, without suffix.
    pub key: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What it holds, for the table's reader.
    pub doc: &'static str,
    value: fn(&Subject<'_>) -> Option<Value>,
}

impl Column {
    const fn of(
        key: &'static str,
        kind: Kind,
        doc: &'static str,
        value: fn(&Subject<'_>) -> Option<Value>,
    ) -> Column {
        Column {
            key,
            kind,
            doc,
            value,
        }
    }

    /// The column's full name in the table, on either road.
    pub fn name(&self) -> String {
        format!("{}{}", self.key, self.kind.suffix())
    }

    fn spelt(&self, naming: ColumnNaming) -> String {
        match naming {
            ColumnNaming::Unsuffixed => self.key.to_owned(),
            ColumnNaming::Full => self.name(),
        }
    }
}

/// Every column but the service's own. A column without a value is left out of its row.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = &[
    Column::of("started", Time, "When the run began, by its machine's clock; also TimeGenerated", |of| time(of.started)),
    Column::of("finished", Time, "When it ended", |of| time(of.finished()?)),
    Column::of("durationSeconds", Number, "How long it took", |of| Some((of.run?.duration_ms as f64 / 1e3).into())),
    Column::of("outcome", Text, "caught_up, budget_spent, rate_spent, lease_held, stopping or failed; check for a try of the settings", |of| Some(of.outcome().into())),
    Column::of("error", Text, "Why it failed and what to do, at most 32,000 bytes", |of| Some(cut(of.run?.error.as_deref()?).into())),
    Column::of("events", Number, "Events that the workspace accepted", |of| Some(of.run?.events.into())),
    Column::of("pages", Number, "Answers of Okta that held events", |of| Some(of.run?.pages.into())),
    Column::of("posts", Number, "Batches that the workspace accepted", |of| Some(of.run?.posts.into())),
    Column::of("postedBytes", Number, "Bytes of those batches", |of| Some(of.run?.posted_bytes.into())),
    Column::of("repeats", Number, "Events that Okta gave again and that were left out", |of| Some(of.run?.repeats.into())),
    Column::of("deadLetters", Number, "Rows set aside because the workspace refuses them", |of| Some(of.run?.dead_letters.into())),
    Column::of("cutRows", Number, "Rows with a value that had to be cut", |of| Some(of.run?.cut_rows.into())),
    Column::of("oldRows", Number, "Rows older than two days when they were posted: their TimeGenerated is the time of arrival", |of| Some(of.run?.old_rows.into())),
    Column::of("oktaRequests", Number, "Requests to Okta, failed ones included", |of| Some(of.run?.okta_requests.into())),
    Column::of("okta429s", Number, "Answers of 429 from Okta", |of| Some(of.run?.okta_429s.into())),
    Column::of("retries", Number, "Tries made again, at Okta or at the workspace", |of| Some(of.run?.retries.into())),
    Column::of("lagSeconds", Number, "From the newest event in the workspace to the end of the run; absent where an idle org leaves nothing to be late with", |of| Some(of.run?.lag_seconds?.into())),
    Column::of("newestPublished", Time, "published of the newest event in the workspace; while a backlog is under way, of the newest of new events", |of| time(of.run?.newest_published?)),
    Column::of("backlogUpTo", Time, "While the backlog of a first run is under way: how far it has come, by published; absent otherwise", |of| time(of.run?.backlog_up_to?)),
    Column::of("cursorAgeSeconds", Number, "From the last save of the cursor to the start of the run; rises while an org is idle, absent on a first run and where the lease was held", |of| Some(of.run?.cursor_age_seconds?.into())),
    Column::of("domain", Text, "The Okta org's host", |of| Some(of.domain.into())),
    Column::of("destination", Text, "Where rows go", |of| Some(of.destination.into())),
    Column::of("version", Text, "This program's version", |_| Some(env!("CARGO_PKG_VERSION").into())),
    // Always a GUID: another text would make the Data Collector add a twin column.
    Column::of("invocationId", Guid, "The Functions host's invocation; absent in a shell", |of| guid(of.invocation)),
];

/// What a row tells about.
struct Subject<'a> {
    started: DateTime<Utc>,
    domain: &'a str,
    destination: &'a str,
    invocation: &'a str,
    /// Nothing where somebody only tried the settings.
    run: Option<&'a RunReport>,
}

impl Subject<'_> {
    fn outcome(&self) -> &'static str {
        self.run.map_or("check", |run| run.ended.name())
    }

    fn finished(&self) -> Option<DateTime<Utc>> {
        let took = TimeDelta::milliseconds(self.run?.duration_ms);
        self.started.checked_add_signed(took)
    }

    fn row(&self, naming: ColumnNaming) -> String {
        let cells = COLUMNS.iter().filter_map(|column| {
            let value = (column.value)(self)?;
            Some((column.spelt(naming), value))
        });
        let mut row: Map<String, Value> = cells.collect();
        if let (ColumnNaming::Full, Some(now)) = (naming, time(self.started)) {
            row.insert("TimeGenerated".to_owned(), now);
        }
        Value::Object(row).to_string()
    }
}

fn time(time: DateTime<Utc>) -> Option<Value> {
    Some(time.to_rfc3339_opts(SecondsFormat::Millis, true).into())
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_VALUE))
        .unwrap_or(text)
}

fn guid(text: &str) -> Option<Value> {
    let guid = azure_core::Uuid::parse_str(text).ok()?;
    Some(guid.as_hyphenated().to_string().into())
}

/// A row that says that somebody tried the settings; no run.
pub fn check_row(sink: &dyn Sink, org: &OktaDomain, now: DateTime<Utc>) -> String {
    let (domain, destination) = (org.to_string(), sink.place());
    let subject = Subject {
        started: now,
        domain: &domain,
        destination: &destination,
        invocation: "",
        run: None,
    };
    subject.row(sink.column_naming())
}

/// The row of one run.
pub fn run_row(naming: ColumnNaming, report: &RunReport, invocation: &str) -> String {
    let subject = Subject {
        started: report.started,
        domain: &report.org,
        destination: &report.destination,
        invocation,
        run: Some(report),
    };
    subject.row(naming)
}

/// Posts the row of a run that has ended, once, within [`LIMIT`]. A process that is told to end
/// has [`LAST_POST`] for all its posts: `told` is when it was, if that was during the run.
pub(super) async fn post(
    sink: &dyn Sink,
    report: &RunReport,
    told: Option<Instant>,
    stop: &CancellationToken,
    log: &Log,
) {
    let row = run_row(sink.column_naming(), report, log.invocation());
    let batch = Batch::of_one(row.as_bytes());
    let out_of_grace = async {
        stop.cancelled().await;
        tokio::time::sleep_until(told.unwrap_or_else(Instant::now) + LAST_POST).await;
    };
    let posted = tokio::select! {
        biased;
        () = out_of_grace => Err("told to end, and there is no time left for it".to_owned()),
        posted = sink.post(Table::ConnectorHealth, &batch) => posted.map_err(|error| error.to_string()),
        () = tokio::time::sleep(LIMIT) => Err(format!("{} did not take it within {} s", sink.place(), LIMIT.as_secs())),
    };
    if let Err(problem) = posted {
        log.health_row_lost(&problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_analytics::post_error::Outcome;
    use crate::log_analytics::post_error::PostError;
    use crate::ship::{Ended, RunError};
    use okta_rows::schema::MAX_COLUMN_NAME;
    use std::collections::HashSet;

    const INVOCATION: &str = "0F0C6A70-5a5b-4a3a-9c0d-0123456789ab";

    /// A run that gives every column a value.
    fn full(error: &str) -> RunReport {
        let mut report = RunReport::begin("acme.okta.com".into(), "a workspace".into());
        report.newest_published = Some(report.started);
        report.backlog_up_to = Some(report.started);
        report.cursor_age_seconds = Some(61);
        let failed = Ended::Failed(RunError::Post(PostError {
            outcome: Outcome::Stop,
            message: error.to_owned(),
        }));
        let end = report.started + TimeDelta::milliseconds(2_500);
        report.end(failed, end);
        report
    }

    fn row(naming: ColumnNaming, report: &RunReport, invocation: &str) -> Map<String, Value> {
        serde_json::from_str(&run_row(naming, report, invocation)).unwrap()
    }

    #[test]
    fn every_name_fits_a_table_of_today_and_is_there_once() {
        let names: HashSet<String> = COLUMNS.iter().map(Column::name).collect();
        assert_eq!(names.len(), COLUMNS.len());
        assert!(names.iter().all(|name| name.len() <= MAX_COLUMN_NAME));
    }

    #[test]
    fn both_roads_carry_every_column_in_their_own_spelling() {
        let report = full("no luck");
        let inferred = row(ColumnNaming::Unsuffixed, &report, INVOCATION);
        let mut named = row(ColumnNaming::Full, &report, INVOCATION);
        assert_eq!(
            named.remove("TimeGenerated"),
            inferred.get("started").cloned()
        );
        assert_eq!(
            (inferred.len(), named.len()),
            (COLUMNS.len(), COLUMNS.len())
        );
        for column in COLUMNS {
            assert_eq!(
                inferred[column.key],
                named[&column.name()],
                "{}",
                column.key
            );
        }
        assert_eq!(named["invocationId_g"], INVOCATION.to_lowercase());
        assert_eq!(named["durationSeconds_d"], 2.5);
        assert_eq!(named["cursorAgeSeconds_d"], 61);
    }

    #[test]
    fn an_id_that_is_no_guid_makes_no_twin_column() {
        for id in ["shell", "none", "", "7"] {
            assert!(!row(ColumnNaming::Full, &full("no"), id).contains_key("invocationId_g"));
        }
    }

    #[test]
    fn a_long_error_is_cut_between_characters() {
        let long = format!("a{}", "é".repeat(20_000));
        let row = row(ColumnNaming::Full, &full(&long), INVOCATION);
        let error = row["error_s"].as_str().unwrap();
        assert_eq!(error.len(), MAX_VALUE - 1);
        assert!(long.starts_with(error));
    }
}
