//! Whatever shape Okta's pages take, each event arrives once and the log's end is found.

use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta, Utc};
use okta_sentinel::ship::{Ended, RunReport};
use sandbox::okta::{Fault, OrgConfig, PageOrder};

use crate::support::fixture::{Fixture, run};
use crate::support::log_capture::LogCapture;

/// Over the cap of 8,000,000 bytes.
const TOO_LARGE: usize = 8_100_000;

#[track_caller]
fn caught_up(report: &RunReport) {
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
}

/// The page sizes asked for, in order.
fn limits(fixture: &Fixture) -> Vec<u32> {
    let of = |target: &str| {
        let (_, after) = target.split_once("limit=")?;
        after.split('&').next()?.parse().ok()
    };
    let requests = fixture.org.requests();
    requests
        .iter()
        .map(|request| of(&request.target).unwrap())
        .collect()
}

/// An event of a minute ago in Okta's naming, its text as given.
fn event(uuid: Option<&str>, text: &str) -> bytes::Bytes {
    let published = Utc::now() - TimeDelta::minutes(1);
    let published = published.to_rfc3339_opts(SecondsFormat::Millis, true);
    let uuid = uuid.map(|uuid| format!("\"uuid\":\"{uuid}\","));
    let uuid = uuid.unwrap_or_default();
    format!("{{{uuid}\"published\":\"{published}\",\"eventType\":\"user.session.start\",\"displayMessage\":\"{text}\"}}").into()
}

fn uuid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

#[tokio::test]
async fn a_page_over_the_cap_is_asked_for_smaller_until_it_fits() {
    let fixture = Fixture::with_events(2_600).await;
    fixture.org.faults().push_n(3, Fault::Oversize(TOO_LARGE));
    let report = fixture.run().await;
    caught_up(&report);
    fixture.assert_each_event_is_there_once();
    let asked = limits(&fixture);
    assert_eq!(
        asked[..7],
        [1000, 500, 250, 125, 250, 500, 1000],
        "{asked:?}"
    );
    assert!(asked[7..].iter().all(|limit| *limit == 1000), "{asked:?}");

    fixture.org.append(3);
    assert_eq!(fixture.run().await.events, 3);
    assert_eq!(limits(&fixture).last(), Some(&1000));
}

#[tokio::test]
async fn an_event_over_the_cap_is_set_aside_and_the_rest_goes_on() {
    let fixture = Fixture::with_events(30).await;
    let giant = uuid(1);
    let text = "a".repeat(TOO_LARGE);
    fixture.org.append_raw(vec![event(Some(&giant), &text)]);
    fixture.org.append(30);
    let report = fixture.run().await;
    caught_up(&report);
    assert_eq!((report.events, report.dead_letters), (60, 1), "{report}");
    let table = fixture.workspace.table("Okta_CL");
    for id in fixture.org.ids() {
        assert_eq!(table.times_seen(&id), u32::from(id != giant), "{id}");
    }
    let letters = std::fs::read_dir(fixture.state_of_org().join("dead-letters")).unwrap();
    let letters: Vec<_> = letters.map(|entry| entry.unwrap().path()).collect();
    let letter = std::fs::read_to_string(&letters[0]).unwrap();
    assert!(letter.contains("8000000 bytes"), "{letter}");
    assert_eq!(letters.len(), 1);

    let report = fixture.run().await;
    assert_eq!((report.events, report.dead_letters), (0, 0), "{report}");
}

