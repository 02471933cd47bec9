//! A first connection reads its backlog in two lanes. It asks Okta for hardly more pages than one
//! lane would: other clients share the same rate limit.

use std::time::Duration;

use okta_sentinel::ship::Ended;
use sandbox::okta::OrgConfig;

use crate::support::fixture::{Fixture, IngestionApi, for_each_sink};
use crate::support::log_capture::LogCapture;
use crate::support::program::with_timeout;

for_each_sink!(
    without_new_events_two_lanes_ask_once_more_than_one_lane,
    with_some_new_events_two_lanes_ask_once_more_than_one_lane,
    with_many_new_events_two_lanes_ask_three_times_more_than_one_lane_at_most,
    new_events_that_came_meanwhile_are_read_before_the_run_ends,
);

/// Up to this moment, `pages` pages of a hundred events.
fn busy_org(pages: u64, spacing: Duration) -> OrgConfig {
    OrgConfig {
        events: pages * 100,
        spacing,
        max_page: 100,
        ..OrgConfig::default()
    }
}

/// Requests of a run that begins with nothing and brings everything, in two lanes or one.
async fn requests_of(fixture: &Fixture, two_lanes: bool) -> usize {
    let captured = LogCapture::start();
    let report = with_timeout(fixture.run()).await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert_eq!(
        captured.lines_with("lanes_joined").len(),
        usize::from(two_lanes)
    );
    fixture.assert_each_event_is_there_once();
    fixture.org.requests().len()
}

/// One lane asks for each page, and whether there is another.
fn of_one_lane(pages: u64) -> usize {
    usize::try_from(pages).unwrap() + 1
}

async fn with_some_new_events_two_lanes_ask_once_more_than_one_lane(api: IngestionApi) {
    for pages in [2, 3, 20] {
        // Thirty events of the last five minutes, on the backlog's last page.
        let fixture = Fixture::start(api, busy_org(pages, Duration::from_secs(10))).await;
        let requests = requests_of(&fixture, true).await;
        assert_eq!(requests, of_one_lane(pages) + 1, "{pages} pages");
    }
}

async fn with_many_new_events_two_lanes_ask_three_times_more_than_one_lane_at_most(
    api: IngestionApi,
) {
    for pages in [8, 20] {
        // Six hundred events of the last five minutes: a page of them may be cut in two, and each
        // lane reads one that holds its bounds.
        let fixture = Fixture::start(api, busy_org(pages, Duration::from_millis(500))).await;
        let requests = requests_of(&fixture, true).await;
        let most = of_one_lane(pages) + 3;
        assert!(requests <= most, "{requests} for {pages} pages");
    }
}

#[tokio::test]
async fn what_is_no_backlog_is_read_in_one_lane() {
    let pages = 20;
    let fixture = Fixture::with_org(busy_org(pages, Duration::from_millis(20))).await;
    assert_eq!(requests_of(&fixture, false).await, of_one_lane(pages));
}

async fn without_new_events_two_lanes_ask_once_more_than_one_lane(api: IngestionApi) {
    for pages in [2, 6, 20] {
        let org = OrgConfig {
            idle_for: Duration::from_secs(10 * 3600),
            ..busy_org(pages, Duration::from_secs(10))
        };
        let fixture = Fixture::start(api, org).await;
        let requests = requests_of(&fixture, true).await;
        assert_eq!(requests, of_one_lane(pages) + 1, "{pages} pages");
    }
}

async fn new_events_that_came_meanwhile_are_read_before_the_run_ends(api: IngestionApi) {
    let fixture = Fixture::start(api, busy_org(20, Duration::from_millis(500))).await;
    let late = async {
        fixture.org.wait_for_requests(12).await;
        fixture.org.append(3);
    };
    let (requests, ()) = tokio::join!(requests_of(&fixture, true), late);
    assert!(requests <= of_one_lane(20) + 4, "{requests}");
}
