//! What the command refuses, and in which words; and state that somebody copied by hand.

use super::*;

#[tokio::test]
async fn one_host_in_two_spellings_is_wrong_usage() {
    let fixture = Fixture::with_events(1).await;
    for (old, new) in [
        ("acme.okta.com", "acme.okta.com"),
        ("acme.okta.com", "https://ACME.okta.com/"),
        ("ACME.OKTA.COM", "acme.okta.com:443"),
    ] {
        let output = state_move(&fixture, old, new).await;
        failed(&output, 2, &["acme.okta.com", "nothing to move"]);
    }
    for (old, new) in [
        ("acme-admin.okta.com", "acme.okta.com"),
        ("acme.okta.com", "http://acme.example.com"),
        ("acme.okta.com", "acme.okta.com/admin"),
        ("acme", "acme.okta.com"),
    ] {
        failed(&state_move(&fixture, old, new).await, 2, &["write "]);
    }
    failed(
        &shell(&fixture, &["state", "move", "acme.okta.com"], &[]).await,
        2,
        &["NEW"],
    );
    assert_eq!(fixture.state.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn hosts_may_be_written_as_addresses_and_in_capitals() {
    let fixture = Fixture::with_events(1).await;
    let folder = fixture.state.path();
    let cursor = |host: &str| folder.join(host).join("cursor.json");
    for (nth, (old, new)) in [
        ("https://Acme.Okta.com/", "LOGIN.acme.com"),
        ("login.ACME.com:443", "https://acme.oktapreview.com"),
    ]
    .into_iter()
    .enumerate()
    {
        if nth == 0 {
            std::fs::create_dir_all(folder.join("acme.okta.com")).unwrap();
            let document = r#"{"version":3,"sequence":7,"cursor":"https://acme.okta.com/api/v1/logs?after=1_2%2C3&limit=1000","saved_at":"2026-11-21T12:05:01Z"}"#;
            std::fs::write(cursor("acme.okta.com"), document).unwrap();
        }
        succeeded(&state_move(&fixture, old, new).await);
    }
    let text = std::fs::read_to_string(cursor("acme.oktapreview.com")).unwrap();
    let url = "https://acme.oktapreview.com/api/v1/logs?after=1_2%2C3&limit=1000";
    assert!(text.contains(url), "{text}");
    // A mark leads on to where the state is now.
    let output = state_move(&fixture, "acme.okta.com", "x.okta.com").await;
    failed(
        &output,
        1,
        &[
            "was moved to login.acme.com",
            "state move login.acme.com x.okta.com",
        ],
    );
}

#[tokio::test]
async fn without_state_of_the_old_host_nothing_is_made() {
    let fixture = Fixture::with_events(3).await;
    let (old, new) = hosts(&fixture);
    let output = state_move(&fixture, "acme.okta.com", &new).await;
    failed(&output, 1, &["no state of acme.okta.com", "STATE_DIR"]);
    assert_eq!(fixture.state.path().read_dir().unwrap().count(), 0);
    fixture.run().await;
    let key = home(&fixture, &old)
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    for target in [&new, &old] {
        let output = state_move(&fixture, "acme.okta.com", target).await;
        failed(
            &output,
            1,
            &[
                "no state of acme.okta.com",
                &format!("there is state of {key}"),
            ],
        );
    }
    assert_eq!(fixture.state.path().read_dir().unwrap().count(), 1);
    assert_eq!(fixture.run().await.events, 0);
}

#[tokio::test]
async fn a_run_that_is_under_way_is_named() {
    let fixture = Fixture::with_events(3).await;
    let (old, new) = hosts(&fixture);
    fixture.run().await;
    for held in [&old, &new] {
        let key = held.parse::<OktaDomain>().unwrap().key();
        let lease = FolderStore::new(fixture.state.path(), &key)
            .open()
            .await
            .unwrap();
        let output = state_move(&fixture, &old, &new).await;
        failed(
            &output,
            1,
            &["a run holds the lease", &key, "stop the function app"],
        );
        lease.release().await.unwrap();
    }
    succeeded(&state_move(&fixture, &old, &new).await);
}

#[tokio::test]
async fn state_that_cannot_be_read_is_not_moved() {
    let fixture = Fixture::with_events(3).await;
    let (old, new) = hosts(&fixture);
    fixture.run().await;
    let path = home(&fixture, &old).join("cursor.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    for (document, words) in [
        (
            "{\"version\": 3, \"cursor".to_owned(),
            "not the JSON it should be",
        ),
        (
            whole.replace("\"version\": 3", "\"version\": 9"),
            "format 9",
        ),
        (
            whole.replace(&old, "https://elsewhere.example.com"),
            "leads to elsewhere.example.com",
        ),
    ] {
        std::fs::write(&path, &document).unwrap();
        failed(&state_move(&fixture, &old, &new).await, 1, &[words]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), document);
    }
    std::fs::write(&path, whole).unwrap();
    succeeded(&state_move(&fixture, &old, &new).await);
}

/// A cursor copied by hand leads to the old host: `check` says so as `ship` does, and names the
/// command that puts it right, with the old place still there or not.
#[tokio::test]
async fn state_copied_by_hand_fails_alike_in_check_and_ship_and_the_named_command_mends_it() {
    for old_is_there in [true, false] {
        let fixture = Fixture::with_events(30).await;
        let (old, new) = hosts(&fixture);
        fixture.run().await;
        fixture.org.append(4);
        let (from, to) = (home(&fixture, &old), home(&fixture, &new));
        std::fs::create_dir_all(&to).unwrap();
        for name in ["cursor.json", "recent-ids"] {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
        if !old_is_there {
            std::fs::remove_dir_all(&from).unwrap();
        }
        let command = format!("okta-sentinel state move {old} {new}");
        let ship = ship_under(&fixture, &new).await;
        let said = failed(&ship, 1, &["the saved cursor leads to", &command]);
        let check = shell(&fixture, &["check"], &[("OKTA_DOMAIN", &new)]).await;
        assert_eq!(check.code, Some(1), "{}", check.stdout);
        let line = check
            .stdout
            .lines()
            .find(|line| line.contains("  state "))
            .unwrap();
        let (_, words) = line.split_once("  state ").unwrap();
        assert!(said.contains(words.trim()), "{words}\n{said}");

        let arguments = ["state", "move", &old, &new, "--yes"];
        succeeded(&shell(&fixture, &arguments, &[]).await);
        let next = ship_under(&fixture, &new).await;
        assert!(
            next.stdout.starts_with("shipped 4 events"),
            "{} {}",
            next.stdout,
            next.stderr
        );
        fixture.assert_each_event_is_there_once();
    }
}

/// Each way in which a saved cursor can be wrong: `check` fails where `ship` does, in its words.
#[tokio::test]
async fn check_reads_the_saved_cursor_as_ship_does() {
    let fixture = Fixture::with_events(30).await;
    fixture.run().await;
    let path = fixture.state_of_org().join("cursor.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    let document: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let with = |key: &str, value: serde_json::Value| {
        let mut changed = document.clone();
        changed[key] = value;
        changed.to_string()
    };
    let mut backfill = document.clone();
    backfill["cursor"] = "https://acme.okta.com/api/v1/logs?after=1".into();
    for (text, fails) in [
        (whole.clone(), false),
        (
            with("cursor", "https://acme.okta.com/api/v1/logs?after=1".into()),
            true,
        ),
        (
            with(
                "cursor",
                format!("{}/api/v1/users", fixture.org.url()).into(),
            ),
            true,
        ),
        (with("cursor", "not a url".into()), true),
        (with("backfill", backfill), true),
        (with("version", 9.into()), true),
        ("{\"sequence\": 3}".to_owned(), true),
        ("[]".to_owned(), true),
        (String::new(), true),
        // Of another filter: neither uses the cursor.
        (with("filter", "eventType sw \"user\"".into()), false),
    ] {
        std::fs::write(&path, &text).unwrap();
        let check = shell(&fixture, &["check"], &[]).await;
        std::fs::write(&path, &text).unwrap();
        let ship = shell(&fixture, &["ship"], &[]).await;
        assert_eq!(
            (check.code, ship.code),
            (Some(fails.into()), Some(fails.into())),
            "{text}"
        );
        let line = check
            .stdout
            .lines()
            .find(|line| line.contains("  state "))
            .unwrap();
        let (_, words) = line.split_once("  state ").unwrap();
        if fails {
            assert!(
                ship.stderr.contains(words.trim()),
                "{words}\n{}",
                ship.stderr
            );
        }
    }
}
