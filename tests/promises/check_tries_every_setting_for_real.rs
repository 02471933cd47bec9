//! `okta-sentinel check`: a line for each part, the remedy on the line of what fails, and every
//! other part still tried.

use sandbox::okta::Fault;

use crate::support::fixture::Fixture;
use crate::support::program::{CommandOutput, UnusedPort, shell};

const PARTS: [&str; 4] = ["settings", "okta", "state", "workspace"];

/// Word, part and text of each line.
#[track_caller]
fn lines(output: &CommandOutput) -> Vec<(&str, &str, &str)> {
    assert_eq!(output.stderr, "");
    let mut lines = Vec::new();
    for line in output.stdout.lines() {
        let (word, rest) = line.split_once(' ').unwrap();
        let (part, text) = rest.trim_start().split_once(' ').unwrap();
        lines.push((word, part, text.trim_start()));
    }
    let parts: Vec<_> = lines.iter().map(|line| line.1).collect();
    assert_eq!(parts, PARTS, "{}", output.stdout);
    lines
}

/// `failing` alone fails, in these words, and all else is tried and found good.
#[track_caller]
fn one_part_fails(output: &CommandOutput, failing: &str, words: &[&str]) {
    for (word, part, text) in lines(output) {
        let due = if part == failing { "FAILED" } else { "ok" };
        assert_eq!(word, due, "{}", output.stdout);
        if part == failing {
            for needed in words {
                assert!(text.contains(needed), "{text} does not say {needed}");
            }
        }
    }
    assert_eq!(output.code, Some(1), "{}", output.stdout);
}

#[tokio::test]
async fn all_good_is_a_row_of_outcome_check_and_nothing_else() {
    let fixture = Fixture::with_events(20).await;
    for _ in 0..2 {
        let output = shell(&fixture, &["check"], &[]).await;
        assert_eq!(output.code, Some(0), "{}", output.stdout);
        assert!(lines(&output).iter().all(|line| line.0 == "ok"));
        assert!(
            output.stdout.contains("no cursor is saved"),
            "{}",
            output.stdout
        );
    }
    assert_eq!(fixture.workspace.tables(), ["OktaConnectorHealth_CL"]);
    let rows = fixture
        .workspace
        .table("OktaConnectorHealth_CL")
        .kept_rows();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row["outcome_s"], "check");
        assert_eq!(row["domain_s"], "127.0.0.1");
    }
    assert!(!fixture.state_of_org().join("cursor.json").exists());

    assert_eq!(fixture.run().await.events, 20);
    let before = fixture.cursor();
    let output = shell(&fixture, &["check"], &[]).await;
    assert!(
        output
            .stdout
            .contains("a cursor is saved, the newest event is of 20")
    );
    assert_eq!(fixture.cursor(), before);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_wrong_token_names_the_setting() {
    let fixture = Fixture::with_events(1).await;
    let output = shell(&fixture, &["check"], &[("OKTA_API_TOKEN", "00wrong")]).await;
    one_part_fails(&output, "okta", &["401", "set OKTA_API_TOKEN"]);
}

#[tokio::test]
async fn a_token_without_the_role_names_the_role() {
    let fixture = Fixture::with_events(1).await;
    fixture.org.faults().always(Fault::status(403, "E0000006"));
    let output = shell(&fixture, &["check"], &[]).await;
    one_part_fails(&output, "okta", &["403", "Report Administrator"]);
}

#[tokio::test]
async fn a_wrong_filter_names_the_setting() {
    let fixture = Fixture::with_events(1).await;
    let output = shell(
        &fixture,
        &["check"],
        &[("OKTA_FILTER", "eventType is nice")],
    )
    .await;
    one_part_fails(&output, "okta", &["400", "correct OKTA_FILTER"]);
}

#[tokio::test]
async fn an_org_that_cannot_be_reached_names_the_setting() {
    let fixture = Fixture::with_events(1).await;
    let unused = UnusedPort::reserve();
    let output = shell(&fixture, &["check"], &[("OKTA_DOMAIN", &unused.url)]).await;
    one_part_fails(&output, "okta", &["cannot be reached", "OKTA_DOMAIN"]);
}

#[tokio::test]
async fn a_wrong_workspace_key_names_the_setting() {
    let fixture = Fixture::with_events(1).await;
    let output = shell(&fixture, &["check"], &[("WORKSPACE_KEY", "aHVudGVyMg==")]).await;
    one_part_fails(&output, "workspace", &["403", "WORKSPACE_KEY"]);
}

#[tokio::test]
async fn a_workspace_that_cannot_be_reached_names_the_settings() {
    let fixture = Fixture::with_events(1).await;
    let unused = UnusedPort::reserve();
    let output = shell(&fixture, &["check"], &[("LOG_ANALYTICS_URI", &unused.url)]).await;
    let words = ["cannot be reached", "WORKSPACE_ID", "LOG_ANALYTICS_URI"];
    one_part_fails(&output, "workspace", &words);
}

#[tokio::test]
async fn a_state_folder_that_cannot_be_written_names_the_setting() {
    let fixture = Fixture::with_events(1).await;
    let file = fixture.state.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let folder = file.join("state");
    let output = shell(
        &fixture,
        &["check"],
        &[("STATE_DIR", folder.to_str().unwrap())],
    )
    .await;
    one_part_fails(&output, "state", &[folder.to_str().unwrap(), "STATE_DIR"]);
}

#[tokio::test]
async fn whatever_fails_the_rest_is_tried() {
    let fixture = Fixture::with_events(1).await;
    let changes = [
        ("OKTA_API_TOKEN", "00wrong"),
        ("WORKSPACE_KEY", "aHVudGVyMg=="),
    ];
    let output = shell(&fixture, &["check"], &changes).await;
    let words: Vec<_> = lines(&output).iter().map(|line| line.0).collect();
    assert_eq!(words, ["ok", "FAILED", "ok", "FAILED"]);
    assert_eq!(output.code, Some(1));
}
