//! The columns that the table ends with are those of Microsoft's connector, and ours beside them.

use std::collections::{BTreeMap, BTreeSet};

use okta_rows::RowEncoder;
use okta_rows::encode_page;
use okta_rows::schema::{COLUMNS, Column, Kind, Origin};
use okta_sentinel::log_analytics::batcher::Batcher;
use okta_sentinel::log_analytics::buffer_pool::BufferPool;
use okta_sentinel::log_analytics::data_collector::workspace::{LogAnalyticsUri, WorkspaceId};
use okta_sentinel::log_analytics::data_collector::{self, DataCollector};
use okta_sentinel::log_analytics::sink::Sink as _;
use okta_sentinel::log_analytics::tables;
use sandbox::workspace::{ColumnType, Config, Workspace};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{HOST, made};
use crate::support::shared_data::shared_text;
use okta_rows::ColumnNaming;

/// What Microsoft's connector fills, under the names that detections query.
const CLASSIC: [&str; 64] = [
    "actor_alternateId_s",
    "actor_displayName_s",
    "actor_id_s",
    "actor_type_s",
    "authenticationContext_authenticationProvider_s",
    "authenticationContext_authenticationStep_d",
    "authenticationContext_credentialProvider_s",
    "authenticationContext_credentialType_s",
    "authenticationContext_externalSessionId_s",
    "client_device_s",
    "client_geographicalContext_city_s",
    "client_geographicalContext_country_s",
    "client_geographicalContext_geolocation_lat_d",
    "client_geographicalContext_geolocation_lon_d",
    "client_geographicalContext_postalCode_s",
    "client_geographicalContext_state_s",
    "client_ipAddress_s",
    "client_userAgent_browser_s",
    "client_userAgent_os_s",
    "client_userAgent_rawUserAgent_s",
    "client_zone_s",
    "debugContext_debugData_appname_s",
    "debugContext_debugData_attributesAdded_s",
    "debugContext_debugData_attributesDeleted_s",
    "debugContext_debugData_attributesModified_s",
    "debugContext_debugData_authnRequestId_s",
    "debugContext_debugData_countryCallingCode_s",
    "debugContext_debugData_detailedmessage_s",
    "debugContext_debugData_deviceFingerprint_g",
    "debugContext_debugData_factor_s",
    "debugContext_debugData_groupAppAssignmentId_s",
    "debugContext_debugData_importLastToken_s",
    "debugContext_debugData_importTrigger_s",
    "debugContext_debugData_importType_s",
    "debugContext_debugData_initiationType_s",
    "debugContext_debugData_jobId_s",
    "debugContext_debugData_logOnlySecurityData_s",
    "debugContext_debugData_loginResult_s",
    "debugContext_debugData_requestId_s",
    "debugContext_debugData_requestUri_s",
    "debugContext_debugData_signOnMode_s",
    "debugContext_debugData_smsProvider_s",
    "debugContext_debugData_threatDetections_s",
    "debugContext_debugData_threatSuspected_s",
    "debugContext_debugData_transactionId_g",
    "debugContext_debugData_url_s",
    "displayMessage_s",
    "eventType_s",
    "legacyEventType_s",
    "outcome_reason_s",
    "outcome_result_s",
    "published_t",
    "request_ipChain_s",
    "securityContext_asNumber_d",
    "securityContext_asOrg_s",
    "securityContext_domain_s",
    "securityContext_isProxy_b",
    "securityContext_isp_s",
    "severity_s",
    "target_s",
    "transaction_id_s",
    "transaction_type_s",
    "uuid_g",
    "version_s",
];

/// What every table has of the service's own.
const STANDARD: [&str; 9] = [
    "TenantId",
    "SourceSystem",
    "MG",
    "ManagementGroupName",
    "TimeGenerated",
    "Computer",
    "RawData",
    "Type",
    "_ResourceId",
];

#[test]
fn the_classic_columns_are_those_of_microsofts_connector() {
    let classic = COLUMNS
        .iter()
        .filter(|column| column.origin == Origin::Classic);
    let names: BTreeSet<String> = classic.map(Column::classic_name).collect();
    assert_eq!(names, CLASSIC.into_iter().map(str::to_owned).collect());
}

