//! `okta-sentinel dead-letters` lists what the workspace refused and sends it again once the cause
//! is mended. A dead letter goes only when the workspace has accepted it.

use std::path::PathBuf;

use chrono::{TimeDelta, Utc};
use okta_sentinel::state::dead_letter::DeadLetter;
use sandbox::azurite::Azurite;
use sandbox::workspace::Fault;
use serde_json::Value;

use crate::support::fixture::Fixture;
use crate::support::program::{CommandOutput, shell};

/// A fixture one of whose rows was set aside, and the event's id as its letter is named after it.
async fn with_a_letter(changes: &[(&str, &str)]) -> (Fixture, String) {
    let fixture = Fixture::with_events(200).await;
    let poison = fixture.org.ids().nth(70).unwrap();
    fixture.workspace.faults().poison(&poison);
    let output = shell(&fixture, &["ship"], changes).await;
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output.stdout.contains("1 refused row kept"),
        "{}",
        output.stdout
    );
    (fixture, poison.replace('-', ""))
}

fn folder(fixture: &Fixture) -> PathBuf {
    fixture.state_of_org().join("dead-letters")
}

/// Puts a document among the dead letters, as of some hours ago.
fn plant(fixture: &Fixture, name: &str, rows: &str, hours: i64) {
    let at = Utc::now() - TimeDelta::hours(hours);
    let letter = DeadLetter::new("it was\ntoo large", rows.as_bytes(), at);
    std::fs::create_dir_all(folder(fixture)).unwrap();
    std::fs::write(folder(fixture).join(name), letter.to_bytes()).unwrap();
}

/// What a command said that went well, or printed all it had to say.
#[track_caller]
fn stdout(output: &CommandOutput, code: i32) -> &str {
    assert_eq!(
        (output.code, output.stderr.as_str()),
        (Some(code), ""),
        "{}",
        output.stdout
    );
    &output.stdout
}

#[tokio::test]
async fn where_nothing_was_refused_there_is_nothing() {
    let fixture = Fixture::with_events(3).await;
    for arguments in [&["dead-letters"][..], &["dead-letters", "--resend"]] {
        let output = shell(&fixture, arguments, &[]).await;
        assert_eq!(stdout(&output, 0), "no dead letters\n");
        let output = shell(&fixture, &[arguments, &["--json"]].concat(), &[]).await;
        assert_eq!(stdout(&output, 0), "");
    }
    assert!(fixture.workspace.posts().is_empty());
}

#[tokio::test]
async fn the_list_is_a_table_the_oldest_first_with_each_reason_in_one_line() {
    let (fixture, poison) = with_a_letter(&[]).await;
    plant(
        &fixture,
        "oversize-1.json",
        "\"https://acme.okta.com/api/v1/logs\"",
        2,
    );
    std::fs::write(folder(&fixture).join("broken.json"), "{\"table\":").unwrap();
    let before = fixture.workspace.posts().len();
    let output = shell(&fixture, &["dead-letters"], &[]).await;
    let lines: Vec<&str> = stdout(&output, 0).lines().collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[0].starts_with("NAME "), "{lines:?}");
    for (line, words) in lines.iter().zip([
        &["REASON"][..],
        &["broken.json", " - ", "cannot be read"],
        &["oversize-1.json", "Okta_CL", "it was too large"],
        &[&poison, "Okta_CL", "400 InvalidDataFormat"],
    ]) {
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
    }
    for heading in ["REFUSED", "TABLE", "ROWS", "TRIES", "REASON"] {
        let at = lines[0].find(heading).unwrap();
        for line in &lines {
            assert!(
                line.is_char_boundary(at) && line[..at].ends_with("  "),
                "{line}"
            );
            assert!(!line[at..].starts_with(' '), "{line}");
        }
    }
    let output = shell(&fixture, &["dead-letters", "--json"], &[]).await;
    let objects = stdout(&output, 0).lines().map(serde_json::from_str);
    let objects: Vec<Value> = objects.map(Result::unwrap).collect();
    let rows: Vec<_> = objects.iter().map(|letter| &letter["rows"]).collect();
    assert_eq!(rows, [0, 0, 1]);
    assert_eq!(objects[2]["name"], format!("{poison}.json"));
    assert_eq!(
        (&objects[2]["tries"], &objects[2]["table"]),
        (&1.into(), &"Okta_CL".into())
    );
    assert_eq!(fixture.workspace.posts().len(), before);
}

#[tokio::test]
async fn a_row_refused_again_stays_and_an_accepted_one_goes() {
    let (fixture, poison) = with_a_letter(&[]).await;
    let name = format!("{poison}.json");
    for tries in [2, 3] {
        let output = shell(&fixture, &["dead-letters", "--resend"], &[]).await;
        let lines: Vec<&str> = stdout(&output, 1).lines().collect();
        assert!(lines[0].starts_with("refused "), "{lines:?}");
        let told = format!("{name}  try {tries}: ");
        assert!(lines[0].contains(&told), "{lines:?}");
        assert_eq!(lines[1], "0 accepted, 1 refused again, 0 not sent");
        let letter = std::fs::read(folder(&fixture).join(&name)).unwrap();
        let letter = DeadLetter::read(&letter).unwrap();
        assert_eq!((letter.tries, letter.rows().len()), (tries, 1));
    }
    fixture.workspace.faults().clear();
    let output = shell(&fixture, &["dead-letters", "--resend", "--json"], &[]).await;
    let told: Value = serde_json::from_str(stdout(&output, 0)).unwrap();
    assert_eq!(
        (&told["result"], &told["name"]),
        (&"accepted".into(), &name.into())
    );
    fixture.assert_each_event_is_there_once();
    let output = shell(&fixture, &["dead-letters"], &[]).await;
    assert_eq!(stdout(&output, 0), "no dead letters\n");
    assert_eq!(fixture.run().await.events, 0);
}

