//! Okta's `next` link leads on through the log. Where it does not, the run says so, and nothing is
//! lost or shipped again.

use okta_sentinel::okta::api::error::{OktaError, OktaErrorKind};
use okta_sentinel::ship::{Ended, RunError, RunReport};
use sandbox::okta::{Fault, OrgConfig};

use crate::support::fixture::{Fixture, run};

#[track_caller]
fn caught_up(report: &RunReport) {
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
}

#[track_caller]
fn error(report: &RunReport) -> &OktaError {
    match &report.ended {
        Ended::Failed(RunError::Okta(error)) => error,
        _ => panic!("{report}"),
    }
}

async fn small_pages(events: u64, max_page: usize) -> Fixture {
    Fixture::with_org(OrgConfig {
        events,
        max_page,
        ..OrgConfig::default()
    })
    .await
}

#[tokio::test]
async fn a_full_page_without_a_way_on_is_shipped_and_ends_the_run_with_an_error() {
    let without_relation = b"</api/v1/logs?after=1_1>; title=\"next\"".to_vec();
    for (fault, words) in [
        (Fault::NoNext, "without a Link header"),
        (Fault::Link(without_relation), "without a Link header"),
        (
            Fault::Link(b"no link at all".to_vec()),
            "without a Link header",
        ),
        (Fault::NextIsSelf, "leads to the same page again"),
        // Stands for the same parameters in another order.
        (
            Fault::NextElsewhere(String::new()),
            "leads to the same page again",
        ),
    ] {
        let fixture = Fixture::with_events(0).await;
        caught_up(&fixture.run().await);
        fixture.org.append(1_500);
        let fault = match fault {
            Fault::NextElsewhere(_) => Fault::NextElsewhere(in_another_order(&fixture)),
            fault => fault,
        };
        fixture.org.faults().always(fault.clone());
        let report = fixture.run().await;
        let said = error(&report).to_string();
        assert!(
            said.contains("1000 events") && said.contains(words),
            "{fault:?}: {said}"
        );
        assert!(
            said.contains("proxy") && said.contains("Link header"),
            "{said}"
        );
        assert_eq!(report.events, 1_000, "{report}");

        let report = fixture.run().await;
        error(&report);
        assert_eq!((report.events, report.repeats), (0, 1_000), "{report}");

        fixture.org.faults().clear();
        let report = fixture.run().await;
        caught_up(&report);
        assert_eq!(report.events, 500, "{report}");
        fixture.assert_each_event_is_there_once();
    }
}

/// The saved cursor with its parameters in another order.
fn in_another_order(fixture: &Fixture) -> String {
    let cursor = fixture.cursor()["cursor"].as_str().unwrap().to_owned();
    let (path, query) = cursor.split_once('?').unwrap();
    let mut parameters: Vec<&str> = query.split('&').collect();
    parameters.reverse();
    let link = format!("{path}?{}", parameters.join("&"));
    assert_ne!(link, cursor);
    link
}

