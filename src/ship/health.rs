//! Rows of `OktaConnectorHealth_CL`: one a run, whatever became of it.
//!
//! The row is posted once, after the run and on short time, so that a run is never later or worse
//! for it. What cannot be posted is one warning: the run's own line in the log says as much.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::post::LAST_POST;
use super::report::RunReport;
use crate::log_analytics::batch::Batch;
use crate::log_analytics::sink::Sink;
use crate::log_analytics::tables::{CONNECTOR_HEALTH, TIME_GENERATED};
use crate::net::retry::Limits;
use crate::okta::api::domain::OktaDomain;
use crate::telemetry::Log;
use okta_rows::ColumnNaming;
use okta_rows::schema::Column;

/// How long the row's one try may take.
const LIMIT: Duration = Duration::from_secs(10);

/// How long after the run's time is over it may still be posted.
const PAST_DEADLINE: Duration = Duration::from_secs(8);

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
        let cells = CONNECTOR_HEALTH.columns.iter().filter_map(|column| {
            let value = self.value(&column.key())?;
            Some((spelled(column, naming), value))
        });
        let mut row: Map<String, Value> = cells.collect();
        if let (ColumnNaming::Full, Some(started)) = (naming, time(self.started)) {
            row.insert(TIME_GENERATED.to_owned(), started);
        }
        Value::Object(row).to_string()
    }

    fn value(&self, key: &str) -> Option<Value> {
        Some(match key {
            "started" => return time(self.started),
            "finished" => return time(self.finished()?),
            "outcome" => self.outcome().into(),
            "domain" => self.domain.into(),
            "destination" => self.destination.into(),
            "version" => env!("CARGO_PKG_VERSION").into(),
            "invocationId" => return guid(self.invocation),
            of_a_run => return value_of_run(self.run?, of_a_run),
        })
    }
}

fn value_of_run(run: &RunReport, key: &str) -> Option<Value> {
    Some(match key {
        "durationSeconds" => (run.duration_ms as f64 / 1e3).into(),
        "error" => run.error.clone()?.into(),
        "events" => run.events.into(),
        "pages" => run.pages.into(),
        "posts" => run.posts.into(),
        "postedBytes" => run.posted_bytes.into(),
        "repeats" => run.repeats.into(),
        "deadLetters" => run.dead_letters.into(),
        "cutRows" => run.cut_rows.into(),
        "oldRows" => run.old_rows.into(),
        "oktaRequests" => run.okta_requests.into(),
        "okta429s" => run.okta_429s.into(),
        "retries" => run.retries.into(),
        "lagSeconds" => run.lag_seconds?.into(),
        "newestPublished" => return time(run.newest_published?),
        "backlogUpTo" => return time(run.backlog_up_to?),
        "cursorAgeSeconds" => run.cursor_age_seconds?.into(),
        other => unreachable!("no value is known for the column {other}"),
    })
}

fn spelled(column: &Column, naming: ColumnNaming) -> String {
    match naming {
        ColumnNaming::Unsuffixed => column.key(),
        ColumnNaming::Full => column.name(),
    }
}

fn time(time: DateTime<Utc>) -> Option<Value> {
    Some(time.to_rfc3339_opts(SecondsFormat::Millis, true).into())
}

fn guid(text: &str) -> Option<Value> {
    let guid = azure_core::Uuid::parse_str(text).ok()?;
    Some(guid.as_hyphenated().to_string().into())
}

/// A row that says that somebody tried the settings; no run.
pub fn check_row(sink: &dyn Sink, org: &OktaDomain, now: DateTime<Utc>) -> String {
    let (domain, destination) = (org.to_string(), sink.destination());
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

/// Posts the row of a run that has ended, once, within [`LIMIT`] and near the run's time. A process that is told to end
/// has [`LAST_POST`] for all its posts: `told` is when it was, if that was during the run.
pub(super) async fn post(
    sink: &dyn Sink,
    report: &RunReport,
    told: Option<Instant>,
    limits: &Limits,
    log: &Log,
) {
    let row = run_row(sink.column_naming(), report, log.invocation());
    let body = sink.prepare(&Batch::of_one(row.as_bytes()));
    let began = Instant::now();
    let until = (began + LIMIT).min(limits.deadline + PAST_DEADLINE);
    let out_of_grace = async {
        limits.stop.cancelled().await;
        tokio::time::sleep_until(told.unwrap_or_else(Instant::now) + LAST_POST).await;
    };
    let posted = tokio::select! {
        biased;
        () = out_of_grace => Err("told to end, and there is no time left for it".to_owned()),
        posted = sink.post(&CONNECTOR_HEALTH, &body) => posted.map_err(|error| error.to_string()),
        () = tokio::time::sleep_until(until) => {
            let waited = (until - began).as_secs();
            Err(format!("{} did not take it within {waited} s", sink.destination()))
        }
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
    use crate::ship::report::{Ended, RunError};

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
    fn every_column_gets_a_value_from_a_full_report_in_either_naming() {
        let report = full("no luck");
        let inferred = row(ColumnNaming::Unsuffixed, &report, INVOCATION);
        let mut named = row(ColumnNaming::Full, &report, INVOCATION);
        assert_eq!(
            named.remove(TIME_GENERATED),
            inferred.get("started").cloned()
        );
        let columns = CONNECTOR_HEALTH.columns;
        assert_eq!(inferred.len(), columns.len());
        assert_eq!(named.len(), columns.len());
        for column in columns {
            assert_eq!(inferred[&column.key()], named[&column.name()]);
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
}
