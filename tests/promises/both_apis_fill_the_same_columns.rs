//! An event fills the same columns with the same values through either ingestion API, so that
//! detections need not know which one is used. The exceptions: names that the Data Collector API
//! chooses by a value's type, and one name that only that API can have.

use okta_rows::RowEncoder;
use okta_rows::encode_page;
use okta_sentinel::log_analytics::batcher::Batcher;
use okta_sentinel::log_analytics::buffer_pool::BufferPool;
use okta_sentinel::log_analytics::tables;
use okta_sentinel::ship::Ended;
use sandbox::okta::OrgConfig;
use sandbox::workspace;
use serde_json::{Map, Value};

use crate::support::fixture::{Fixture, IngestionApi, run, workspace_config};
use crate::support::shared_data::shared_text;

type Row = Map<String, Value>;

/// Columns whose value may look like a GUID: the name through the Data Collector API, and the name
/// through the Logs Ingestion API.
const NAMED_BY_VALUE: [(&str, &str); 7] = [
    ("transaction_id_g", "transaction_id_s"),
    (
        "debugContext_debugData_requestId_g",
        "debugContext_debugData_requestId_s",
    ),
    (
        "debugContext_debugData_authnRequestId_g",
        "debugContext_debugData_authnRequestId_s",
    ),
    (
        "debugContext_debugData_importLastToken_g",
        "debugContext_debugData_importLastToken_s",
    ),
    (
        "debugContext_debugData_deviceFingerprint_s",
        "debugContext_debugData_deviceFingerprint_g",
    ),
    (
        "debugContext_debugData_transactionId_s",
        "debugContext_debugData_transactionId_g",
    ),
    ("uuid_s", "uuid_g"),
];

/// 46 characters: a table of today cannot have it.
const TOO_LONG: (&str, &str) = (
    "authenticationContext_authenticationProvider_s",
    "authenticationContext_authnProvider_s",
);

/// The Logs Ingestion API's name for this column of the Data Collector API.
fn other_name(column: &str) -> &str {
    let renamed = NAMED_BY_VALUE.iter().chain([&TOO_LONG]);
    let mut of_column = renamed.filter(|(collector, _)| *collector == column);
    of_column.next().map_or(column, |(_, rule)| rule)
}

/// The service writes a GUID with hyphens, in lower case, in a column of its own making alone.
fn same(column: &str, collector: &Value, rule: &Value) -> bool {
    let bare = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        text.replace('-', "").to_lowercase()
    };
    let made_a_guid = column.ends_with("_g") && other_name(column) != column;
    collector == rule || (made_a_guid && bare(collector) == bare(rule))
}

#[track_caller]
fn assert_alike(collector: &Row, rule: &Row) {
    for (column, value) in collector {
        let other = rule.get(other_name(column));
        let known =
            other.unwrap_or_else(|| panic!("only the Data Collector has {column}: {rule:?}"));
        // A time that is too old becomes that of the receipt, which is another for each.
        let rewritten = column == "TimeGenerated" && collector.get("published_t") != Some(value);
        assert!(
            rewritten || same(column, value, known),
            "{column}: {value} and {known}"
        );
    }
    assert_eq!(collector.len(), rule.len(), "{collector:?}\n{rule:?}");
}

fn roomy() -> workspace::Config {
    workspace::Config {
        keep_rows: 5_000,
        ..workspace_config()
    }
}

/// What a workspace holds after these pages were posted through this API.
async fn rows_by(api: IngestionApi, pages: &[String]) -> Vec<Row> {
    let fixture = Fixture::start_with_workspace(roomy(), api, OrgConfig::default()).await;
    let sink = fixture.shipper().sink;
    let mut encoder = RowEncoder::new(sink.column_naming(), "acme.okta.com");
    let mut batcher = Batcher::new(sink.limits(), BufferPool::default());
    for page in pages {
        encode_page(page.as_bytes(), &mut encoder, &mut batcher).unwrap();
        for batch in batcher.finish_page() {
            let body = sink.prepare(&batch);
            sink.post(&tables::OKTA, &body).await.unwrap();
        }
    }
    assert_eq!(fixture.workspace.reports(), []);
    fixture.workspace.table("Okta_CL").kept_rows()
}

#[tokio::test]
async fn for_events_that_others_have_published() {
    let mut pages = Vec::new();
    // One a page, so that no event's values decide another's columns by being first in a post.
    if let Some(lines) = shared_text("data/okta-events/panther-analysis-okta-events.ndjson") {
        pages.extend(lines.lines().map(|event| format!("[{event}]")));
    }
    if let Some(events) = shared_text("data/ms-mock-events-device-registration.json") {
        pages.push(events);
    }
    let collector = rows_by(IngestionApi::DataCollector, &pages).await;
    let rule = rows_by(IngestionApi::LogsIngestion, &pages).await;
    assert_eq!(collector.len(), rule.len());
    for (collector, rule) in collector.iter().zip(&rule) {
        assert_alike(collector, rule);
    }
}

#[tokio::test]
async fn for_a_whole_log_shipped_by_each() {
    let org = OrgConfig {
        events: 3_000,
        ..OrgConfig::default()
    };
    let by_collector =
        Fixture::start_with_workspace(roomy(), IngestionApi::DataCollector, org).await;
    let by_rule =
        Fixture::start_with_workspace(roomy(), IngestionApi::LogsIngestion, OrgConfig::default())
            .await;
    let same_org = [("OKTA_DOMAIN", by_collector.org.url())];
    for shipper in [by_collector.shipper(), by_rule.shipper_with(&same_org)] {
        let report = run(&shipper).await;
        assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
        assert_eq!(report.events, 3_000);
    }
    let mut collector = by_collector.workspace.table("Okta_CL").kept_rows();
    let mut rule = by_rule.workspace.table("Okta_CL").kept_rows();
    // The calls of a page are posted side by side.
    for rows in [&mut collector, &mut rule] {
        rows.sort_by_key(|row| row["uuid_g"].as_str().map(str::to_owned));
    }
    assert_eq!((collector.len(), rule.len()), (3_000, 3_000));
    assert_eq!(by_rule.workspace.reports(), []);
    for (collector, rule) in collector.iter().zip(&rule) {
        assert_eq!(collector["uuid_g"], rule["uuid_g"]);
        assert_alike(collector, rule);
    }
}
