//! `okta-sentinel dead-letters`: what was refused is shown, sent again once its cause is mended,
//! and gone only when the workspace has it.

use std::path::PathBuf;

use chrono::{TimeDelta, Utc};
use okta_sentinel::ship::dead_letter::DeadLetter;
use sandbox::azurite::Azurite;
use sandbox::workspace::Fault;
use serde_json::Value;

use crate::program::{Said, shell};
use crate::town::Town;

/// A town one of whose rows was set aside, and the event's id as its letter is named after it.
async fn with_a_letter(changes: &[(&str, &str)]) -> (Town, String) {
    let town = Town::of(200).await;
    let poison = town.org.ids().nth(70).unwrap();
    town.workspace.faults().poison(&poison);
    let said = shell(&town, &["ship"], changes).await;
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(
        said.stdout.contains("1 refused row kept"),
        "{}",
        said.stdout
    );
    (town, poison.replace('-', ""))
}

fn folder(town: &Town) -> PathBuf {
    town.state_of_org().join("dead-letters")
}

/// Puts a document among the dead letters, as of some hours ago.
fn plant(town: &Town, name: &str, rows: &str, hours: i64) {
    let at = Utc::now() - TimeDelta::hours(hours);
    let letter = DeadLetter::new("it was\ntoo large", rows.as_bytes(), at);
    std::fs::create_dir_all(folder(town)).unwrap();
    std::fs::write(folder(town).join(name), letter.to_bytes()).unwrap();
}

/// What a command said that went well, or printed all it had to say.
#[track_caller]
fn stdout(said: &Said, code: i32) -> &str {
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (Some(code), ""),
        "{}",
        said.stdout
    );
    &said.stdout
}

#[tokio::test]
async fn where_nothing_was_refused_there_is_nothing() {
    let town = Town::of(3).await;
    for arguments in [&["dead-letters"][..], &["dead-letters", "--resend"]] {
        let said = shell(&town, arguments, &[]).await;
        assert_eq!(stdout(&said, 0), "no dead letters\n");
        let said = shell(&town, &[arguments, &["--json"]].concat(), &[]).await;
        assert_eq!(stdout(&said, 0), "");
    }
    assert!(town.workspace.posts().is_empty());
}

#[tokio::test]
async fn the_list_is_a_table_the_oldest_first_with_each_reason_in_one_line() {
    let (town, poison) = with_a_letter(&[]).await;
    plant(
        &town,
        "oversize-1.json",
        "\"https://acme.okta.com/api/v1/logs\"",
        2,
    );
    std::fs::write(folder(&town).join("broken.json"), "{\"table\":").unwrap();
    let before = town.workspace.posts().len();
    let said = shell(&town, &["dead-letters"], &[]).await;
    let lines: Vec<&str> = stdout(&said, 0).lines().collect();
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
    let said = shell(&town, &["dead-letters", "--json"], &[]).await;
    let objects = stdout(&said, 0).lines().map(serde_json::from_str);
    let objects: Vec<Value> = objects.map(Result::unwrap).collect();
    let rows: Vec<_> = objects.iter().map(|letter| &letter["rows"]).collect();
    assert_eq!(rows, [0, 0, 1]);
    assert_eq!(objects[2]["name"], format!("{poison}.json"));
    assert_eq!(
        (&objects[2]["tries"], &objects[2]["table"]),
        (&1.into(), &"Okta_CL".into())
    );
    assert_eq!(town.workspace.posts().len(), before);
}

#[tokio::test]
async fn a_row_refused_again_stays_and_an_accepted_one_goes() {
    let (town, poison) = with_a_letter(&[]).await;
    let name = format!("{poison}.json");
    for tries in [2, 3] {
        let said = shell(&town, &["dead-letters", "--resend"], &[]).await;
        let lines: Vec<&str> = stdout(&said, 1).lines().collect();
        assert!(lines[0].starts_with("refused "), "{lines:?}");
        let told = format!("{name}  try {tries}: ");
        assert!(lines[0].contains(&told), "{lines:?}");
        assert_eq!(lines[1], "0 accepted, 1 refused again, 0 not sent");
        let letter = std::fs::read(folder(&town).join(&name)).unwrap();
        let letter = DeadLetter::read(&letter).unwrap();
        assert_eq!((letter.tries, letter.rows().len()), (tries, 1));
    }
    town.workspace.faults().clear();
    let said = shell(&town, &["dead-letters", "--resend", "--json"], &[]).await;
    let told: Value = serde_json::from_str(stdout(&said, 0)).unwrap();
    assert_eq!(
        (&told["result"], &told["name"]),
        (&"accepted".into(), &name.into())
    );
    town.assert_each_event_is_there_once();
    let said = shell(&town, &["dead-letters"], &[]).await;
    assert_eq!(stdout(&said, 0), "no dead letters\n");
    assert_eq!(town.run().await.events, 0);
}

