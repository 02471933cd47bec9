use std::time::Duration;

use okta_sentinel::ship::{Ended, RunError};
use sandbox::okta::OrgConfig;
use sandbox::workspace::Fault;

use crate::support::fixture::{Fixture, IngestionApi, for_each_sink, run};

for_each_sink!(
    a_temporary_refusal_is_retried_with_the_same_bytes,
    a_lost_answer_repeats_that_one_batch_and_no_other,
    a_body_that_is_too_large_is_halved_until_it_is_taken,
    one_poison_row_becomes_a_dead_letter_and_the_others_go_on,
    a_poison_row_left_alone_by_a_run_that_broke_off_blocks_nothing,
    rows_are_not_set_aside_when_it_cannot_be_the_rows,
    the_retries_of_one_post_end_with_the_budget_and_the_next_run_goes_on,
    rows_say_when_they_happened,
);

async fn a_temporary_refusal_is_retried_with_the_same_bytes(api: IngestionApi) {
    for fault in [
        Fault::status(500, "UnspecifiedError"),
        Fault::unavailable(),
        Fault::throttled(None),
        Fault::throttled(Some(0)),
        Fault::status(408, "RequestTimeout"),
        Fault::ResetBeforeBodyRead,
    ] {
        let fixture = Fixture::start_with_events(api, 30).await;
        fixture.workspace.faults().push(fault.clone());
        let report = fixture.run().await;
        assert!(
            matches!(report.ended, Ended::CaughtUp),
            "{fault:?}: {report}"
        );
        assert_eq!((report.posts, report.retries), (1, 1), "{fault:?}");
        let posts = fixture.posts_of_events();
        assert_eq!(posts.len(), 2, "{fault:?}");
        if posts[0].sha256.is_some() {
            assert_eq!(posts[0].sha256, posts[1].sha256, "{fault:?}");
        }
        fixture.assert_each_event_is_there_once();
    }
}

async fn a_lost_answer_repeats_that_one_batch_and_no_other(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 2_500).await;
    fixture.workspace.faults().push(Fault::ResetAfterAccept);
    assert_eq!(fixture.run().await.events, 2_500);
    let table = fixture.workspace.table("Okta_CL");
    let repeated = table.repeated_ids().len();
    assert_eq!(table.distinct_ids(), 2_500);
    let posts = fixture.posts_of_events();
    let lost = posts.iter().find(|post| post.rows == repeated as u64);
    assert!(lost.is_some() && repeated <= 1_000, "{repeated}");
}

#[tokio::test]
async fn a_wrong_setting_stops_the_run_with_its_remedy_and_loses_nothing() {
    for (fault, remedy) in [
        (Fault::unauthorized(), "set WORKSPACE_KEY"),
        (Fault::status(400, "InvalidCustomerId"), "set WORKSPACE_ID"),
        (Fault::status(400, "InactiveCustomer"), "set WORKSPACE_ID"),
        (Fault::status(400, "InvalidLogType"), "correct LOG_TYPE"),
        (Fault::status(400, "InvalidApiVersion"), "LOG_ANALYTICS_URI"),
        (
            Fault::status(404, "NotFound"),
            "check WORKSPACE_ID and LOG_ANALYTICS_URI",
        ),
        (Fault::status(302, "Found"), "check LOG_ANALYTICS_URI"),
    ] {
        let fixture = Fixture::with_events(10).await;
        fixture.assert_stopped_with_a_remedy(fault, remedy).await;
    }
}

async fn a_body_that_is_too_large_is_halved_until_it_is_taken(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 900).await;
    fixture.workspace.faults().refuse_larger_than(match api {
        IngestionApi::DataCollector => 1_100_000,
        IngestionApi::LogsIngestion => 20_000,
    });
    let report = fixture.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert!(report.posts > 1, "{report}");
    fixture.assert_each_event_is_there_once();
}