#[tokio::test]
async fn a_short_or_empty_page_without_a_way_on_is_the_end() {
    for fault in [Fault::NoNext, Fault::NextIsSelf] {
        let fixture = Fixture::with_events(0).await;
        fixture.org.faults().always(fault);
        caught_up(&fixture.run().await);
        fixture.org.append(999);
        for events in [999, 0] {
            let report = fixture.run().await;
            caught_up(&report);
            assert_eq!(report.events, events, "{report}");
        }
        fixture.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn links_in_a_circle_ship_each_event_once_and_end_the_run() {
    // The position that the second, third or fourth page leads back to, by ever-new links.
    for (pages, back_to) in [(2, 0), (3, 100), (4, 0), (2, 100), (3, 50)] {
        let fixture = small_pages(1_000, 100).await;
        let faults = fixture.org.faults();
        for circle in 0..20 {
            faults.on_request(pages + circle * 2, Fault::NextAt(back_to));
        }
        faults.always(Fault::NextAt(back_to));
        for number in 1..pages {
            faults.on_request(number, Fault::NextAt(number * 100));
        }
        let mut events = 0;
        for _ in 0..5 {
            let report = fixture.run().await;
            let said = error(&report);
            assert!(
                matches!(said.kind, OktaErrorKind::LinksInCircle { .. }),
                "{said}"
            );
            events += report.events;
            let table = fixture.workspace.table("Okta_CL");
            assert!(table.repeated_ids().is_empty(), "{pages} {back_to}");
        }
        assert!(events >= (pages - 1) * 100, "{events}");
        faults.clear();
        caught_up(&fixture.run().await);
        fixture.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn a_link_to_a_page_that_was_read_ends_the_run() {
    let fixture = small_pages(0, 100).await;
    caught_up(&fixture.run().await);
    let first = fixture.cursor()["cursor"].as_str().unwrap().to_owned();
    fixture.org.append(300);
    // A, B, A.
    let number = fixture.org.requests().len() as u64;
    fixture
        .org
        .faults()
        .on_request(number + 2, Fault::NextElsewhere(first.clone()));
    let report = fixture.run().await;
    let said = error(&report);
    assert!(
        matches!(said.kind, OktaErrorKind::LinksInCircle { .. }),
        "{said}"
    );
    assert!(said.to_string().contains("in a circle"), "{said}");
    assert_eq!((report.events, report.okta_requests), (200, 2), "{report}");
    caught_up(&fixture.run().await);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_link_that_must_not_be_followed_is_neither_asked_nor_saved() {
    let fixture = Fixture::with_events(5).await;
    caught_up(&fixture.run().await);
    fixture.org.append(3);
    let (before, shipped) = (fixture.cursor(), fixture.workspace.table("Okta_CL").rows());
    let own = fixture.org.url().to_owned();
    let long = format!("after=1_1&x={}", "1".repeat(9_000));
    for (query, word) in [
        ("after=1_1&until=2026-01-01T00:00:00Z", "until"),
        ("after=1_1&until=2999-01-01T00:00:00Z", "until"),
        ("after=1_1&limit=0", "limit"),
        ("after=1_1&limit=5000", "limit"),
        ("after=1_1&sortOrder=DESCENDING", "sortOrder"),
        ("after=1_1&after=1_2", "more than once"),
        ("after=1_1&filter=eventType+eq+%22x%22", "filter"),
        ("after=1_1&q=x", "q"),
        ("after=1_1#fragment", "fragment"),
        ("limit=1000", "no position"),
        (long.as_str(), "8190"),
    ] {
        let link = format!("{own}/api/v1/logs?{query}");
        fixture
            .org
            .faults()
            .push(Fault::NextElsewhere(link.clone()));
        let report = fixture.run().await;
        println!("{link}: {report}");
        let said = error(&report);
        assert!(
            matches!(said.kind, OktaErrorKind::UnusableLink { .. }),
            "{said}"
        );
        assert!(said.to_string().contains(word), "{link}: {said}");
        assert_eq!(fixture.cursor(), before, "{link}");

        let mut changed = before.clone();
        changed["cursor"] = link.clone().into();
        let path = fixture.state_of_org().join("cursor.json");
        std::fs::write(&path, changed.to_string()).unwrap();
        let requests = fixture.org.requests().len();
        let report = fixture.run().await;
        let said = error(&report);
        assert!(
            matches!(said.kind, OktaErrorKind::UnusableCursor { .. }),
            "{said}"
        );
        assert!(
            said.to_string().contains(word) && said.to_string().contains("--restart"),
            "{said}"
        );
        assert_eq!(fixture.org.requests().len(), requests, "{link}");
        std::fs::write(&path, before.to_string()).unwrap();
    }
    assert_eq!(fixture.workspace.table("Okta_CL").rows(), shipped);
    assert_eq!(fixture.run().await.events, 3);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_link_with_bytes_beyond_ascii_is_an_error() {
    let fixture = Fixture::with_events(5).await;
    for link in [
        &b"</api/v1/logs?after=1\xe9>; rel=\"next\""[..],
        "</api/v1/logs?after=\u{e9}>; rel=\"next\"".as_bytes(),
        b"</api/v1/logs?after=1>; rel=\"next\xe9\"",
    ] {
        fixture.org.faults().push(Fault::Link(link.to_vec()));
        let report = fixture.run().await;
        let said = error(&report).to_string();
        assert!(said.contains("beyond ASCII"), "{said}");
        assert_eq!(report.events, 0, "{report}");
    }
    // Where it does not touch the link, it does no harm.
    let harmless = b"</api/v1/logs?limit=5>; rel=\"self\"; title=\"Ren\xe9\"";
    fixture.org.faults().push(Fault::Link(harmless.to_vec()));
    caught_up(&fixture.run().await);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_filter_of_our_own_may_come_back_in_a_link() {
    let fixture = Fixture::with_events(1_500).await;
    let filter = [("OKTA_FILTER", "eventType eq \"user.session.start\"")];
    caught_up(&run(&fixture.shipper_with(&filter)).await);
    caught_up(&run(&fixture.shipper_with(&filter)).await);
}