#[tokio::test]
async fn a_body_without_end_is_given_up_and_nothing_is_skipped() {
    let fixture = Fixture::with_events(1_200).await;
    fixture.org.faults().push(Fault::EndlessBody);
    caught_up(&fixture.run().await);
    fixture.assert_each_event_is_there_once();

    fixture.org.append(9);
    let before = fixture.cursor();
    fixture.org.faults().always(Fault::EndlessBody);
    let report = fixture.run().await;
    let said = report.to_string();
    assert!(said.contains("more than 8000000 bytes"), "{said}");
    assert!(!report.succeeded() && report.dead_letters == 0, "{said}");
    assert_eq!(fixture.cursor(), before);

    fixture.org.faults().clear();
    assert_eq!(fixture.run().await.events, 9);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn an_empty_page_ends_the_run_and_the_next_one_goes_on_from_its_link() {
    let fixture = Fixture::with_events(1_200).await;
    fixture.org.faults().push(Fault::EmptyPageWithNext);
    let report = fixture.run().await;
    caught_up(&report);
    assert_eq!((report.events, report.okta_requests), (0, 1), "{report}");
    let saved = fixture.cursor()["cursor"].as_str().unwrap().to_owned();
    assert!(saved.contains("after="), "{saved}");
    assert_eq!(fixture.run().await.events, 1_200);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_page_with_more_events_than_were_asked_for_is_refused() {
    let fixture = Fixture::with_events(30).await;
    fixture.run().await;
    fixture.org.append(5);
    let before = fixture.cursor();
    for body in [
        format!("[{}1]", "1,".repeat(1_000_000)),
        format!("[{}{{}}]", "{},".repeat(1_000)),
        format!("[{}{{}}]", "{\"a\":},".repeat(1_000)),
    ] {
        fixture.org.faults().always(Fault::Body(body.into()));
        let report = run(&fixture.shipper_with(&[("RUN_BUDGET_SECONDS", "10")])).await;
        let said = report.to_string();
        assert!(said.contains("more than the 1000 events"), "{said}");
        assert_eq!((report.events, report.dead_letters), (0, 0), "{said}");
        assert_eq!(fixture.cursor(), before);
    }
    fixture.org.faults().clear();
    assert_eq!(fixture.run().await.events, 5);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_page_without_a_link_is_read_again_for_what_it_gains() {
    let fixture = Fixture::with_events(1_500).await;
    fixture.org.faults().on_request(2, Fault::NoNext);
    let report = fixture.run().await;
    caught_up(&report);
    assert_eq!(report.events, 1_500);
    fixture.org.append(4);
    let report = fixture.run().await;
    assert_eq!((report.events, report.repeats), (4, 500), "{report}");
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn an_org_that_never_rests_does_not_keep_a_run_going() {
    let fixture = Fixture::with_events(40).await;
    let never_rests = async {
        for request in 1.. {
            fixture.org.wait_for_requests(request).await;
            fixture.org.append(1);
        }
    };
    let report = tokio::select! {
        report = fixture.run() => report,
        () = never_rests => unreachable!(),
    };
    caught_up(&report);
    assert!(report.duration_ms < 10_000, "{report}");
    caught_up(&fixture.run().await);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn an_event_that_comes_twice_is_shipped_once() {
    // The second page is asked for twice: what the first one held must not be forgotten by then.
    for unreadable_once in [false, true] {
        let fixture = Fixture::with_org(OrgConfig {
            max_page: 4,
            ..OrgConfig::default()
        })
        .await;
        let ids = [1, 2, 2, 3, 3, 4, 5, 6].map(uuid);
        let events = ids.iter().map(|id| event(Some(id), id)).collect();
        fixture.org.append_raw(events);
        if unreadable_once {
            fixture.org.faults().on_request(2, Fault::BadJson);
        }
        let report = fixture.run().await;
        caught_up(&report);
        assert_eq!((report.events, report.repeats), (6, 2), "{report}");
        let table = fixture.workspace.table("Okta_CL");
        assert!(ids.iter().all(|id| table.times_seen(id) == 1));
    }
}

#[tokio::test]
async fn two_events_that_share_a_uuid_and_differ_both_count() {
    let fixture = Fixture::with_events(0).await;
    let shared = uuid(7);
    let events = ["one", "another"].map(|text| event(Some(&shared), text));
    fixture.org.append_raw(events.to_vec());
    let report = fixture.run().await;
    assert_eq!((report.events, report.repeats), (2, 0), "{report}");
    assert_eq!(fixture.workspace.table("Okta_CL").times_seen(&shared), 2);
}

#[tokio::test]
async fn an_event_with_the_id_of_one_on_the_page_before_counts_where_it_differs() {
    let captured = LogCapture::start();
    let fixture = Fixture::with_org(OrgConfig {
        max_page: 3,
        ..OrgConfig::default()
    })
    .await;
    let shared = uuid(7);
    let texts = [
        "a", "b", "one", "one", "another", "one", "another", "c", "third",
    ];
    let events = texts.map(|text| match text.len() {
        1 => event(Some(&uuid(u32::from(text.as_bytes()[0]))), text),
        _ => event(Some(&shared), text),
    });
    fixture.org.append_raw(events.to_vec());
    let report = fixture.run().await;
    caught_up(&report);
    // `one` comes again on the second page, twice, and `another` on the third.
    assert_eq!((report.events, report.repeats), (6, 3), "{report}");
    assert_eq!(fixture.workspace.table("Okta_CL").times_seen(&shared), 3);
    let lines = captured.lines_with("same_id");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].contains("1 event(s)") && lines[0].contains("other content"),
        "{lines:?}"
    );
    assert_eq!(fixture.run().await.events, 0);
}

#[tokio::test]
async fn events_without_uuid_are_shipped_and_named_in_one_line() {
    let captured = LogCapture::start();
    let fixture = Fixture::with_events(5).await;
    let events = ["a", "b", "c"].map(|text| event(None, text));
    fixture.org.append_raw(events.to_vec());
    let report = fixture.run().await;
    caught_up(&report);
    assert_eq!(report.events, 8, "{report}");
    assert_eq!(fixture.workspace.table("Okta_CL").rows_without_id(), 3);
    let lines = captured.lines_with("event_without_uuid");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("3 event(s)"), "{lines:?}");
    assert_eq!(fixture.run().await.events, 0);
}

#[tokio::test]
async fn the_order_within_a_page_does_not_matter() {
    for page_order in [PageOrder::Reversed, PageOrder::Shuffled] {
        let fixture = Fixture::with_org(OrgConfig {
            events: 2_300,
            page_order,
            ..OrgConfig::default()
        })
        .await;
        caught_up(&fixture.run().await);
        fixture.org.append(20);
        assert_eq!(fixture.run().await.events, 20, "{page_order:?}");
        fixture.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn a_page_that_comes_in_small_pieces_is_waited_for() {
    let fixture = Fixture::with_events(300).await;
    fixture.org.faults().always(Fault::SlowBody {
        chunk: 1_000,
        delay: Duration::from_millis(2),
    });
    let report = fixture.run().await;
    caught_up(&report);
    assert_eq!((report.events, report.retries), (300, 0), "{report}");
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn okta_running_out_of_time_twice_is_asked_for_smaller_pages() {
    let fixture = Fixture::with_events(2_000).await;
    fixture
        .org
        .faults()
        .push_n(2, Fault::status(500, "E0000009"));
    let report = fixture.run().await;
    caught_up(&report);
    let asked = limits(&fixture);
    assert_eq!(asked[..4], [1000, 1000, 500, 1000], "{asked:?}");
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_changed_filter_goes_on_a_little_before_the_newest_event_and_repeats_nothing() {
    let fixture = Fixture::with_events(1_500).await;
    let filter = "eventType eq \"user.session.start\"";
    let filtered = run(&fixture.shipper_with(&[("OKTA_FILTER", filter)])).await;
    caught_up(&filtered);
    assert!((1..1_500).contains(&filtered.events), "{filtered}");
    let requests = fixture.org.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.target.contains("filter=eventType")),
        "{requests:?}"
    );

    let report = fixture.run().await;
    caught_up(&report);
    assert_eq!(report.repeats, filtered.events, "{report}");
    fixture.assert_each_event_is_there_once();
}
