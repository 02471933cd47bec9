//! Rows bring the columns of their table and no other.

use std::collections::BTreeSet;

use okta_rows::ColumnNaming;
use okta_rows::schema::COLUMNS;
use okta_rows::{Row, RowEncoder};
use okta_rows::{RowSink, encode_page};
use okta_sentinel::log_analytics::tables::{self, Table};
use okta_sentinel::ship::health;
use serde_json::{Map, Value, json};

use crate::support::fixture::Fixture;

#[derive(Default)]
struct Rows {
    buffer: Vec<u8>,
    names: BTreeSet<String>,
}

impl RowSink for Rows {
    fn buffer(&mut self) -> &mut Vec<u8> {
        self.buffer.clear();
        &mut self.buffer
    }

    fn row(&mut self, _: &Row<'_>) {
        self.names.extend(names(&self.buffer));
    }
}

fn names(row: &[u8]) -> impl Iterator<Item = String> {
    let row: Map<String, Value> = serde_json::from_slice(row).expect("a row is an object");
    row.into_iter().map(|(name, _)| name)
}

fn columns(table: &Table) -> BTreeSet<String> {
    table.described_columns().map(|(name, ..)| name).collect()
}

/// An event with a value at each place that the schema knows, and some at places it does not.
fn full_event() -> Value {
    let mut event = json!({ "unknown": 1, "debugContext": { "debugData": { "unknown": "x" } } });
    for column in COLUMNS.iter().filter(|column| !column.path.is_empty()) {
        let mut place = &mut event;
        for key in column.path.split('.') {
            place = &mut place[key];
        }
        *place = match column.kind.column_type() {
            "real" => json!(1),
            "boolean" => json!(true),
            "datetime" => json!("2026-11-21T12:00:00.000Z"),
            _ if column.path == "target" => json!([{ "id": "x".repeat(40_000) }, { "id": "y" }]),
            _ => json!("0f0c6a70-5a5b-4a3a-9c0d-0123456789ab"),
        };
    }
    event
}

#[test]
fn an_event_with_everything_fills_every_column_of_its_table_and_no_other() {
    let page = json!([full_event()]).to_string();
    let mut rows = Rows::default();
    let mut encoder = RowEncoder::new(ColumnNaming::Full, "acme.okta.com");
    encode_page(page.as_bytes(), &mut encoder, &mut rows).unwrap();
    assert_eq!(rows.names, columns(&tables::OKTA));
}

#[tokio::test]
async fn a_runs_row_brings_columns_of_its_table_alone() {
    let report = Fixture::with_events(5).await.run().await;
    let invocation = "0f0c6a70-5a5b-4a3a-9c0d-0123456789ab";
    let row = health::run_row(ColumnNaming::Full, &report, invocation);
    let names: BTreeSet<String> = names(row.as_bytes()).collect();
    let unknown: Vec<_> = names
        .difference(&columns(&tables::CONNECTOR_HEALTH))
        .cloned()
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(names.contains("invocationId_g") && names.contains(tables::TIME_GENERATED));
}
