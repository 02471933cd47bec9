//! The same org under a new host: `state move` takes the saved state along, and the next run goes on
//! without repeat and without loss. Where it was forgotten, a warning names it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use okta_sentinel::okta::api::domain::OktaDomain;
use okta_sentinel::okta::log::cursor::Cursor;
use okta_sentinel::state::account::{BlobAccount, BlobCredential};
use okta_sentinel::state::blob::BlobStore;
use okta_sentinel::state::checkpoint::{Backfill, Checkpoint, FORMAT, Lane, Place};
use okta_sentinel::state::dead_letter::DeadLetter;
use okta_sentinel::state::folder::FolderStore;
use okta_sentinel::state::org_move::{MoveError, Moved, OrgMove};
use okta_sentinel::state::recent_ids::RecentIds;
use okta_sentinel::state::store::{StateStore, StoreError};
use sandbox::azurite::{ACCOUNT, Azurite, KEY};
use sandbox::okta::OrgConfig;

use crate::support::crash::{Crash, CrashSide};
use crate::support::faulty_store::FaultyStore;
use crate::support::fixture::{Fixture, IngestionApi, run};
use crate::support::program::{CommandOutput, shell};

mod commands;
mod interrupted;

/// Both hosts of the fixture's org, as a person writes them.
fn hosts(fixture: &Fixture) -> (String, String) {
    (fixture.org.url().to_owned(), fixture.org.other_url())
}

/// The folder of the state under this host.
fn home(fixture: &Fixture, host: &str) -> PathBuf {
    let domain: OktaDomain = host.parse().unwrap();
    fixture.state.path().join(domain.key())
}

async fn state_move(fixture: &Fixture, old: &str, new: &str) -> CommandOutput {
    shell(fixture, &["state", "move", old, new], &[]).await
}

async fn ship_under(fixture: &Fixture, host: &str) -> CommandOutput {
    shell(fixture, &["ship"], &[("OKTA_DOMAIN", host)]).await
}

#[track_caller]
fn succeeded(output: &CommandOutput) -> &str {
    let CommandOutput { code, stderr, .. } = output;
    assert_eq!((*code, stderr.as_str()), (Some(0), ""), "{}", output.stdout);
    &output.stdout
}

#[track_caller]
fn failed<'a>(output: &'a CommandOutput, code: i32, words: &[&str]) -> &'a str {
    let stderr = output.stderr.as_str();
    assert_eq!(output.code, Some(code), "{stderr}");
    for needed in words {
        assert!(stderr.contains(needed), "{stderr} does not say {needed}");
    }
    stderr
}

