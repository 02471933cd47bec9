//! Other clients share Okta's rate limit. A run uses its share of it, by Okta's own clock, and no
//! more.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use okta_sentinel::ship::Ended;
use sandbox::okta::{Fault, OrgConfig};

use crate::support::fixture::{Fixture, run};

const WINDOW: TimeDelta = TimeDelta::seconds(2);

/// Requests in each of the org's windows, which open with their first request.
fn by_window(fixture: &Fixture) -> Vec<usize> {
    let mut windows: Vec<(DateTime<Utc>, usize)> = Vec::new();
    for request in fixture.org.requests() {
        match windows.last_mut() {
            Some((opened, count)) if request.at < *opened + WINDOW => *count += 1,
            _ => windows.push((request.at, 1)),
        }
    }
    windows.into_iter().map(|(_, count)| count).collect()
}

fn org(clock_skew: TimeDelta) -> OrgConfig {
    OrgConfig {
        events: 48,
        max_page: 4,
        rate_limit: Some(10),
        rate_window: WINDOW.to_std().unwrap(),
        clock_skew,
        ..OrgConfig::default()
    }
}

#[tokio::test]
async fn no_window_sees_more_than_our_share_whatever_the_clocks_say() {
    for hours in [0, 5, -5] {
        let fixture = Fixture::with_org(org(TimeDelta::hours(hours))).await;
        let shipper = fixture.shipper_with(&[("OKTA_RATE_SHARE", "0.5")]);
        let report = run(&shipper).await;
        assert!(matches!(report.ended, Ended::CaughtUp), "{hours}: {report}");
        assert_eq!((report.events, report.okta_429s), (48, 0), "{report}");
        let windows = by_window(&fixture);
        assert!(windows.iter().all(|count| *count <= 5), "{windows:?}");
        // Nor is time wasted: windows of two seconds, seconds that headers round up.
        assert!(report.duration_ms < 12_000, "{hours}: {report}");
        fixture.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn a_share_that_is_spent_for_longer_than_the_run_ends_it_well() {
    let fixture = Fixture::with_org(OrgConfig {
        rate_window: Duration::from_secs(60),
        ..org(TimeDelta::zero())
    })
    .await;
    let changes = [("OKTA_RATE_SHARE", "0.5"), ("RUN_BUDGET_SECONDS", "10")];
    let shipper = fixture.shipper_with(&changes);
    let report = run(&shipper).await;
    let Ended::RateSpent { until } = report.ended else {
        panic!("{report}");
    };
    let wait = (until - Utc::now()).num_seconds();
    assert!((50..=61).contains(&wait), "{wait} s");
    assert!(report.succeeded() && report.duration_ms < 5_000, "{report}");
    let said = report.to_string();
    assert!(said.contains("rate limit is spent until 20"), "{said}");
    assert_eq!((report.events, report.okta_requests), (20, 5), "{report}");

    // A run a minute later has a window of its own; one that comes at once takes one request.
    let report = run(&shipper).await;
    assert_eq!((report.events, report.okta_requests), (4, 1), "{report}");
    assert!(matches!(report.ended, Ended::RateSpent { .. }), "{report}");
    let whole = fixture.shipper_with(&[("OKTA_RATE_SHARE", "1"), ("RUN_BUDGET_SECONDS", "10")]);
    let report = run(&whole).await;
    assert_eq!((report.events, report.okta_429s), (16, 0), "{report}");
    let table = fixture.workspace.table("Okta_CL");
    assert_eq!((table.rows(), table.repeated_ids().len()), (40, 0));
}

#[tokio::test]
async fn a_limit_that_others_have_spent_is_waited_for_or_left_to_the_next_run() {
    let fixture = Fixture::with_events(50).await;
    fixture.org.faults().always(Fault::rate_limited());
    let shipper = fixture.shipper_with(&[("RUN_BUDGET_SECONDS", "10")]);
    let report = run(&shipper).await;
    assert!(matches!(report.ended, Ended::RateSpent { .. }), "{report}");
    assert!(report.succeeded(), "{report}");
    let counts = (report.okta_requests, report.okta_429s, report.events);
    assert_eq!(counts, (1, 1, 0), "{report}");

    fixture.org.faults().clear();
    assert_eq!(fixture.run().await.events, 50);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_storm_of_refusals_is_not_answered_with_a_storm() {
    for storm in [Fault::RetryAfter(0), Fault::concurrency_limited()] {
        let fixture = Fixture::with_events(50).await;
        fixture.org.faults().always(storm.clone());
        let shipper = fixture.shipper_with(&[("RUN_BUDGET_SECONDS", "10")]);
        let report = run(&shipper).await;
        assert!(matches!(report.ended, Ended::RateSpent { .. }), "{report}");
        assert!((2..=12).contains(&report.okta_429s), "{storm:?}: {report}");
        assert_eq!(report.okta_requests, report.okta_429s);

        fixture.org.faults().clear();
        assert_eq!(fixture.run().await.events, 50);
        fixture.assert_each_event_is_there_once();
    }
}
