//! A first connection reads its backlog in two lanes, and asks Okta for hardly more than one lane
//! would: every request of it is one that others cannot make.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use okta_sentinel::ship::Ended;
use sandbox::okta::OrgConfig;

use crate::heard::Heard;
use crate::program::soon;
use crate::town::{Road, Town, on_both_roads};

on_both_roads!(
    with_some_news_two_lanes_ask_once_more_than_one_lane,
    with_much_news_two_lanes_ask_thrice_more_than_one_lane_at_most,
    what_news_came_meanwhile_is_read_before_the_run_ends,
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
async fn requests_of(town: &Town, two_lanes: bool) -> usize {
    let heard = Heard::listen();
    let report = soon(town.run()).await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert_eq!(
        heard.lines_with("lanes_joined").len(),
        usize::from(two_lanes)
    );
    town.assert_each_event_is_there_once();
    town.org.requests().len()
}

/// One lane asks for each page, and whether there is another.
fn of_one_lane(pages: u64) -> usize {
    usize::try_from(pages).unwrap() + 1
}

async fn with_some_news_two_lanes_ask_once_more_than_one_lane(road: Road) {
    for pages in [2, 3, 20] {
        // Thirty events of the last five minutes, on the backlog's last page.
        let town = Town::by(road, busy_org(pages, Duration::from_secs(10))).await;
        let requests = requests_of(&town, true).await;
        assert_eq!(requests, of_one_lane(pages) + 1, "{pages} pages");
    }
}

async fn with_much_news_two_lanes_ask_thrice_more_than_one_lane_at_most(road: Road) {
    for pages in [8, 20] {
        // Six hundred events of the last five minutes: a page of them may be cut in two, and each
        // lane reads one that holds its bounds.
        let town = Town::by(road, busy_org(pages, Duration::from_millis(500))).await;
        let requests = requests_of(&town, true).await;
        let most = of_one_lane(pages) + 3;
        assert!(requests <= most, "{requests} for {pages} pages");
    }
}

#[tokio::test]
async fn what_is_no_backlog_is_read_in_one_lane() {
    let pages = 20;
    let town = Town::with(busy_org(pages, Duration::from_millis(20))).await;
    assert_eq!(requests_of(&town, false).await, of_one_lane(pages));
}

#[tokio::test]
async fn without_news_each_page_waits_for_a_look_at_them() {
    let pages = 6;
    let town = Town::with(OrgConfig {
        first_published: Some(Utc::now() - TimeDelta::hours(10)),
        ..busy_org(pages, Duration::from_secs(10))
    });
    let requests = requests_of(&town.await, true).await;
    assert!(requests <= 2 * of_one_lane(pages), "{requests}");
}

async fn what_news_came_meanwhile_is_read_before_the_run_ends(road: Road) {
    let town = Town::by(road, busy_org(20, Duration::from_millis(500))).await;
    let late = async {
        town.org.wait_for_requests(12).await;
        town.org.append(3);
    };
    let (requests, ()) = tokio::join!(requests_of(&town, true), late);
    assert!(requests <= of_one_lane(20) + 4, "{requests}");
}