#[tokio::test]
async fn a_blobs_letters_are_listed_and_sent_like_a_folders() {
    let connection = Azurite::shared().await.unwrap().connection_string();
    let blobs = [
        ("STATE_DIR", ""),
        ("AzureWebJobsStorage", connection.as_str()),
    ];
    let (town, poison) = with_a_letter(&blobs).await;
    let said = shell(&town, &["dead-letters"], &blobs).await;
    assert!(stdout(&said, 0).contains(&poison), "{}", said.stdout);
    town.workspace.faults().clear();
    let said = shell(&town, &["dead-letters", "--resend"], &blobs).await;
    assert!(stdout(&said, 0).starts_with("accepted "), "{}", said.stdout);
    town.assert_each_event_is_there_once();
    let said = shell(&town, &["dead-letters"], &blobs).await;
    assert_eq!(stdout(&said, 0), "no dead letters\n");
}

#[tokio::test]
async fn while_a_run_is_under_way_nothing_is_sent_but_the_list_is_shown() {
    let (town, poison) = with_a_letter(&[]).await;
    town.workspace.faults().clear();
    let before = town.workspace.posts().len();
    let shipper = town.shipper();
    let lease = shipper.store.open().await.unwrap();
    let said = shell(&town, &["dead-letters", "--resend"], &[]).await;
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    assert!(
        said.stderr
            .starts_with("error: another run holds the lease")
    );
    assert!(said.stderr.contains("try again"), "{}", said.stderr);
    let said = shell(&town, &["dead-letters"], &[]).await;
    assert!(stdout(&said, 0).contains(&poison));
    assert_eq!(town.workspace.posts().len(), before);
    lease.release().await.unwrap();
}

#[tokio::test]
async fn notes_and_rows_of_the_other_road_are_never_sent() {
    let town = Town::of(3).await;
    town.run().await;
    plant(
        &town,
        "oversize-1.json",
        "\"https://acme.okta.com/api/v1/logs\"",
        2,
    );
    plant(&town, "named.json", r#"[{"domain_s":"a","uuid_g":"u"}]"#, 1);
    std::fs::write(folder(&town).join("broken.json"), "{}").unwrap();
    let before = town.workspace.posts().len();
    let said = shell(&town, &["dead-letters", "--resend"], &[]).await;
    let lines: Vec<&str> = stdout(&said, 0).lines().collect();
    for (line, word) in lines.iter().zip([
        "cannot be read",
        "a note: it holds Okta's request",
        "the other ingestion road",
        "0 accepted, 0 refused again, 3 not sent",
    ]) {
        assert!(line.contains(word), "{line}");
    }
    assert_eq!(lines.len(), 4);
    assert_eq!(town.workspace.posts().len(), before);
    assert_eq!(std::fs::read_dir(folder(&town)).unwrap().count(), 3);
}

#[tokio::test]
async fn a_workspace_that_takes_nothing_leaves_every_letter_as_it_is() {
    let (town, poison) = with_a_letter(&[]).await;
    let path = folder(&town).join(format!("{poison}.json"));
    let letter = std::fs::read(&path).unwrap();
    town.workspace.faults().clear();
    town.workspace.faults().always(Fault::unauthorized());
    let said = shell(&town, &["dead-letters", "--resend"], &[]).await;
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    assert!(said.stderr.contains("WORKSPACE_KEY"), "{}", said.stderr);
    assert!(
        said.stderr.contains("still a dead letter"),
        "{}",
        said.stderr
    );
    assert_eq!(std::fs::read(&path).unwrap(), letter);
    // The lease is free again.
    town.workspace.faults().clear();
    let said = shell(&town, &["dead-letters", "--resend"], &[]).await;
    assert!(stdout(&said, 0).starts_with("accepted "), "{}", said.stdout);
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let (town, _) = with_a_letter(&[]).await;
    town.workspace.faults().clear();
    town.workspace.faults().push(Fault::unavailable());
    let said = shell(&town, &["dead-letters", "--resend"], &[]).await;
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stderr.contains("trying again"), "{}", said.stderr);
    town.assert_each_event_is_there_once();
}

#[tokio::test]
async fn wrong_settings_are_wrong_usage() {
    let town = Town::of(1).await;
    let said = shell(&town, &["dead-letters"], &[("WORKSPACE_ID", "acme")]).await;
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    let said = shell(&town, &["dead-letters", "--send"], &[]).await;
    assert_eq!(said.code, Some(2), "{}", said.stderr);
}
