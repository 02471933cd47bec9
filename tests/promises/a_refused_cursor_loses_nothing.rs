//! Okta documents no lifetime of a cursor. A cursor that it refuses makes the run read some minutes
//! of the log again; no event is lost or repeated.

use std::time::Duration;

use okta_sentinel::ship::{Ended, RunReport};
use sandbox::okta::{Fault, OrgConfig, StartGiven};
use sandbox::workspace;

use crate::support::fixture::{Fixture, IngestionApi, for_each_sink, run};
use crate::support::log_capture::LogCapture;

for_each_sink!(
    a_cursor_that_has_expired_falls_back_to_a_time_and_leaves_out_what_is_there,
    a_cursor_refused_in_the_middle_of_a_run_is_no_different,
    a_log_of_days_is_read_again_for_minutes_only,
    a_cursor_that_okta_never_gave_out_is_refused_likewise,
    events_that_came_late_are_neither_lost_nor_repeated,
);

#[track_caller]
fn caught_up(report: &RunReport) {
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
}

/// The saved document with its cursor made another.
fn plant(fixture: &Fixture, cursor: &str) {
    let mut document = fixture.cursor();
    document["cursor"] = cursor.into();
    let path = fixture.state_of_org().join("cursor.json");
    std::fs::write(path, document.to_string()).unwrap();
}

async fn a_cursor_that_has_expired_falls_back_to_a_time_and_leaves_out_what_is_there(
    api: IngestionApi,
) {
    let captured = LogCapture::start();
    let fixture = Fixture::start_with_events(api, 1_200).await;
    caught_up(&fixture.run().await);
    let asked = fixture.org.requests().len();
    fixture.org.append(5);
    fixture.org.faults().push(Fault::ExpireCursors);
    let report = fixture.run().await;
    caught_up(&report);
    // 1,200 events, a tenth of a second apart, lie within the overlap.
    assert_eq!((report.events, report.repeats), (5, 1_200), "{report}");
    fixture.assert_each_event_is_there_once();
    let requests = fixture.org.requests();
    let starts: Vec<_> = requests[asked..].iter().map(|seen| seen.start).collect();
    assert_eq!(starts[..2], [StartGiven::After, StartGiven::Since]);
    assert!(
        starts[2..].iter().all(|start| *start == StartGiven::After),
        "{starts:?}"
    );
    let lines = captured.lines_with("cursor_lost");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("400 E0000001"), "{lines:?}");

    // The end of the log was reached: nothing is compared any more.
    assert_eq!(fixture.cursor().get("rereading"), None);
    let report = fixture.run().await;
    assert_eq!((report.events, report.repeats), (0, 0), "{report}");
}

async fn a_cursor_refused_in_the_middle_of_a_run_is_no_different(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 2_900).await;
    fixture.org.faults().on_request(3, Fault::ExpireCursors);
    let report = fixture.run().await;
    caught_up(&report);
    assert_eq!(report.events, 2_900, "{report}");
    assert_eq!(report.repeats, 2_000, "{report}");
    fixture.assert_each_event_is_there_once();
}

async fn a_log_of_days_is_read_again_for_minutes_only(api: IngestionApi) {
    let fixture = Fixture::start(
        api,
        OrgConfig {
            events: 4_000,
            spacing: Duration::from_secs(60),
            ..OrgConfig::default()
        },
    )
    .await;
    caught_up(&fixture.run().await);
    fixture.org.faults().push(Fault::ExpireCursors);
    let report = fixture.run().await;
    caught_up(&report);
    assert!((1..=16).contains(&report.repeats), "{report}");
    fixture.assert_each_event_is_there_once();
}

async fn a_cursor_that_okta_never_gave_out_is_refused_likewise(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 300).await;
    caught_up(&fixture.run().await);
    fixture.org.append(3);
    let garbage = format!(
        "{}/api/v1/logs?after=%00garbage&limit=1000",
        fixture.org.url()
    );
    plant(&fixture, &garbage);
    let report = fixture.run().await;
    caught_up(&report);
    assert_eq!((report.events, report.repeats), (3, 300), "{report}");
    fixture.assert_each_event_is_there_once();
}

async fn events_that_came_late_are_neither_lost_nor_repeated(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 300).await;
    caught_up(&fixture.run().await);
    let hours = Duration::from_secs(6 * 3600);
    fixture.org.append_late(4, hours);
    caught_up(&fixture.run().await);
    fixture.org.append_late(7, hours);
    fixture.org.append(2);
    fixture.org.faults().push(Fault::ExpireCursors);
    let report = fixture.run().await;
    caught_up(&report);
    assert_eq!(report.events, 9, "{report}");
    fixture.assert_each_event_is_there_once();
}

