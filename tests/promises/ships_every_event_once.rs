use okta_sentinel::ship::Ended;
use sandbox::okta::{EndOfStream, Fault, OrgConfig};

use crate::support::fixture::{Fixture, IngestionApi, for_each_sink, run};

for_each_sink!(
    a_first_run_ships_the_backlog_and_the_next_one_only_what_is_new,
    the_end_of_the_log_is_known_in_each_of_its_three_shapes,
    small_pages_are_followed_to_the_end,
    a_first_run_that_fails_leaves_its_start_to_the_next,
    a_late_event_arrives_though_it_is_old,
);

async fn a_first_run_ships_the_backlog_and_the_next_one_only_what_is_new(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 2_500).await;
    let report = fixture.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert_eq!((report.events, report.pages, report.repeats), (2_500, 3, 0));
    if api == IngestionApi::DataCollector {
        assert_eq!(report.posts, 3);
    }
    fixture.assert_each_event_is_there_once();

    let report = fixture.run().await;
    assert_eq!(
        (report.events, report.okta_requests, report.posts),
        (0, 1, 0),
        "{report}"
    );

    fixture.org.append(7);
    assert_eq!(fixture.run().await.events, 7);
    fixture.assert_each_event_is_there_once();
}

async fn the_end_of_the_log_is_known_in_each_of_its_three_shapes(api: IngestionApi) {
    for end_of_stream in [
        EndOfStream::NewLink,
        EndOfStream::SameLink,
        EndOfStream::NoLink,
    ] {
        let fixture = Fixture::start(
            api,
            OrgConfig {
                events: 1_200,
                end_of_stream,
                ..OrgConfig::default()
            },
        )
        .await;
        for _ in 0..3 {
            let report = fixture.run().await;
            assert!(
                matches!(report.ended, Ended::CaughtUp),
                "{end_of_stream:?}: {report}"
            );
            fixture.assert_each_event_is_there_once();
            fixture.org.append(3);
        }
        assert_eq!(fixture.run().await.events, 3, "{end_of_stream:?}");
        fixture.assert_each_event_is_there_once();
    }
}

async fn small_pages_are_followed_to_the_end(api: IngestionApi) {
    let fixture = Fixture::start(
        api,
        OrgConfig {
            events: 95,
            max_page: 10,
            ..OrgConfig::default()
        },
    )
    .await;
    let report = fixture.run().await;
    assert_eq!((report.events, report.pages), (95, 10), "{report}");
    fixture.assert_each_event_is_there_once();
}

async fn a_first_run_that_fails_leaves_its_start_to_the_next(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 0).await;
    let from_now_on = [("OKTA_BACKFILL_DAYS", "0")];
    fixture.org.faults().push(Fault::status(401, "E0000011"));
    let report = run(&fixture.shipper_with(&from_now_on)).await;
    assert!(matches!(report.ended, Ended::Failed(_)), "{report}");
    fixture.org.append(3);
    // What came in between is older than the second run, whose own "now" would pass it by.
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let report = run(&fixture.shipper_with(&from_now_on)).await;
    assert_eq!(report.events, 3, "{report}");
    fixture.assert_each_event_is_there_once();
}

async fn a_late_event_arrives_though_it_is_old(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 10).await;
    fixture.run().await;
    fixture
        .org
        .append_late(2, std::time::Duration::from_secs(6 * 3600));
    assert_eq!(fixture.run().await.events, 2);
    fixture.assert_each_event_is_there_once();
}
