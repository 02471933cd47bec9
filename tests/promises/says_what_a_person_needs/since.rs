//! Where a run starts: `--since`, `--restart`, and the saved cursor.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::one_line;
use crate::support::fixture::Fixture;
use crate::support::program::shell;

/// The `since` of the first request.
fn asked_since(fixture: &Fixture) -> DateTime<Utc> {
    let target = fixture.org.requests().remove(0).target;
    let url: url::Url = format!("http://x{target}").parse().unwrap();
    let mut query = url.query_pairs();
    let (_, since) = query.find(|(name, _)| name == "since").unwrap();
    since.parse().unwrap()
}

#[tokio::test]
async fn since_is_where_a_first_run_starts() {
    let fixture = Fixture::with_events(3).await;
    one_line(&shell(&fixture, &["ship", "--since", "3d"], &[]).await);
    let off = asked_since(&fixture) - (Utc::now() - TimeDelta::days(3));
    assert!(off.abs() < TimeDelta::minutes(2), "{off}");

    let fixture = Fixture::with_events(3).await;
    let at = (Utc::now() - TimeDelta::days(20)).to_rfc3339_opts(SecondsFormat::Secs, true);
    one_line(&shell(&fixture, &["ship", "--since", &at], &[]).await);
    assert_eq!(asked_since(&fixture), at.parse::<DateTime<Utc>>().unwrap());
}

#[tokio::test]
async fn a_since_that_is_no_time_is_wrong_usage_with_an_example() {
    let fixture = Fixture::with_events(3).await;
    let ahead = (Utc::now() + TimeDelta::days(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
    for (given, needed) in [
        ("yesterday", "7d, 12h, 30m or 2026-11-01T00:00:00Z"),
        ("", "7d, 12h, 30m or 2026-11-01T00:00:00Z"),
        ("3 d", "7d, 12h, 30m or 2026-11-01T00:00:00Z"),
        ("7ä", "7d, 12h, 30m or 2026-11-01T00:00:00Z"),
        ("2026-11-01", "7d, 12h, 30m or 2026-11-01T00:00:00Z"),
        ("4294967295d", "7d, 12h, 30m or 2026-11-01T00:00:00Z"),
        (&ahead, "lies in the future"),
    ] {
        let output = shell(&fixture, &["ship", "--since", given], &[]).await;
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (Some(2), ""),
            "{given}"
        );
        assert!(output.stderr.contains(needed), "{given}: {}", output.stderr);
        assert!(
            output.stderr.contains("--since"),
            "{given}: {}",
            output.stderr
        );
    }
    assert_eq!(fixture.org.requests().len(), 0);
}

#[tokio::test]
async fn a_since_older_than_the_log_is_moved_with_one_warning() {
    let fixture = Fixture::with_events(3).await;
    let output = shell(&fixture, &["ship", "--since", "2020-01-01T00:00:00Z"], &[]).await;
    assert_eq!(output.code, Some(0));
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    let begins = "warning: --since: Okta keeps its log for 90 days, so the first run starts at 20";
    assert!(output.stderr.starts_with(begins), "{}", output.stderr);
    let off = asked_since(&fixture) - (Utc::now() - TimeDelta::days(90));
    assert!(off.abs() < TimeDelta::minutes(2), "{off}");
}

#[tokio::test]
async fn a_saved_cursor_wins_over_since_and_restart_discards_it() {
    let fixture = Fixture::with_events(30).await;
    one_line(&shell(&fixture, &["ship"], &[]).await);
    fixture.org.append(2);
    let output = shell(&fixture, &["ship", "--since", "3d"], &[]).await;
    assert_eq!(output.code, Some(0));
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    let begins =
        "warning: --since is where a first run starts; there is a saved cursor, which wins";
    assert!(output.stderr.starts_with(begins), "{}", output.stderr);
    assert!(
        output.stdout.starts_with("shipped 2 events"),
        "{}",
        output.stdout
    );
    fixture.assert_each_event_is_there_once();

    let again = shell(&fixture, &["ship", "--since", "3d", "--restart"], &[]).await;
    assert!(one_line(&again).starts_with("shipped 32 events"));
    let table = fixture.workspace.table("Okta_CL");
    assert!(fixture.org.ids().all(|id| table.times_seen(&id) == 2));
    let after = shell(&fixture, &["ship"], &[]).await;
    assert!(one_line(&after).starts_with("nothing new"));
}
