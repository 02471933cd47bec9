use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::*;

const ONE: &str = "0e2d1f4c-0000-4000-8000-000000000001";
const TWO: &str = "0e2d1f4c-0000-4000-8000-000000000002";

async fn started() -> Workspace {
    Workspace::start(Config::default()).await.unwrap()
}

fn signed(workspace: &Workspace, body: &[u8]) -> RequestBuilder {
    let date = Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let key = BASE64.decode(workspace.key()).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    let signed = format!(
        "POST\n{}\napplication/json\nx-ms-date:{date}\n/api/logs",
        body.len()
    );
    mac.update(signed.as_bytes());
    let signature = BASE64.encode(mac.finalize().into_bytes());
    reqwest::Client::new()
        .post(workspace.logs_url())
        .header(
            "Authorization",
            format!("SharedKey {}:{signature}", workspace.id()),
        )
        .header("Content-Type", "application/json")
        .header("Log-Type", "Okta")
        .header("x-ms-date", date)
        .header("time-generated-field", "published")
        .body(body.to_vec())
}

fn rows(ids: &[&str]) -> Vec<u8> {
    let now = Utc::now().to_rfc3339();
    let rows: Vec<Value> = ids
        .iter()
        .map(|id| json!({ "uuid": id, "published": now, "n": 1 }))
        .collect();
    serde_json::to_vec(&rows).unwrap()
}

/// The status of an answer and the code in its body.
async fn told(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
    (
        status,
        body["Error"].as_str().unwrap_or_default().to_owned(),
    )
}

async fn post(workspace: &Workspace, ids: &[&str]) -> u16 {
    told(signed(workspace, &rows(ids))).await.0
}

#[tokio::test]
async fn an_accepted_post_is_rows_under_final_names() {
    let workspace = started().await;
    assert_eq!(post(&workspace, &[ONE, TWO]).await, 200);
    assert_eq!(post(&workspace, &[TWO]).await, 200);
    workspace.wait_for_rows("Okta_CL", 3).await;
    let table = workspace.table("Okta_CL");
    assert_eq!(
        (table.rows(), table.distinct_ids(), table.rewritten_times()),
        (3, 2, 0)
    );
    assert_eq!(
        table.repeated_ids().into_iter().collect::<Vec<_>>(),
        [(EventId::from(TWO), 2)]
    );
    assert_eq!(table.times_seen(ONE), 1);
    assert_eq!(table.kept_rows()[0]["uuid_g"], ONE);
    assert_eq!(table.columns()["n_d"], ColumnType::Number);
    assert_eq!(workspace.tables(), ["Okta_CL"]);
    let posts = workspace.posts();
    assert_eq!(
        (posts[0].rows, posts[0].status, posts[0].stored),
        (2, Some(200), true)
    );
    assert_eq!(*posts[1].ids, [EventId::from(TWO)]);
}

#[tokio::test]
async fn wrong_headers_are_refused_with_the_services_codes() {
    let workspace = started().await;
    let body = rows(&[ONE]);
    let with = |name: &'static str, value: &'static str| {
        let mut request = signed(&workspace, &body).build().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        if value.is_empty() {
            request.headers_mut().remove(name);
        }
        RequestBuilder::from_parts(reqwest::Client::new(), request)
    };
    let cases = [
        (
            "content-type",
            "application/json; charset=utf-8",
            400,
            "UnsupportedContentType",
        ),
        ("content-type", "", 400, "MissingContentType"),
        ("log-type", "", 400, "MissingLogType"),
        ("log-type", "Okta-Log", 400, "InvalidLogType"),
        ("content-encoding", "gzip", 403, "InvalidAuthorization"),
        ("x-ms-date", "", 403, "InvalidAuthorization"),
        (
            "x-ms-date",
            "Sat, 21 Nov 2020 12:00:00 GMT",
            403,
            "InvalidAuthorization",
        ),
        ("authorization", "", 403, "InvalidAuthorization"),
        (
            "authorization",
            "SharedKey nobody:AAAA",
            400,
            "InvalidCustomerId",
        ),
    ];
    for (name, value, status, code) in cases {
        assert_eq!(
            told(with(name, value)).await,
            (status, code.to_owned()),
            "{name}: {value}"
        );
    }
    assert_eq!(workspace.table("Okta_CL").rows(), 0);
    assert_eq!(workspace.posts().len(), cases.len());
}

