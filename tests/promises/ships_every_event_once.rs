use okta_sentinel::ship::Ended;
use sandbox::okta::{EndOfStream, Fault, OrgConfig};

use crate::town::{Road, Town, on_both_roads, run};

on_both_roads!(
    a_first_run_ships_the_backlog_and_the_next_one_only_what_is_new,
    the_end_of_the_log_is_known_in_each_of_its_three_shapes,
    small_pages_are_followed_to_the_end,
    a_first_run_that_fails_leaves_its_start_to_the_next,
    a_late_event_arrives_though_it_is_old,
);

async fn a_first_run_ships_the_backlog_and_the_next_one_only_what_is_new(road: Road) {
    let town = Town::of_by(road, 2_500).await;
    let report = town.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert_eq!((report.events, report.pages, report.repeats), (2_500, 3, 0));
    if road == Road::DataCollector {
        assert_eq!(report.posts, 3);
    }
    town.assert_each_event_is_there_once();

    let report = town.run().await;
    assert_eq!(
        (report.events, report.okta_requests, report.posts),
        (0, 1, 0),
        "{report}"
    );

    town.org.append(7);
    assert_eq!(town.run().await.events, 7);
    town.assert_each_event_is_there_once();
}

async fn the_end_of_the_log_is_known_in_each_of_its_three_shapes(road: Road) {
    for end_of_stream in [
        EndOfStream::NewLink,
        EndOfStream::SameLink,
        EndOfStream::NoLink,
    ] {
        let town = Town::by(
            road,
            OrgConfig {
                events: 1_200,
                end_of_stream,
                ..OrgConfig::default()
            },
        )
        .await;
        for _ in 0..3 {
            let report = town.run().await;
            assert!(
                matches!(report.ended, Ended::CaughtUp),
                "{end_of_stream:?}: {report}"
            );
            town.assert_each_event_is_there_once();
            town.org.append(3);
        }
        assert_eq!(town.run().await.events, 3, "{end_of_stream:?}");
        town.assert_each_event_is_there_once();
    }
}

async fn small_pages_are_followed_to_the_end(road: Road) {
    let town = Town::by(
        road,
        OrgConfig {
            events: 95,
            max_page: 10,
            ..OrgConfig::default()
        },
    )
    .await;
    let report = town.run().await;
    assert_eq!((report.events, report.pages), (95, 10), "{report}");
    town.assert_each_event_is_there_once();
}

async fn a_first_run_that_fails_leaves_its_start_to_the_next(road: Road) {
    let town = Town::of_by(road, 0).await;
    let from_now_on = [("OKTA_BACKFILL_DAYS", "0")];
    town.org.faults().push(Fault::status(401, "E0000011"));
    let report = run(&town.shipper_with(&from_now_on)).await;
    assert!(matches!(report.ended, Ended::Failed(_)), "{report}");
    town.org.append(3);
    // What came in between is older than the second run, whose own "now" would pass it by.
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let report = run(&town.shipper_with(&from_now_on)).await;
    assert_eq!(report.events, 3, "{report}");
    town.assert_each_event_is_there_once();
}

async fn a_late_event_arrives_though_it_is_old(road: Road) {
    let town = Town::of_by(road, 10).await;
    town.run().await;
    town.org
        .append_late(2, std::time::Duration::from_secs(6 * 3600));
    assert_eq!(town.run().await.events, 2);
    town.assert_each_event_is_there_once();
}
