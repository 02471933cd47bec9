//! Whatever a peer says is shown as one clean line: no terminal escape, no line that looks like one
//! of the program's own, no character that turns or hides text, and not too much of it. What the
//! program was sent to keep secret is left out, also where a peer says it.

use serde_json::Value;

use crate::support::fixture::{Fixture, IngestionApi};
use crate::support::program::{TIMER, changed, host, program, run_ended, run_to_end, with_timeout};
use crate::support::raw_peer::{RawPeer, answer};

/// Escapes of 7 and 8 bits, a forged line, text turned round, and letters that take no room.
const HOSTILE: &str = "no\u{1b}[2J\u{1b}]0;title\u{7} \u{9b}31m\r\nerror: forged\nshipped 9 events\
    \u{202e}desrever\u{2066}\u{200b}\u{feff}\u{2028}forged\u{85}forged\u{0}\u{7f}\u{e0041}";

/// Where the program speaks to a peer, and the setting that leads there.
const PEERS: [(&str, IngestionApi); 3] = [
    ("OKTA_DOMAIN", IngestionApi::DataCollector),
    ("LOG_ANALYTICS_URI", IngestionApi::DataCollector),
    ("LOGS_INGESTION_ENDPOINT", IngestionApi::LogsIngestion),
];

fn is_unclean(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[track_caller]
fn assert_clean(what: &str, text: &str) {
    for line in text.lines() {
        assert!(!line.contains(is_unclean), "{what}: {line:?}");
        let forged = ["error: forged", "shipped 9", "forged", "warning: forged"];
        assert!(
            !forged.iter().any(|start| line.starts_with(start)),
            "{what}: {line:?}"
        );
        assert!(
            line.chars().count() < 20_000,
            "{what}: {} characters",
            line.chars().count()
        );
    }
}

/// The same of every text in a JSON, however deep.
#[track_caller]
fn assert_json_clean(what: &str, value: &Value) {
    match value {
        Value::String(text) => {
            assert!(!text.contains(is_unclean), "{what}: {text:?}");
            if let Ok(inner @ Value::Object(_)) = serde_json::from_str(text) {
                assert_json_clean(what, &inner);
            }
        }
        Value::Array(all) => all.iter().for_each(|it| assert_json_clean(what, it)),
        Value::Object(all) => all.values().for_each(|it| assert_json_clean(what, it)),
        _ => {}
    }
}

/// Everything that `ship`, `ship --json`, `check` and a tick show while a peer answers so.
async fn everything_shown(
    (setting, api): (&str, IngestionApi),
    peer: &RawPeer,
) -> Vec<(String, String)> {
    let fixture = Fixture::start_with_events(api, 3).await;
    let changes = [
        (setting, peer.url.as_str()),
        ("RUN_BUDGET_SECONDS", "10"),
        ("OKTA_API_TOKEN", TOKEN),
    ];
    let changes = match setting {
        "OKTA_DOMAIN" => &changes[..],
        _ => &changes[..2],
    };
    let mut shown = Vec::new();
    for command in [&["ship"][..], &["ship", "--json"], &["check"]] {
        let mut program = program(&fixture, command);
        program.envs(changed(fixture.settings(), changes));
        let output = run_to_end(&mut program).await;
        assert_eq!(output.code, Some(1), "{}{}", output.stdout, output.stderr);
        shown.push((
            format!("{setting} {command:?}"),
            output.stdout + &output.stderr,
        ));
    }
    let host = host(&fixture, changes).await;
    let run = with_timeout(host.invoke_timer(TIMER)).await;
    run_ended(&host, &run).await;
    let body = String::from_utf8(run.body.to_vec()).unwrap();
    shown.push((format!("{setting}: the answer"), body));
    for line in host.lines() {
        shown.push((format!("{setting}: a line of the host"), line.text));
    }
    if setting == "OKTA_DOMAIN" {
        let rows = fixture
            .workspace
            .table("OktaConnectorHealth_CL")
            .kept_rows();
        assert!(!rows.is_empty());
        shown.push((
            format!("{setting}: health rows"),
            serde_json::to_string(&rows).unwrap(),
        ));
    }
    shown
}

async fn is_clean(peer: (&str, IngestionApi), said: Vec<u8>, must_show: &str) {
    let raw = RawPeer::answering(move |_| said.clone()).await;
    let shown = everything_shown(peer, &raw).await;
    for (what, text) in &shown {
        assert_clean(what, text);
        for line in text.lines() {
            if let Ok(value) = serde_json::from_str(line) {
                assert_json_clean(what, &value);
            }
        }
    }
    let (what, ship) = &shown[0];
    assert!(
        ship.contains(must_show),
        "{what} does not show {must_show}: {ship}"
    );
}

#[tokio::test]
async fn in_an_error_of_okta() {
    let body = serde_json::json!({ "errorCode": HOSTILE, "errorSummary": HOSTILE,
        "errorCauses": [{ "errorSummary": HOSTILE.repeat(1_000) }] });
    let said = answer("400 Bad Request", "", body.to_string());
    is_clean(PEERS[0], said, "desrever").await;
}

#[tokio::test]
async fn in_an_answer_that_is_no_json() {
    let said = answer("404 Not Found", "", HOSTILE);
    is_clean(PEERS[0], said, "desrever").await;
    let mut latin = HOSTILE.as_bytes().to_vec();
    latin.extend([0x9b, 0x1b, 0xff, 0xfe]);
    is_clean(PEERS[0], answer("403 Forbidden", "", latin), "desrever").await;
}

#[tokio::test]
async fn in_a_redirect() {
    let to = "Location: https://example.com/\u{202e}moved\t\u{9b}2J\r\n";
    is_clean(PEERS[0], answer("302 Found", to, ""), "redirects to").await;
    let to = format!("Location: https://example.com/{}\r\n", "x".repeat(60_000));
    is_clean(PEERS[0], answer("302 Found", &to, ""), "redirects to").await;
}

#[tokio::test]
async fn in_an_error_of_either_ingestion_api() {
    let flat = serde_json::json!({ "Error": HOSTILE, "Message": HOSTILE }).to_string();
    let said = answer("403 Forbidden", "x-ms-request-id: a\tb\r\n", flat);
    is_clean(PEERS[1], said, "desrever").await;
    let nested = serde_json::json!({ "error": { "code": HOSTILE, "message": HOSTILE.repeat(99) } });
    let said = answer("403 Forbidden", "", nested.to_string());
    is_clean(PEERS[2], said, "desrever").await;
}

/// No piece of it is a word, so that none occurs by chance.
const TOKEN: &str = "00zQxVt7LmWb3PkYr9NdHs5GcJf2TaRe8UwXo4iKlM";

/// No stretch of twelve bytes of `secret` is shown.
#[track_caller]
fn assert_hidden(secret: &str, shown: &[(String, String)]) {
    for (what, text) in shown {
        for piece in secret.as_bytes().windows(12) {
            let piece = std::str::from_utf8(piece).unwrap();
            assert!(
                !text.contains(piece),
                "{what} shows {piece} of {secret}: {text}"
            );
        }
    }
}

/// What `header` of a request holds after its scheme.
fn credential(request: &str) -> String {
    let header = request.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("authorization").then_some(value)
    });
    let header = header.unwrap_or_default();
    header
        .split_once(' ')
        .map_or(header, |(_, it)| it)
        .to_owned()
}

