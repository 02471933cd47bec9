//! `OktaConnectorHealth_CL` gets one row for each run, whatever its outcome. A failure to write it
//! does not fail the run.

use std::time::Duration;

use okta_rows::schema::Kind;
use okta_sentinel::log_analytics::tables::CONNECTOR_HEALTH;
use okta_sentinel::ship::{Begin, Ended, RunReport, Shipper};
use okta_sentinel::telemetry::Log;
use sandbox::okta;
use sandbox::workspace::{ColumnType, Fault, Workspace};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::support::fixture::{Fixture, IngestionApi, for_each_sink, run};
use crate::support::log_capture::LogCapture;
use crate::support::program::{TIMER, host, local_workspace, shell, with_timeout};

for_each_sink!(
    its_columns_have_the_names_and_types_of_the_schema,
    it_says_what_the_report_says,
    a_failed_run_says_why_and_shows_no_secret,
    a_run_that_finds_the_lease_held_says_so,
    a_workspace_that_refuses_the_row_costs_one_try_and_one_warning,
);

const TABLE: &str = "OktaConnectorHealth_CL";

fn rows(workspace: &Workspace) -> Vec<Map<String, Value>> {
    workspace.table(TABLE).kept_rows()
}

#[track_caller]
fn only_row(workspace: &Workspace) -> Map<String, Value> {
    let mut rows = rows(workspace);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

async fn run_with(
    shipper: &Shipper,
    stop: &CancellationToken,
    observer: &(dyn Fn(&RunReport) + Send + Sync),
) -> RunReport {
    let log = Log::new("test");
    shipper
        .run(Begin::Saved, stop.clone(), &log, observer)
        .await
}

async fn its_columns_have_the_names_and_types_of_the_schema(api: IngestionApi) {
    // A run that ends while it has a backlog has a value for every column.
    let org = okta::OrgConfig {
        events: 1_200,
        spacing: Duration::from_secs(60),
        ..okta::OrgConfig::default()
    };
    let fixture = Fixture::start(api, org).await;
    let refused = okta::Fault::status(401, "E0000011");
    fixture.org.faults().on_request(3, refused.clone());
    fixture.run().await;
    fixture.org.faults().always(refused);
    let host = host(&fixture, &[]).await;
    let tick = with_timeout(host.invoke_manual(TIMER)).await;
    let columns = fixture.workspace.table(TABLE).columns();
    for column in CONNECTOR_HEALTH.columns {
        let due = match column.kind {
            Kind::Text => ColumnType::Text,
            Kind::Number => ColumnType::Number,
            Kind::Flag => ColumnType::Boolean,
            Kind::Time => ColumnType::Time,
            Kind::Guid => ColumnType::Guid,
        };
        assert_eq!(columns.get(&column.name()), Some(&due), "{}", column.name());
    }
    assert_eq!(columns.len(), CONNECTOR_HEALTH.columns.len(), "{columns:?}");
    let rows = rows(&fixture.workspace);
    assert_eq!(rows.len(), 2);
    assert!(!rows[0].contains_key("invocationId_g"));
    assert_eq!(rows[1]["invocationId_g"], tick.id.as_str().to_lowercase());
    assert_eq!(rows[1]["outcome_s"], "failed");
}

async fn it_says_what_the_report_says(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 1_200).await;
    fixture.workspace.faults().push(Fault::throttled(Some(0)));
    let report = fixture.run().await;
    let row = only_row(&fixture.workspace);
    for (name, due) in [
        ("events_d", 1_200),
        ("pages_d", 2),
        ("posts_d", report.posts),
        ("postedBytes_d", report.posted_bytes),
        ("repeats_d", 0),
        ("deadLetters_d", 0),
        ("cutRows_d", report.cut_rows),
        ("oktaRequests_d", report.okta_requests),
        ("okta429s_d", 0),
        ("retries_d", 1),
    ] {
        assert_eq!(row[name], due, "{name}");
    }
    assert_eq!(row["lagSeconds_d"], report.lag_seconds.unwrap());
    assert_eq!(row["outcome_s"], "caught_up");
    assert_eq!(row["domain_s"], "127.0.0.1");
    assert_eq!(row["destination_s"], report.destination.as_str());
    assert_eq!(row["version_s"], env!("CARGO_PKG_VERSION"));
    assert_eq!(row["TimeGenerated"], row["started_t"]);
    let time = |name: &str| chrono::DateTime::parse_from_rfc3339(row[name].as_str().unwrap());
    let took = time("finished_t").unwrap() - time("started_t").unwrap();
    let seconds = row["durationSeconds_d"].as_f64().unwrap();
    assert!((took.as_seconds_f64() - seconds).abs() < 0.001, "{seconds}");
    assert_eq!(
        time("newestPublished_t").unwrap(),
        report.newest_published.unwrap()
    );
    for absent in ["error_s", "cursorAgeSeconds_d"] {
        assert!(!row.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn the_age_of_the_cursor_is_the_time_since_its_last_save() {
    let fixture = Fixture::with_events(5).await;
    fixture.run().await;
    let mut cursor = fixture.cursor();
    let saved = chrono::Utc::now() - chrono::TimeDelta::minutes(90);
    cursor["saved_at"] = saved.to_rfc3339().into();
    let path = fixture.state_of_org().join("cursor.json");
    std::fs::write(path, cursor.to_string()).unwrap();
    fixture.run().await;
    let age = rows(&fixture.workspace)[1]["cursorAgeSeconds_d"].as_i64();
    assert!((5_400..5_430).contains(&age.unwrap()), "{age:?}");
}

async fn a_failed_run_says_why_and_shows_no_secret(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 5).await;
    fixture
        .org
        .faults()
        .push(okta::Fault::status(401, "E0000011"));
    fixture.run().await;
    // The workspace refuses the events, and is asked to take the row all the same.
    fixture.workspace.faults().push(Fault::unauthorized());
    let report = fixture.run().await;
    assert!(matches!(report.ended, Ended::Failed(_)), "{report}");
    let rows = rows(&fixture.workspace);
    let remedy = match api {
        IngestionApi::DataCollector => "WORKSPACE_KEY",
        IngestionApi::LogsIngestion => "Monitoring Metrics Publisher",
    };
    let told = [["401 E0000011", "OKTA_API_TOKEN"], ["403", remedy]];
    assert_eq!(rows.len(), told.len());
    for (row, told) in rows.iter().zip(told) {
        assert_eq!(row["outcome_s"], "failed");
        let error = row["error_s"].as_str().unwrap();
        assert!(told.iter().all(|word| error.contains(word)), "{error}");
        let text = format!("{row:?}");
        assert!(!text.contains(fixture.org.token()) && !text.contains(fixture.workspace.key()));
    }
    assert_eq!(rows[1]["events_d"], 0);
}

async fn a_run_that_finds_the_lease_held_says_so(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 5).await;
    let shipper = fixture.shipper();
    let lease = shipper.store.open().await.unwrap();
    let report = run(&fixture.shipper()).await;
    assert!(matches!(report.ended, Ended::LeaseHeld { .. }), "{report}");
    lease.release().await.unwrap();
    let row = only_row(&fixture.workspace);
    assert_eq!(row["outcome_s"], "lease_held");
    assert_eq!(
        (&row["events_d"], &row["oktaRequests_d"]),
        (&0.into(), &0.into())
    );
}

async fn a_workspace_that_refuses_the_row_costs_one_try_and_one_warning(api: IngestionApi) {
    for fault in [
        Fault::unauthorized(),
        Fault::unavailable(),
        Fault::throttled(Some(0)),
    ] {
        let (fixture, captured) = (
            Fixture::start_with_events(api, 5).await,
            LogCapture::start(),
        );
        let refuse_the_next = |_: &RunReport| fixture.workspace.faults().push(fault.clone());
        let stop = CancellationToken::new();
        let report = run_with(&fixture.shipper(), &stop, &refuse_the_next).await;
        assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
        assert_eq!(fixture.workspace.posts().len(), 2, "{fault:?}");
        assert_eq!(rows(&fixture.workspace).len(), 0);
        let lines = captured.lines_with("health_row_lost");
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("WARN") && lines[0].contains("otherwise unaffected"));
        assert_eq!(captured.lines_with("WARN").len(), 1);
    }
}