#[tokio::test]
async fn a_run_under_the_new_host_goes_on_without_repeat_and_loss() {
    for api in [IngestionApi::DataCollector, IngestionApi::LogsIngestion] {
        let fixture = Fixture::start_with_events(api, 1_500).await;
        let (old, new) = hosts(&fixture);
        assert_eq!(fixture.run().await.events, 1_500);
        fixture.org.append(40);

        let output = state_move(&fixture, &old, &new).await;
        let said = succeeded(&output);
        for needed in [
            &old,
            &new,
            "the newest event is of 20",
            "dead letters: 0",
            "Set OKTA_DOMAIN",
        ] {
            assert!(
                said.contains(needed as &str),
                "{said} does not say {needed}"
            );
        }
        let report = run(&fixture.shipper_with(&[("OKTA_DOMAIN", &new)])).await;
        assert_eq!(report.events, 40, "{report}");
        fixture.assert_each_event_is_there_once();

        // The way back.
        succeeded(&state_move(&fixture, &new, &old).await);
        fixture.org.append(5);
        assert_eq!(fixture.run().await.events, 5);
        fixture.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn a_program_that_still_runs_under_the_old_host_is_stopped_with_the_new_one_named() {
    let fixture = Fixture::with_events(30).await;
    let (old, new) = hosts(&fixture);
    assert_eq!(fixture.run().await.events, 30);
    succeeded(&state_move(&fixture, &old, &new).await);
    let output = ship_under(&fixture, &old).await;
    let key = new.trim_start_matches("http://").replace(':', "_");
    let said = failed(
        &output,
        1,
        &["was moved to", &key, "OKTA_DOMAIN", "state move"],
    );
    let check = shell(&fixture, &["check"], &[]).await;
    let line = check
        .stdout
        .lines()
        .find(|line| line.contains(" state "))
        .unwrap();
    let (_, words) = line.split_once("  state").unwrap();
    assert!(
        line.starts_with("FAILED") && said.contains(words.trim()),
        "{line}\n{said}"
    );
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn dead_letters_and_recent_ids_go_along() {
    let fixture = Fixture::with_events(50).await;
    let (old, new) = hosts(&fixture);
    let poison = fixture.org.ids().nth(20).unwrap();
    fixture.workspace.faults().poison(&poison);
    assert_eq!(fixture.run().await.events, 49);
    let letters = home(&fixture, &old).join("dead-letters");
    let rows = std::fs::read_dir(&letters)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .file_name();
    let row_before = std::fs::read(letters.join(&rows)).unwrap();
    let request = format!("{old}/api/v1/logs?after=1_2,3&limit=1");
    let note = DeadLetter::new(
        "too large",
        format!("{request:?}").as_bytes(),
        chrono::Utc::now(),
    );
    std::fs::write(letters.join("oversize-1.json"), note.to_bytes()).unwrap();
    std::fs::write(letters.join("by-hand.json"), "no dead letter").unwrap();
    let ids = std::fs::read(home(&fixture, &old).join("recent-ids")).unwrap();

    let output = state_move(&fixture, &old, &new).await;
    assert!(
        succeeded(&output).contains("dead letters: 3"),
        "{}",
        output.stdout
    );
    let there = home(&fixture, &new);
    let moved = std::fs::read(there.join("dead-letters/oversize-1.json")).unwrap();
    let moved: serde_json::Value = serde_json::from_slice(&moved).unwrap();
    assert_eq!(moved["rows"], request.replace(&old, &new));
    assert_eq!(moved["reason"], "too large");
    assert_eq!(
        std::fs::read(there.join("dead-letters").join(&rows)).unwrap(),
        row_before
    );
    let by_hand = std::fs::read(there.join("dead-letters/by-hand.json")).unwrap();
    assert_eq!(by_hand, b"no dead letter");
    assert_eq!(std::fs::read(there.join("recent-ids")).unwrap(), ids);
    assert!(letters.read_dir().unwrap().next().is_none(), "left behind");

    fixture.workspace.faults().clear();
    let resend = shell(
        &fixture,
        &["dead-letters", "--resend"],
        &[("OKTA_DOMAIN", &new)],
    )
    .await;
    assert!(
        resend.stdout.contains("1"),
        "{} {}",
        resend.stdout,
        resend.stderr
    );
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn both_lanes_of_a_backlog_go_along() {
    let fixture = Fixture::with_org(OrgConfig {
        events: 900,
        spacing: Duration::from_secs(10),
        max_page: 50,
        ..OrgConfig::default()
    })
    .await;
    let (old, new) = hosts(&fixture);
    let refusal = sandbox::okta::Fault::status(403, "E0000006");
    fixture.org.faults().on_request(8, refusal);
    let report = fixture.run().await;
    assert!(!report.succeeded(), "{report}");
    assert!(fixture.cursor().get("backfill").is_some());
    let before = fixture.cursor();
    succeeded(&state_move(&fixture, &old, &new).await);
    let path = home(&fixture, &new).join("cursor.json");
    let after = std::fs::read_to_string(path).unwrap();
    let expected = before.to_string().replace(&old, &new);
    let (mut after, mut expected): (serde_json::Value, serde_json::Value) = (
        serde_json::from_str(&after).unwrap(),
        serde_json::from_str(&expected).unwrap(),
    );
    for document in [&mut after, &mut expected] {
        document["sequence"] = 0.into();
        document["saved_at"] = 0.into();
    }
    assert_eq!(after, expected);
    let report = run(&fixture.shipper_with(&[("OKTA_DOMAIN", &new)])).await;
    assert!(report.succeeded(), "{report}");
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_first_run_beside_another_hosts_state_warns_and_goes_on() {
    let fixture = Fixture::with_events(20).await;
    let (old, new) = hosts(&fixture);
    assert_eq!(fixture.run().await.events, 20);
    let old_key = home(&fixture, &old)
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let command = format!("okta-sentinel state move {old_key} {new}");

    let under_new = [("OKTA_DOMAIN", new.as_str())];
    let check = shell(&fixture, &["check"], &under_new).await;
    assert_eq!(check.code, Some(0), "{}", check.stdout);
    assert!(check.stdout.contains(&command), "{}", check.stdout);
    let first = ship_under(&fixture, &new).await;
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert!(
        first.stdout.starts_with("shipped 20 events"),
        "{}",
        first.stdout
    );
    assert!(first.stderr.contains(&command), "{}", first.stderr);
    // Only the first.
    succeeded(&ship_under(&fixture, &new).await);

    // The command that was named does it, once somebody agrees to replace what the first run saved.
    let output = state_move(&fixture, &old_key, &new).await;
    failed(&output, 1, &["there is state of", &new, "--yes"]);
    fixture.org.append(3);
    let agreed = ["state", "move", &old_key, &new, "--yes"];
    succeeded(&shell(&fixture, &agreed, &[]).await);
    let next = ship_under(&fixture, &new).await;
    assert!(
        next.stdout.starts_with("shipped 3 events"),
        "{}",
        next.stdout
    );
}

#[tokio::test]
async fn where_no_other_host_has_state_nobody_is_warned() {
    let fixture = Fixture::with_events(20).await;
    // Neither an empty place nor one that was moved here is a former host's.
    for name in ["empty.okta.com", "moved.okta.com", "file"] {
        std::fs::create_dir_all(fixture.state.path().join(name)).unwrap();
    }
    let cursor = |name: &str| fixture.state.path().join(name).join("cursor.json");
    std::fs::write(cursor("empty.okta.com"), "{}\n").unwrap();
    std::fs::write(
        cursor("moved.okta.com"),
        r#"{"moved_to":"127.0.0.1","sequence":1}"#,
    )
    .unwrap();
    succeeded(&shell(&fixture, &["ship"], &[]).await);
}