/// A run that is dropped as soon as Okta has been asked the question that stalls, and the
/// workspace has these rows: nothing else is under way then but a save.
async fn killed_at_the_stall(fixture: &Fixture, rows: u64) {
    let at_the_stall = async {
        fixture.org.faults().wait_for_stalled(1).await;
        fixture.workspace.wait_for_rows("Okta_CL", rows).await;
        // A save to a folder has nothing that a test could wait for.
        tokio::time::sleep(Duration::from_millis(600)).await;
    };
    tokio::select! {
        report = fixture.run() => panic!("{report}"),
        () = at_the_stall => {}
    }
}

#[tokio::test]
async fn a_run_killed_while_it_reads_again_repeats_nothing() {
    // 1,500 of the 4,000 events that are read again are there already: pages of 1,000.
    for (pages, rows) in [(1, 1_500), (2, 2_000), (3, 3_000)] {
        let fixture = Fixture::with_events(1_500).await;
        caught_up(&fixture.run().await);
        fixture.org.append(2_500);
        let asked = fixture.org.requests().len() as u64;
        let faults = fixture.org.faults();
        faults.on_request(asked + 1, Fault::ExpireCursors);
        faults.on_request(asked + 2 + pages, Fault::Stall);
        killed_at_the_stall(&fixture, rows).await;
        caught_up(&fixture.run().await);
        fixture.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn a_run_killed_while_it_reads_its_own_pages_again_repeats_nothing() {
    let fixture = Fixture::with_events(3_500).await;
    fixture.org.faults().on_request(3, Fault::ExpireCursors);
    // Request 4 reads the first page again, 5 would read the second.
    fixture.org.faults().on_request(5, Fault::Stall);
    killed_at_the_stall(&fixture, 2_000).await;
    caught_up(&fixture.run().await);
    fixture.assert_each_event_is_there_once();
}

/// A page that spans hours, of which the workspace took the first half and then nothing.
async fn fixture_with_half_a_page() -> Fixture {
    let fixture = Fixture::with_org(OrgConfig {
        events: 1_000,
        spacing: Duration::from_secs(60),
        ..OrgConfig::default()
    })
    .await;
    let faults = fixture.workspace.faults();
    faults.push(workspace::Fault::status(400, "InvalidDataFormat"));
    faults.push(workspace::Fault::SlowAnswer(Duration::ZERO));
    faults.push(workspace::Fault::unauthorized());
    let report = fixture.run().await;
    assert!(!report.succeeded() && report.events == 500, "{report}");
    fixture
}

#[tokio::test]
async fn a_page_that_was_half_accepted_loses_nothing_though_it_spans_hours() {
    let fixture = fixture_with_half_a_page().await;
    let garbage = format!("{}/api/v1/logs?after=gone&limit=1000", fixture.org.url());
    plant(&fixture, &garbage);
    caught_up(&fixture.run().await);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_filter_changed_after_half_a_page_repeats_nothing_even_without_recent_ids() {
    let fixture = fixture_with_half_a_page().await;
    // As a kill leaves it: recent-ids are saved once a minute only.
    std::fs::remove_file(fixture.state_of_org().join("recent-ids")).unwrap();
    let filter = "eventType eq \"user.session.start\"";
    caught_up(&run(&fixture.shipper_with(&[("OKTA_FILTER", filter)])).await);
    let repeated = fixture.workspace.table("Okta_CL").repeated_ids();
    assert!(repeated.is_empty(), "{repeated:?}");
}

#[tokio::test]
async fn damaged_recent_ids_are_told_and_the_run_goes_on() {
    let captured = LogCapture::start();
    let fixture = Fixture::with_events(300).await;
    caught_up(&fixture.run().await);
    std::fs::write(fixture.state_of_org().join("recent-ids"), "not ours").unwrap();
    fixture.org.append(5);
    fixture.org.faults().push(Fault::ExpireCursors);
    let report = run(&fixture.shipper()).await;
    caught_up(&report);
    // What was accepted before cannot be known again; nothing is lost all the same.
    let table = fixture.workspace.table("Okta_CL");
    assert!(fixture.org.ids().all(|id| table.times_seen(&id) >= 1));
    let lines = captured.lines_with("recent_ids_damaged");
    assert_eq!(lines.len(), 1, "{lines:?}");

    fixture.org.append(5);
    fixture.org.faults().push(Fault::ExpireCursors);
    let report = fixture.run().await;
    assert_eq!((report.events, report.repeats), (5, 305), "{report}");
}