#[tokio::test]
async fn a_workspace_that_says_nothing_holds_the_run_up_for_ten_seconds_at_most() {
    let (fixture, captured) = (Fixture::with_events(5).await, LogCapture::start());
    let stall_the_next = |_: &RunReport| fixture.workspace.faults().push(Fault::Stall);
    let (shipper, stop) = (fixture.shipper(), CancellationToken::new());
    let stalled = async {
        fixture.workspace.faults().wait_for_stalled(1).await;
        // From here on only timers happen; the runtime's clock goes from one to the next.
        tokio::time::pause();
        tokio::time::Instant::now()
    };
    let (report, since) = tokio::join!(run_with(&shipper, &stop, &stall_the_next), stalled);
    let took = since.elapsed();
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert!(took <= Duration::from_millis(10_100), "{took:?}");
    assert!(captured.lines_with("health_row_lost")[0].contains("within 10 s"));
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_run_told_to_stop_leaves_its_row_if_there_is_time_left() {
    let fixture = Fixture::with_events(2_500).await;
    let stop = CancellationToken::new();
    let at_once = |_: &RunReport| stop.cancel();
    let report = run_with(&fixture.shipper(), &stop, &at_once).await;
    assert!(matches!(report.ended, Ended::Stopping), "{report}");
    assert_eq!(only_row(&fixture.workspace)["outcome_s"], "stopping");
}

/// Which post hangs when the process is told to end.
#[derive(Clone, Copy, PartialEq)]
enum Hangs {
    Events,
    Row,
}

async fn five_seconds_are_all(hangs: Hangs) {
    let (fixture, captured) = (Fixture::with_events(5).await, LogCapture::start());
    let (shipper, stop) = (fixture.shipper(), CancellationToken::new());
    let stall_the_row = |_: &RunReport| fixture.workspace.faults().push(Fault::Stall);
    if hangs == Hangs::Events {
        fixture.workspace.faults().push(Fault::Stall);
    }
    let told = async {
        fixture.workspace.faults().wait_for_stalled(1).await;
        stop.cancel();
        tokio::time::pause();
        tokio::time::Instant::now()
    };
    let (_, since) = tokio::join!(run_with(&shipper, &stop, &stall_the_row), told);
    let took = since.elapsed();
    assert!(took <= Duration::from_millis(5_100), "{took:?}");
    assert!(took >= Duration::from_millis(4_900), "{took:?}");
    let lines = captured.lines_with("health_row_lost");
    assert!(lines[0].contains("no time left"), "{lines:?}");
    assert_eq!(rows(&fixture.workspace).len(), 0);
}

#[tokio::test]
async fn told_to_stop_a_post_of_events_that_hangs_leaves_no_time_for_the_row() {
    five_seconds_are_all(Hangs::Events).await;
}

#[tokio::test]
async fn told_to_stop_a_row_that_hangs_gets_five_seconds() {
    five_seconds_are_all(Hangs::Row).await;
}

#[tokio::test]
async fn a_local_workspace_has_the_rows_in_a_file() {
    let fixture = Fixture::with_events(5).await;
    let output = fixture.state.path().join("out");
    let local = local_workspace(output.to_str().unwrap());
    for _ in 0..2 {
        let output = shell(&fixture, &["ship"], &local).await;
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    }
    let text = std::fs::read_to_string(output.join(format!("{TABLE}.ndjson"))).unwrap();
    let rows = text.lines().map(serde_json::from_str::<Map<String, Value>>);
    let rows: Vec<_> = rows.map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["events_d"], &rows[1]["events_d"]),
        (&5.into(), &0.into())
    );
    let known = |name: &String| {
        CONNECTOR_HEALTH
            .described_columns()
            .any(|(column, ..)| column == *name)
    };
    for row in &rows {
        assert!(row.keys().all(known), "{row:?}");
        assert_eq!(row["TimeGenerated"], row["started_t"]);
    }
    assert!(fixture.workspace.posts().is_empty());
}
