//! Where a run starts: `--since`, `--restart`, and what is saved.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::one_line;
use crate::program::shell;
use crate::town::Town;

/// The `since` of the first request.
fn asked_since(town: &Town) -> DateTime<Utc> {
    let target = town.org.requests().remove(0).target;
    let url: url::Url = format!("http://x{target}").parse().unwrap();
    let mut query = url.query_pairs();
    let (_, since) = query.find(|(name, _)| name == "since").unwrap();
    since.parse().unwrap()
}

#[tokio::test]
async fn since_is_where_a_first_run_starts() {
    let town = Town::of(3).await;
    one_line(&shell(&town, &["ship", "--since", "3d"], &[]).await);
    let off = asked_since(&town) - (Utc::now() - TimeDelta::days(3));
    assert!(off.abs() < TimeDelta::minutes(2), "{off}");

    let town = Town::of(3).await;
    let at = (Utc::now() - TimeDelta::days(20)).to_rfc3339_opts(SecondsFormat::Secs, true);
    one_line(&shell(&town, &["ship", "--since", &at], &[]).await);
    assert_eq!(asked_since(&town), at.parse::<DateTime<Utc>>().unwrap());
}

#[tokio::test]
async fn a_since_that_is_no_time_is_wrong_usage_with_an_example() {
    let town = Town::of(3).await;
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
        let said = shell(&town, &["ship", "--since", given], &[]).await;
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{given}");
        assert!(said.stderr.contains(needed), "{given}: {}", said.stderr);
        assert!(said.stderr.contains("--since"), "{given}: {}", said.stderr);
    }
    assert_eq!(town.org.requests().len(), 0);
}

#[tokio::test]
async fn a_since_older_than_the_log_is_moved_with_one_warning() {
    let town = Town::of(3).await;
    let said = shell(&town, &["ship", "--since", "2020-01-01T00:00:00Z"], &[]).await;
    assert_eq!(said.code, Some(0));
    assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
    let begins = "warning: --since: Okta keeps its log for 90 days, so the first run starts at 20";
    assert!(said.stderr.starts_with(begins), "{}", said.stderr);
    let off = asked_since(&town) - (Utc::now() - TimeDelta::days(90));
    assert!(off.abs() < TimeDelta::minutes(2), "{off}");
}

#[tokio::test]
async fn a_saved_cursor_wins_over_since_and_restart_discards_it() {
    let town = Town::of(30).await;
    one_line(&shell(&town, &["ship"], &[]).await);
    town.org.append(2);
    let said = shell(&town, &["ship", "--since", "3d"], &[]).await;
    assert_eq!(said.code, Some(0));
    assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
    let begins =
        "warning: --since is where a first run starts; there is a saved cursor, which wins";
    assert!(said.stderr.starts_with(begins), "{}", said.stderr);
    assert!(
        said.stdout.starts_with("shipped 2 events"),
        "{}",
        said.stdout
    );
    town.assert_each_event_is_there_once();

    let again = shell(&town, &["ship", "--since", "3d", "--restart"], &[]).await;
    assert!(one_line(&again).starts_with("shipped 32 events"));
    let table = town.workspace.table("Okta_CL");
    assert!(town.org.ids().all(|id| table.times_seen(&id) == 2));
    let after = shell(&town, &["ship"], &[]).await;
    assert!(one_line(&after).starts_with("nothing new"));
}
