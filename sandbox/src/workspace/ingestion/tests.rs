use std::collections::BTreeMap;
use std::io::Write as _;

use chrono::{TimeDelta, Utc};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::workspace::{ColumnType, Config, Report, RuleConfig, StreamType, Workspace};

const STREAM: &str = "Custom-Okta_CL";
const ONE: &str = "0e2d1f4c-0000-4000-8000-000000000001";

async fn started() -> Workspace {
    let columns = [
        ("TimeGenerated", StreamType::Datetime),
        ("uuid_g", StreamType::String),
        ("text_s", StreamType::String),
        ("n_d", StreamType::Real),
        ("yes_b", StreamType::Boolean),
        ("at_t", StreamType::Datetime),
    ];
    let columns = columns.map(|(name, kind)| (name.to_owned(), kind));
    let rule = RuleConfig {
        streams: BTreeMap::from([(STREAM.to_owned(), columns.into())]),
        ..RuleConfig::default()
    };
    let config = Config {
        rule,
        ..Config::default()
    };
    Workspace::start(config).await.unwrap()
}

fn token(workspace: &Workspace) -> String {
    let issued = workspace
        .identity()
        .issue("https://monitor.azure.com", None, Utc::now());
    issued.unwrap().0
}

fn call(workspace: &Workspace, path: &str, token: &str, body: Vec<u8>) -> RequestBuilder {
    reqwest::Client::new()
        .post(format!("{}{path}", workspace.uri()))
        .bearer_auth(token)
        .header("Content-Type", "application/json")
        .body(body)
}

fn path(workspace: &Workspace, stream: &str) -> String {
    let rule = workspace.rule_id();
    format!("/dataCollectionRules/{rule}/streams/{stream}?api-version=2023-01-01")
}

fn post(workspace: &Workspace, body: &Value) -> RequestBuilder {
    let body = serde_json::to_vec(body).unwrap();
    call(workspace, &path(workspace, STREAM), &token(workspace), body)
}

/// The status of an answer, the code in its header, and the message.
async fn told(request: RequestBuilder) -> (u16, String, String) {
    let answer = request.send().await.unwrap();
    let code = answer.headers().get("x-ms-error-code");
    let code = code.map_or("", |code| code.to_str().unwrap()).to_owned();
    let status = answer.status().as_u16();
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
    let message = body["error"]["message"].as_str().unwrap_or_default();
    (status, code, message.to_owned())
}

#[tokio::test]
async fn rows_end_under_the_names_that_were_declared() {
    let workspace = started().await;
    let now = Utc::now().to_rfc3339();
    let row = json!({ "TimeGenerated": now, "uuid_g": ONE, "text_s": "a", "n_d": 1, "yes_b": true, "at_t": now });
    assert_eq!(told(post(&workspace, &json!([row]))).await.0, 204);
    let table = workspace.table("Okta_CL");
    assert_eq!((table.rows(), table.times_seen(ONE)), (1, 1));
    assert_eq!(table.columns()["uuid_g"], ColumnType::Guid);
    assert_eq!(table.columns().len(), 5);
    let kept = table.kept_rows().remove(0);
    assert_eq!(kept["TimeGenerated"], kept["at_t"]);
    assert_eq!((&kept["n_d"], &kept["uuid_g"]), (&json!(1), &json!(ONE)));
    assert_eq!(workspace.reports(), []);
}

#[tokio::test]
async fn what_the_service_would_drop_or_cut_in_silence_is_reported() {
    let workspace = started().await;
    let long = "x".repeat(70_000);
    let row =
        json!({ "uuid": ONE, "n_d": "1", "yes_b": "true", "at_t": "yesterday", "text_s": long });
    assert_eq!(told(post(&workspace, &json!([row]))).await.0, 204);
    let stream = || STREAM.to_owned();
    let wrong = |column: &str, value: &str| Report::WrongType {
        stream: stream(),
        column: column.to_owned(),
        value: value.to_owned(),
    };
    let due = [
        Report::UnknownColumn {
            stream: stream(),
            column: "uuid".to_owned(),
        },
        wrong("at_t", "\"yesterday\""),
        wrong("n_d", "\"1\""),
        wrong("yes_b", "\"true\""),
        Report::CutValue {
            stream: stream(),
            column: "text_s".to_owned(),
        },
    ];
    assert_eq!(workspace.reports(), due);
    assert_eq!(workspace.table("Okta_CL").columns().len(), 1);

    let rows: Vec<Value> = (0..20)
        .map(|_| json!({ "text_s": "y".repeat(60_000) }))
        .collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&serde_json::to_vec(&rows).unwrap()).unwrap();
    let body = gzip.finish().unwrap();
    let request = call(
        &workspace,
        &path(&workspace, STREAM),
        &token(&workspace),
        body,
    );
    assert_eq!(
        told(request.header("Content-Encoding", "gzip")).await.0,
        204
    );
    let large =
        |report: &Report| matches!(report, Report::LargeBody { bytes, .. } if *bytes > 1_000_000);
    assert_eq!(
        workspace
            .reports()
            .iter()
            .filter(|report| large(report))
            .count(),
        1
    );
}