#[tokio::test]
async fn a_token_that_okta_echoes_is_left_out() {
    for echo in [
        (|token| format!("{{\"errorSummary\":\"no such token: {token}\"}}")) as fn(&str) -> String,
        |token| {
            format!(
                "{{\"errorCode\":\"{token}\",\"errorSummary\":\"{0}{token}\"}}",
                "x".repeat(280)
            )
        },
        |token| format!("{}SSWS {token}", "x".repeat(180)),
        |token| {
            format!(
                "{{\"errorSummary\":\"{}\u{200b}{}\"}}",
                &token[..20],
                &token[20..]
            )
        },
    ] {
        let said = move |request: &str| answer("400 Bad Request", "", echo(&credential(request)));
        let raw = RawPeer::answering(said).await;
        let shown = everything_shown(PEERS[0], &raw).await;
        assert_hidden(TOKEN, &shown);
        assert!(shown[0].1.contains("[secret]"), "{shown:?}");
    }
    let to = |request: &str| {
        let to = format!("Location: https://example.com/{}\r\n", credential(request));
        answer("302 Found", &to, "")
    };
    let raw = RawPeer::answering(to).await;
    assert_hidden(TOKEN, &everything_shown(PEERS[0], &raw).await);
}

#[tokio::test]
async fn what_an_ingestion_api_was_sent_and_echoes_is_left_out() {
    for peer in &PEERS[1..] {
        let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let heard = std::sync::Arc::clone(&seen);
        let raw = RawPeer::answering(move |request| {
            let credential = credential(request);
            heard.lock().unwrap().push(credential.clone());
            let said = format!("not this one: {credential}");
            answer(
                "403 Forbidden",
                "",
                serde_json::json!({ "Message": said, "error": { "message": said } }).to_string(),
            )
        })
        .await;
        let shown = everything_shown(*peer, &raw).await;
        let seen = seen.lock().unwrap();
        assert!(seen.iter().any(|it| it.len() > 20), "{seen:?}");
        for credential in &*seen {
            // The workspace's id is no secret.
            assert_hidden(credential.rsplit(':').next().unwrap(), &shown);
        }
        assert!(shown[0].1.contains("[secret]"), "{shown:?}");
    }
}