#[tokio::test]
async fn only_the_documented_address_and_version_are_served() {
    let workspace = started().await;
    let client = reqwest::Client::new();
    let cases = [
        ("/api/logs", 400, "MissingApiVersion"),
        ("/api/logs?api-version=2020-08-01", 400, "InvalidApiVersion"),
        ("/api/log?api-version=2016-04-01", 404, "NotFound"),
    ];
    for (path, status, code) in cases {
        let request = client.post(format!("{}{path}", workspace.uri())).body("[]");
        assert_eq!(told(request).await, (status, code.to_owned()), "{path}");
    }
    assert_eq!(told(client.get(workspace.logs_url())).await.0, 405);
}

#[tokio::test]
async fn a_changed_body_does_not_match_its_signature() {
    let workspace = started().await;
    let request = signed(&workspace, &rows(&[ONE])).body(rows(&[ONE, TWO]));
    assert_eq!(
        told(request).await,
        (403, "InvalidAuthorization".to_owned())
    );
}

#[tokio::test]
async fn a_body_over_thirty_megabytes_is_not_found() {
    let workspace = started().await;
    let large = format!("[{{\"a\":\"{}\"}}]", "x".repeat(30_000_000));
    assert_eq!(told(signed(&workspace, large.as_bytes())).await.0, 404);
    workspace.faults().refuse_larger_than(10);
    assert_eq!(post(&workspace, &[ONE]).await, 404);
    workspace.faults().clear();
    assert_eq!(post(&workspace, &[ONE]).await, 200);
}

#[tokio::test]
async fn one_bad_row_refuses_the_whole_post_and_changes_no_column() {
    let workspace = started().await;
    let columns = || {
        workspace
            .table("Okta_CL")
            .columns()
            .into_keys()
            .collect::<Vec<_>>()
    };
    let send = async |body: &[u8]| told(signed(&workspace, body)).await;
    assert_eq!(send(b"[{\"old\":1}]").await.0, 200);
    let refused = send(b"[{\"good\":1},{\"not-good\":1}]").await;
    assert_eq!(refused, (400, "InvalidDataFormat".to_owned()));
    assert_eq!(send(b"[{\"a\":\"\xff\"}]").await.0, 400);
    assert_eq!(columns(), ["old_d"]);
    assert_eq!(
        send(b"[{\"old\":\"2\",\"good\":\"now a text\"}]").await.0,
        200
    );
    assert_eq!(columns(), ["good_s", "old_d"]);
    assert_eq!(workspace.table("Okta_CL").rows(), 2);
}

#[tokio::test]
async fn a_time_that_is_too_old_or_too_new_becomes_the_time_of_receipt() {
    let workspace = started().await;
    let now = Utc::now();
    let at = |offset: TimeDelta| json!({ "published": (now + offset).to_rfc3339() });
    let minute = TimeDelta::minutes(1);
    let body = json!([
        at(-TimeDelta::days(2) + minute),
        at(-TimeDelta::days(2) - minute),
        at(TimeDelta::days(1) - minute),
        at(TimeDelta::days(1) + minute),
        { "published": "yesterday" },
        { "published": null },
    ]);
    assert_eq!(
        told(signed(&workspace, body.to_string().as_bytes()))
            .await
            .0,
        200
    );
    let table = workspace.table("Okta_CL");
    assert_eq!(table.rewritten_times(), 4);
    let kept = table.kept_rows();
    assert_eq!(kept[0]["TimeGenerated"], kept[0]["published_t"]);
    assert_ne!(kept[1]["TimeGenerated"], kept[1]["published_t"]);
}

#[tokio::test]
async fn scripted_answers_come_in_order_and_store_nothing() {
    let workspace = started().await;
    let faults = workspace.faults();
    faults.push(Fault::throttled(Some(7)));
    faults.push_n(&Fault::unavailable(), 2);
    let throttled = signed(&workspace, &rows(&[ONE])).send().await.unwrap();
    assert_eq!(throttled.status().as_u16(), 429);
    assert_eq!(throttled.headers()["retry-after"], "7");
    assert_eq!(post(&workspace, &[ONE]).await, 503);
    assert_eq!(post(&workspace, &[ONE]).await, 503);
    assert_eq!(workspace.table("Okta_CL").rows(), 0);
    assert_eq!(post(&workspace, &[ONE]).await, 200);
    faults.always(Fault::unauthorized());
    assert_eq!(post(&workspace, &[ONE]).await, 403);
    assert_eq!(post(&workspace, &[ONE]).await, 403);
    faults.clear();
    assert_eq!(post(&workspace, &[ONE]).await, 200);
}