#[test]
fn the_classic_columns_have_the_types_of_microsofts_capture() {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Capture {
        properties: Vec<Property>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Property {
        name: String,
        r#type: String,
    }
    let Some(capture) = shared_text("data/okta_cl-columns.json") else {
        return;
    };
    let capture: Capture = serde_json::from_str(&capture).unwrap();
    let theirs: BTreeMap<String, String> = capture
        .properties
        .into_iter()
        .filter(|property| !STANDARD.contains(&property.name.as_str()))
        .map(|property| (property.name, property.r#type))
        .collect();
    let ours: BTreeMap<String, String> = COLUMNS
        .iter()
        .filter(|column| column.origin == Origin::Classic)
        .map(|column| {
            let kind = match column.kind {
                Kind::Text | Kind::Guid => "String",
                Kind::Number => "Double",
                Kind::Flag => "Boolean",
                Kind::Time => "DateTime",
            };
            (column.classic_name(), kind.to_owned())
        })
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn no_name_is_too_long_reserved_or_mistaken_for_another() {
    let mut names = BTreeSet::new();
    for column in COLUMNS {
        assert!(column.name().len() <= 45, "{}", column.name());
        assert!(column.key().len() <= 45, "{}", column.key());
        assert!(!["tenant", "TimeGenerated", "RawData"].contains(&column.key().as_str()));
        assert!(
            column
                .name()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        );
        assert!(
            names.insert(column.name().to_ascii_lowercase()),
            "{} twice",
            column.name()
        );
        let renamed = column.name() != column.classic_name();
        assert_eq!(
            renamed,
            column.classic_name().len() > 45,
            "{}",
            column.name()
        );
    }
}

/// An event with a value for every column, the catch-alls included, and one value too long.
fn full_event(published: &str) -> String {
    let mut event =
        json!({"news": {"of": "tomorrow"}, "debugContext": {"debugData": {"news": "n"}}});
    for column in COLUMNS.iter().filter(|column| !column.path.is_empty()) {
        let place = column
            .path
            .split('.')
            .fold(&mut event, |place, key| &mut place[key]);
        *place = match (column.kind, column.path) {
            (_, "target") => json!([{"id": "00u1", "type": "User", "changeDetails": null}]),
            (_, "transaction.detail") => json!({"requestApiTokenId": "00T1"}),
            (_, "displayMessage") => Value::from("m".repeat(32_007)),
            (Kind::Text, path) => Value::from(format!("text of {path}")),
            (Kind::Number, _) => json!(-12.5),
            (Kind::Flag, _) => json!(true),
            (Kind::Time, _) => Value::from(published),
            (Kind::Guid, _) => json!("2a992f80-d1ad-4f62-900e-8c68bb72a21b"),
        };
    }
    event.to_string()
}

#[tokio::test]
async fn a_workspace_ends_with_every_column_in_its_type() {
    let workspace = Workspace::start(Config::default()).await.unwrap();
    let id: WorkspaceId = workspace.id().parse().unwrap();
    let collector = DataCollector::new(
        reqwest::Client::new(),
        data_collector::workspace::Workspace {
            uri: LogAnalyticsUri::read(&workspace.uri(), &id).unwrap(),
            id,
            key: workspace.key().parse().unwrap(),
            log_type: "Okta".parse().unwrap(),
        },
    );
    let published = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let page = format!("[{}]", full_event(&published));
    let mut batcher = Batcher::new(collector.limits(), BufferPool::default());
    encode_page(
        page.as_bytes(),
        &mut RowEncoder::new(collector.column_naming(), HOST),
        &mut batcher,
    )
    .unwrap();
    for batch in batcher.finish_page() {
        let body = collector.prepare(&batch);
        collector.post(&tables::OKTA, &body).await.unwrap();
    }

    let table = workspace.table("Okta_CL");
    let expected: BTreeMap<String, ColumnType> = COLUMNS
        .iter()
        .map(|column| {
            let kind = match column.kind {
                Kind::Text => ColumnType::Text,
                Kind::Number => ColumnType::Number,
                Kind::Flag => ColumnType::Boolean,
                Kind::Time => ColumnType::Time,
                Kind::Guid => ColumnType::Guid,
            };
            (column.classic_name(), kind)
        })
        .collect();
    assert_eq!(table.columns(), expected);
    assert_eq!(
        (table.rows(), table.cut_values(), table.rewritten_times()),
        (1, 0, 0)
    );

    let row = table.kept_rows().remove(0);
    assert_eq!(row["truncated_d"], json!(7));
    assert_eq!(row["domain_s"], json!(HOST));
    assert_eq!(
        row["target_s"],
        json!(r#"[{"changeDetails":null,"id":"00u1","type":"User"}]"#)
    );
    assert_eq!(row["debugContext_debugData_s"], json!(r#"{"news":"n"}"#));
    assert_eq!(
        row["additionalFields_s"],
        json!(r#"{"news":{"of":"tomorrow"}}"#)
    );

    // Logs Ingestion is sent the names that the service gives by the other API.
    let named = made(&full_event(&published), ColumnNaming::Full).row();
    for column in COLUMNS {
        let (one, other) = (&row[&column.classic_name()], &named[&column.name()]);
        assert!(
            one == other || one.as_f64() == other.as_f64() && one.is_number(),
            "{}: {one} {other}",
            column.name()
        );
    }
    assert_eq!(
        named.len(),
        COLUMNS.len() + 1,
        "TimeGenerated and nothing else besides"
    );
}