#[tokio::test]
async fn a_blobs_letters_are_listed_and_sent_like_a_folders() {
    let connection = Azurite::shared().await.unwrap().connection_string();
    let blobs = [
        ("STATE_DIR", ""),
        ("AzureWebJobsStorage", connection.as_str()),
    ];
    let (fixture, poison) = with_a_letter(&blobs).await;
    let output = shell(&fixture, &["dead-letters"], &blobs).await;
    assert!(stdout(&output, 0).contains(&poison), "{}", output.stdout);
    fixture.workspace.faults().clear();
    let output = shell(&fixture, &["dead-letters", "--resend"], &blobs).await;
    assert!(
        stdout(&output, 0).starts_with("accepted "),
        "{}",
        output.stdout
    );
    fixture.assert_each_event_is_there_once();
    let output = shell(&fixture, &["dead-letters"], &blobs).await;
    assert_eq!(stdout(&output, 0), "no dead letters\n");
}

#[tokio::test]
async fn while_a_run_is_under_way_nothing_is_sent_but_the_list_is_shown() {
    let (fixture, poison) = with_a_letter(&[]).await;
    fixture.workspace.faults().clear();
    let before = fixture.workspace.posts().len();
    let shipper = fixture.shipper();
    let lease = shipper.store.open().await.unwrap();
    let output = shell(&fixture, &["dead-letters", "--resend"], &[]).await;
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    assert!(
        output
            .stderr
            .starts_with("error: another run holds the lease")
    );
    assert!(output.stderr.contains("try again"), "{}", output.stderr);
    let output = shell(&fixture, &["dead-letters"], &[]).await;
    assert!(stdout(&output, 0).contains(&poison));
    assert_eq!(fixture.workspace.posts().len(), before);
    lease.release().await.unwrap();
}

#[tokio::test]
async fn notes_and_rows_of_the_other_api_are_never_sent() {
    let fixture = Fixture::with_events(3).await;
    fixture.run().await;
    plant(
        &fixture,
        "oversize-1.json",
        "\"https://acme.okta.com/api/v1/logs\"",
        2,
    );
    plant(
        &fixture,
        "named.json",
        r#"[{"domain_s":"a","uuid_g":"u"}]"#,
        1,
    );
    std::fs::write(folder(&fixture).join("broken.json"), "{}").unwrap();
    let before = fixture.workspace.posts().len();
    let output = shell(&fixture, &["dead-letters", "--resend"], &[]).await;
    let lines: Vec<&str> = stdout(&output, 0).lines().collect();
    for (line, word) in lines.iter().zip([
        "cannot be read",
        "a note: it holds Okta's request",
        "named for the other ingestion",
        "0 accepted, 0 refused again, 3 not sent",
    ]) {
        assert!(line.contains(word), "{line}");
    }
    assert_eq!(lines.len(), 4);
    assert_eq!(fixture.workspace.posts().len(), before);
    assert_eq!(std::fs::read_dir(folder(&fixture)).unwrap().count(), 3);
}

#[tokio::test]
async fn a_workspace_that_takes_nothing_leaves_every_letter_as_it_is() {
    let (fixture, poison) = with_a_letter(&[]).await;
    let path = folder(&fixture).join(format!("{poison}.json"));
    let letter = std::fs::read(&path).unwrap();
    fixture.workspace.faults().clear();
    fixture.workspace.faults().always(Fault::unauthorized());
    let output = shell(&fixture, &["dead-letters", "--resend"], &[]).await;
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    assert!(output.stderr.contains("WORKSPACE_KEY"), "{}", output.stderr);
    assert!(
        output.stderr.contains("still a dead letter"),
        "{}",
        output.stderr
    );
    assert_eq!(std::fs::read(&path).unwrap(), letter);
    // The lease is free again.
    fixture.workspace.faults().clear();
    let output = shell(&fixture, &["dead-letters", "--resend"], &[]).await;
    assert!(
        stdout(&output, 0).starts_with("accepted "),
        "{}",
        output.stdout
    );
}

#[tokio::test]
async fn temporary_errors_are_retried() {
    let (fixture, _) = with_a_letter(&[]).await;
    fixture.workspace.faults().clear();
    fixture.workspace.faults().push(Fault::unavailable());
    let output = shell(&fixture, &["dead-letters", "--resend"], &[]).await;
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stderr.contains("trying again"), "{}", output.stderr);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn wrong_settings_are_wrong_usage() {
    let fixture = Fixture::with_events(1).await;
    let output = shell(&fixture, &["dead-letters"], &[("WORKSPACE_ID", "acme")]).await;
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    let output = shell(&fixture, &["dead-letters", "--send"], &[]).await;
    assert_eq!(output.code, Some(2), "{}", output.stderr);
}