async fn one_poison_row_becomes_a_dead_letter_and_the_others_go_on(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 400).await;
    let poison = fixture.org.ids().nth(123).unwrap();
    fixture.workspace.faults().poison(&poison);
    let report = fixture.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert_eq!((report.events, report.dead_letters), (399, 1));
    let table = fixture.workspace.table("Okta_CL");
    assert_eq!(table.distinct_ids(), 399);
    assert!(table.repeated_ids().is_empty());

    let letters: Vec<_> = std::fs::read_dir(fixture.state_of_org().join("dead-letters"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert_eq!(letters.len(), 1);
    let letter: serde_json::Value = serde_json::from_str(&letters[0]).unwrap();
    assert_eq!(letter["table"], "Okta_CL");
    let uuid = match api {
        IngestionApi::DataCollector => "uuid",
        IngestionApi::LogsIngestion => "uuid_g",
    };
    assert_eq!(letter["rows"][0][uuid], poison.as_str());
    assert!(
        letter["reason"]
            .as_str()
            .unwrap()
            .contains("400 InvalidDataFormat"),
        "{letter}"
    );

    fixture.org.append(5);
    assert_eq!(fixture.run().await.events, 5);
}

async fn a_poison_row_left_alone_by_a_run_that_broke_off_blocks_nothing(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 400).await;
    let poison: Vec<String> = fixture.org.ids().skip(100).step_by(100).collect();
    poison
        .iter()
        .for_each(|id| fixture.workspace.faults().poison(id));
    // The first run ends when all rows but these are accepted, and these not yet set aside.
    drop(fixture.shipper().store.open().await.unwrap());
    let letters = fixture.state_of_org().join("dead-letters");
    std::fs::write(&letters, "in the way").unwrap();
    let report = fixture.run().await;
    assert!(
        matches!(report.ended, Ended::Failed(RunError::Store(_))),
        "{report}"
    );
    assert_eq!(report.dead_letters, 0);
    assert_eq!(report.events, 397, "{report}");

    std::fs::remove_file(letters).unwrap();
    let report = fixture.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert_eq!((report.events, report.dead_letters), (0, 3));
    assert!(fixture.workspace.table("Okta_CL").repeated_ids().is_empty());
}

async fn rows_are_not_set_aside_when_it_cannot_be_the_rows(api: IngestionApi) {
    // Everything is refused: a setting, or the service.
    let fixture = Fixture::start_with_events(api, 1_500).await;
    fixture
        .workspace
        .faults()
        .always(Fault::status(400, "InvalidDataFormat"));
    let report = fixture.run().await;
    assert!(
        matches!(report.ended, Ended::Failed(RunError::Refused { .. })),
        "{report}"
    );
    assert_eq!((report.events, report.dead_letters), (0, 0));
    assert!(!fixture.state_of_org().join("dead-letters").exists());
    fixture.workspace.faults().clear();
    assert_eq!(fixture.run().await.events, 1_500);
    fixture.assert_each_event_is_there_once();

    // More than half are refused; what was accepted beside them stays accepted.
    let fixture = Fixture::start_with_events(api, 40).await;
    let poison: Vec<String> = fixture.org.ids().skip(19).collect();
    poison
        .iter()
        .for_each(|id| fixture.workspace.faults().poison(id));
    let report = fixture.run().await;
    assert!(
        matches!(report.ended, Ended::Failed(RunError::Refused { .. })),
        "{report}"
    );
    assert_eq!(report.dead_letters, 0);
    let shipped = report.events;
    assert!(shipped > 0, "{report}");
    fixture.workspace.faults().clear();
    assert_eq!(fixture.run().await.events, 40 - shipped);
    fixture.assert_each_event_is_there_once();
}

async fn the_retries_of_one_post_end_with_the_budget_and_the_next_run_goes_on(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 10).await;
    fixture
        .workspace
        .faults()
        .always(Fault::throttled(Some(3_600)));
    let report = fixture.run().await;
    assert!(
        matches!(report.ended, Ended::Failed(RunError::Post(_))),
        "{report}"
    );
    assert!(report.duration_ms < 5_000, "{report}");
    fixture.workspace.faults().clear();
    assert_eq!(fixture.run().await.events, 10);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn the_next_page_is_on_its_way_while_a_batch_is_posted() {
    let fixture = Fixture::with_org(OrgConfig {
        events: 50,
        max_page: 10,
        ..OrgConfig::default()
    })
    .await;
    fixture.workspace.faults().push(Fault::Stall);
    let shipper = fixture.shipper();
    let both = async {
        fixture.workspace.faults().wait_for_stalled(1).await;
        // The first page is being posted; the second one has been asked for all the same.
        fixture.org.wait_for_requests(2).await;
        fixture.workspace.faults().release();
    };
    let (report, ()) = tokio::join!(run(&shipper), both);
    assert_eq!(report.events, 50, "{report}");
    // One page in flight ahead, and no more than that.
    let second_post = fixture.posts_of_events()[1].at;
    let before = fixture
        .org
        .requests()
        .iter()
        .filter(|seen| seen.at < second_post)
        .count();
    assert!(
        before <= 3,
        "{before} pages were asked for before the second post"
    );
    fixture.assert_each_event_is_there_once();
}

async fn rows_say_when_they_happened(api: IngestionApi) {
    let age = Duration::from_secs(3 * 86_400);
    let fixture = Fixture::start_with_events(api, 5).await;
    fixture.org.append_late(1, age);
    fixture.run().await;
    let table = fixture.workspace.table("Okta_CL");
    assert_eq!(table.rewritten_times(), 1);
}
