//! What the parsers read out of rows.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::content;
use super::engine::{self, Job};

/// Rows of tables, through a query, by one run that sees them all.
pub(super) fn asked(query: &str, rows: Value) -> Vec<Map<String, Value>> {
    let mut rows: BTreeMap<String, Vec<Map<String, Value>>> =
        serde_json::from_value(rows).expect("rows by table");
    for row in rows.values_mut().flatten() {
        for name in ["TimeGenerated", "_IngestionTime"] {
            row.entry(name)
                .or_insert_with(|| "2026-11-18T08:00:00.000Z".into());
        }
    }
    let played = engine::run(&[Job {
        name: query.to_owned(),
        query: query.to_owned(),
        period: 3600,
        ticks: vec!["2026-11-18T08:05:00.000Z".into()],
        watchlists: BTreeMap::new(),
        rows,
    }]);
    assert_eq!(played[0].error, None, "{query}");
    played
        .into_iter()
        .flat_map(|played| played.runs)
        .flat_map(|run| run.rows)
        .collect()
}

#[test]
fn both_connectors_tables_read_alike() {
    let told = asked(
        "OktaEvents | sort by uuid_g asc | project uuid_g, eventType_s, actor_alternateId_s, AccountName, \
         client_ipAddress_s, TargetUserLogin, RiskLevel, debugContext_debugData_factor_s",
        json!({
            "Okta_CL": [{"uuid_g": "1", "eventType_s": "user.session.start",
                "actor_alternateId_s": "anna@acme.example", "client_ipAddress_s": "192.0.2.1",
                "target_s": "[{\"type\":\"AppInstance\",\"id\":\"0\"},{\"type\":\"User\",\"alternateId\":\"ben@acme.example\"}]",
                "debugContext_debugData_factor_s": "OKTA_VERIFY_PUSH",
                "debugContext_debugData_s": "{\"risk\":\"{level=HIGH}\"}"}],
            "OktaV2_CL": [{"EventOriginalUid": "2", "EventOriginalType": "user.session.start",
                "OriginalActorAlternateId": "anna@acme.example", "SrcIpAddr": "192.0.2.1",
                "OriginalTarget": [{"type": "User", "alternateId": "ben@acme.example"}],
                "DebugData": {"factor": "OKTA_VERIFY_PUSH", "risk": "{level=HIGH}"}}],
        }),
    );
    assert_eq!(told.len(), 2);
    for (name, value) in &told[0] {
        assert!(
            name == "uuid_g" || told[1].get(name) == Some(value),
            "{name}: {told:?}"
        );
    }
    assert_eq!(told[0]["TargetUserLogin"], "ben@acme.example");
    assert_eq!(told[0]["RiskLevel"], "HIGH");
}

#[test]
fn what_okta_left_out_is_no_address_and_an_old_event_is_a_backfill() {
    let told = asked(
        "OktaEvents | sort by EventTime asc | project EventTime, IsBackfill, client_ipAddress_s",
        json!({"Okta_CL": [
            {"published_t": "2026-11-10T08:00:00.000Z", "client_ipAddress_s": "null"},
            {"published_t": "2026-11-18T07:59:00.000Z", "client_ipAddress_s": "192.0.2.1"},
        ]}),
    );
    assert_eq!(told[0]["IsBackfill"], true);
    assert_eq!(told[0]["EventTime"], "2026-11-10 08:00:00");
    assert_eq!(told[0]["client_ipAddress_s"], "");
    assert_eq!(told[1]["IsBackfill"], false);
}

#[test]
fn a_sign_in_is_normalized() {
    let parsers = content::parsers();
    let asim = parsers
        .iter()
        .find(|parser| parser.yaml.get("ParserQuery").is_some());
    let query = format!(
        "let disabled = false;\n{}",
        asim.expect("a parser").text("ParserQuery")
    );
    let told = asked(
        &query,
        json!({"Okta_CL": [
            {"eventType_s": "user.session.start", "outcome_result_s": "FAILURE", "outcome_reason_s": "LOCKED_OUT",
                "actor_alternateId_s": "anna@acme.example", "actor_type_s": "User"},
            {"eventType_s": "group.lifecycle.create", "outcome_result_s": "SUCCESS"},
        ]}),
    );
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["EventResult"], "Failure");
    assert_eq!(told[0]["EventResultDetails"], "User locked");
    assert_eq!(told[0]["TargetUsername"], "anna@acme.example");
    assert_eq!(told[0]["EventType"], "Logon");
}