#[tokio::test]
async fn a_wrong_post_does_not_use_up_a_fault() {
    let workspace = started().await;
    workspace.faults().push(Fault::unavailable());
    let wrong = signed(&workspace, &rows(&[ONE])).body(rows(&[ONE, TWO]));
    assert_eq!(told(wrong).await.0, 403);
    assert_eq!(post(&workspace, &[ONE]).await, 503);
}

#[tokio::test]
async fn a_poisoned_row_refuses_every_batch_it_is_in() {
    let workspace = started().await;
    workspace.faults().poison(TWO);
    assert_eq!(post(&workspace, &[ONE, TWO]).await, 400);
    assert_eq!(post(&workspace, &[TWO]).await, 400);
    assert_eq!(post(&workspace, &[ONE]).await, 200);
    assert_eq!(workspace.table("Okta_CL").distinct_ids(), 1);
}

#[tokio::test]
async fn resets_lose_the_answer_with_and_without_the_rows() {
    let workspace = started().await;
    workspace.faults().push(Fault::ResetBeforeBodyRead);
    assert!(signed(&workspace, &rows(&[ONE])).send().await.is_err());
    assert_eq!(workspace.table("Okta_CL").rows(), 0);
    workspace.faults().push(Fault::ResetAfterAccept);
    assert!(signed(&workspace, &rows(&[ONE])).send().await.is_err());
    assert_eq!(workspace.table("Okta_CL").rows(), 1);
    let posts = workspace.posts();
    assert_eq!((posts[1].stored, posts[1].status), (true, None));
}

#[tokio::test]
async fn a_stalled_post_waits_for_its_release() {
    let workspace = started().await;
    for (fault, rows_meanwhile) in [(Fault::Stall, 0), (Fault::AcceptThenStall, 2)] {
        workspace.faults().push(fault);
        let answer = tokio::spawn(signed(&workspace, &rows(&[ONE])).send());
        workspace.faults().wait_for_stalled(1).await;
        assert_eq!(workspace.table("Okta_CL").rows(), rows_meanwhile);
        workspace.faults().release();
        assert_eq!(answer.await.unwrap().unwrap().status(), 200);
    }
    assert!(
        workspace
            .posts()
            .iter()
            .all(|post| post.status == Some(200))
    );
}

#[tokio::test]
async fn a_slow_answer_comes_after_its_delay() {
    let workspace = started().await;
    workspace
        .faults()
        .push(Fault::SlowAnswer(Duration::from_millis(80)));
    let begun = std::time::Instant::now();
    assert_eq!(post(&workspace, &[ONE]).await, 200);
    assert!(begun.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn a_dropped_workspace_is_gone_and_cuts_what_it_held() {
    let workspace = started().await;
    workspace.faults().push(Fault::Stall);
    let held = tokio::spawn(signed(&workspace, &rows(&[ONE])).send());
    workspace.faults().wait_for_stalled(1).await;
    let late = signed(&workspace, &rows(&[ONE]));
    drop(workspace);
    assert!(held.await.unwrap().is_err());
    assert!(late.send().await.is_err());
}

#[tokio::test]
async fn counting_ids_only_still_refuses_what_is_wrong() {
    let config = Config {
        detail: Detail::IdsOnly,
        ..Config::default()
    };
    let workspace = Workspace::start(config).await.unwrap();
    assert_eq!(post(&workspace, &[ONE, TWO, TWO]).await, 200);
    assert_eq!(workspace.table("Okta_CL").distinct_ids(), 2);
    assert_eq!(told(signed(&workspace, b"[{\"a-b\":1}]")).await.0, 400);
    assert_eq!(told(signed(&workspace, b"[{\"ab\":[1}]")).await.0, 400);
    assert_eq!(workspace.table("Okta_CL").rows(), 3);
}

#[tokio::test]
async fn rows_are_written_to_a_folder_for_people() {
    let folder = std::env::temp_dir().join(format!("workspace-{}", std::process::id()));
    let config = Config {
        output_dir: Some(folder.clone()),
        ..Config::default()
    };
    let workspace = Workspace::start(config).await.unwrap();
    assert_eq!(post(&workspace, &[ONE, TWO]).await, 200);
    let written = tokio::fs::read_to_string(folder.join("Okta_CL.ndjson"))
        .await
        .unwrap();
    tokio::fs::remove_dir_all(&folder).await.unwrap();
    let lines: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["uuid_g"], TWO);
    assert_eq!(lines[1]["TimeGenerated"], lines[1]["published_t"]);
}