#[tokio::test]
async fn an_empty_array_is_taken_and_anything_else_than_an_array_of_objects_is_not() {
    let workspace = started().await;
    assert_eq!(told(post(&workspace, &json!([]))).await.0, 204);
    for body in [json!({}), json!([1]), json!("a"), json!(null)] {
        assert_eq!(told(post(&workspace, &body)).await.0, 400, "{body}");
    }
    assert_eq!(workspace.tables(), [""; 0]);
    let not_gzip = post(&workspace, &json!([{}])).header("Content-Encoding", "gzip");
    assert_eq!(told(not_gzip).await.0, 400);
}

#[tokio::test]
async fn a_body_over_the_limit_on_the_wire_is_refused_in_the_services_words() {
    let workspace = started().await;
    let row = json!({ "text_s": "x".repeat(1_068_792 - 15) });
    let (status, code, message) = told(post(&workspace, &json!([row]))).await;
    assert_eq!((status, code.as_str()), (413, "ContentLengthLimitExceeded"));
    assert_eq!(
        message,
        "Maximum allowed content length: 1048576 bytes (1 MB). Provided content length: 1068792 bytes."
    );
}

#[tokio::test]
async fn a_wrong_rule_a_wrong_stream_and_a_role_not_granted_differ() {
    let workspace = started().await;
    let at = |path: &str| call(&workspace, path, &token(&workspace), b"[]".to_vec());
    let other = "/dataCollectionRules/dcr-1/streams/Custom-Okta_CL?api-version=2023-01-01";
    assert_eq!(told(at(other)).await.0, 404);
    let (status, code, _) = told(at(&path(&workspace, "Custom-Other_CL"))).await;
    assert_eq!((status, code.as_str()), (400, "InvalidStream"));
    let old = path(&workspace, STREAM).replace("2023", "2020");
    assert_eq!(told(at(&old)).await.1, "InvalidApiVersion");
    workspace.grant(false);
    let (status, code, message) = told(at(&path(&workspace, STREAM))).await;
    assert_eq!((status, code.as_str()), (403, "OperationFailed"));
    assert!(message.contains("AccessGranted: False"), "{message}");
}

#[tokio::test]
async fn only_a_token_for_this_audience_that_lives_is_taken() {
    let workspace = started().await;
    let identity = workspace.identity();
    let status = async |token: &str| {
        told(call(
            &workspace,
            &path(&workspace, STREAM),
            token,
            b"[]".to_vec(),
        ))
        .await
        .0
    };
    assert_eq!(status("").await, 401);
    assert_eq!(status("made-up").await, 401);
    let (other, _) = identity
        .issue("https://storage.azure.com", None, Utc::now())
        .unwrap();
    assert_eq!(status(&other).await, 401);
    let good = token(&workspace);
    assert_eq!(status(&good).await, 204);
    identity.revoke_tokens();
    assert_eq!(status(&good).await, 401);
    identity.set_life(TimeDelta::seconds(-1));
    assert_eq!(status(&token(&workspace)).await, 401);
}

#[tokio::test]
async fn tokens_are_given_as_app_service_gives_them() {
    let workspace = started().await;
    let identity = workspace.identity();
    let ask = async |query: &str, secret: &str| {
        let request = reqwest::Client::new()
            .get(format!("{}?{query}", workspace.identity_endpoint()))
            .header("X-IDENTITY-HEADER", secret);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.bytes().await.unwrap();
        let json: Value = serde_json::from_slice(&body).unwrap_or_default();
        (status, json)
    };
    let good = "api-version=2019-08-01&resource=https://monitor.azure.com";
    let (status, body) = ask(good, identity.header()).await;
    assert_eq!((status, &body["token_type"]), (200, &json!("Bearer")));
    let end: i64 = body["expires_on"].as_str().unwrap().parse().unwrap();
    assert!(end > Utc::now().timestamp());
    let own = format!("{good}&client_id={}", identity.client_id());
    assert_eq!(ask(&own, identity.header()).await.0, 200);
    assert_eq!(
        ask(&format!("{good}&client_id=other"), identity.header())
            .await
            .0,
        400
    );
    assert_eq!(ask(good, "another secret").await.0, 401);
    assert_eq!(
        ask("resource=https://monitor.azure.com", identity.header())
            .await
            .0,
        400
    );
    let asked: Vec<u16> = identity
        .requests()
        .iter()
        .map(|request| request.status)
        .collect();
    assert_eq!(asked, [200, 200, 400]);
}
