//! A temporary error is retried within the run. A permanent one ends it with the code and the
//! remedy. In neither case is an event lost or repeated.

use std::time::Duration;

use okta_sentinel::ship::Ended;
use sandbox::okta::{Fault, OrgConfig};
use tokio::task::JoinSet;

use crate::support::fixture::{Fixture, run};

/// Okta's windows made short, so that waiting for the end of one takes a test no minute.
async fn fixture_of(events: u64) -> Fixture {
    Fixture::with_org(OrgConfig {
        events,
        rate_window: Duration::from_secs(1),
        ..OrgConfig::default()
    })
    .await
}

async fn passes(name: &'static str, fault: Fault, expected_429s: u64) {
    let fixture = fixture_of(2_500).await;
    fixture.org.faults().on_request(2, fault);
    let report = fixture.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{name}: {report}");
    assert_eq!(
        (report.events, report.retries, report.okta_429s),
        (2_500, 1, expected_429s),
        "{name}: {report}"
    );
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn temporary_errors_are_retried_within_the_run() {
    let table = [
        ("rate 429", Fault::rate_limited(), 1),
        ("concurrency 429", Fault::concurrency_limited(), 1),
        ("429 with Retry-After", Fault::RetryAfter(1), 1),
        ("500 E0000009", Fault::status(500, "E0000009"), 0),
        ("500 E0000053", Fault::status(500, "E0000053"), 0),
        ("503 E0000010", Fault::status(503, "E0000010"), 0),
        ("408", Fault::status(408, "E0000009"), 0),
        ("502 of a proxy", Fault::Html(502), 0),
        ("reset before headers", Fault::ResetBeforeHeaders, 0),
        ("reset mid body", Fault::ResetMidBody, 0),
        ("cut body", Fault::CutBody, 0),
        ("bad JSON", Fault::BadJson, 0),
        ("object", Fault::NotAnArray, 0),
    ];
    let mut rows = JoinSet::new();
    for (name, fault, expected_429s) in table {
        rows.spawn(passes(name, fault, expected_429s));
    }
    rows.join_all().await;
}

async fn lasts(fault: Fault, words: &[&str]) {
    let fixture = fixture_of(1_200).await;
    let report = fixture.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    fixture.org.append(50);
    let before = fixture.cursor();
    let posts = fixture.posts_of_events().len();

    fixture.org.faults().always(fault.clone());
    let report = run(&fixture.shipper_with(&[("RUN_BUDGET_SECONDS", "10")])).await;
    let Ended::Failed(error) = &report.ended else {
        panic!("{fault:?}: {report}");
    };
    let said = error.to_string();
    for word in words {
        assert!(said.contains(word), "{fault:?}: {word:?} is not in {said}");
    }
    assert!(!said.contains(fixture.org.token()), "{said}");
    assert!(!report.succeeded() && report.to_string().contains(&said));
    assert_eq!(fixture.cursor(), before, "{fault:?}");
    assert_eq!(fixture.posts_of_events().len(), posts, "{fault:?}");

    fixture.org.faults().clear();
    let report = fixture.run().await;
    assert!(
        matches!(report.ended, Ended::CaughtUp),
        "{fault:?}: {report}"
    );
    assert_eq!(report.events, 50, "{fault:?}: {report}");
    fixture.assert_each_event_is_there_once();
}

#[rustfmt::skip]
#[tokio::test]
async fn permanent_errors_end_the_run_with_their_code_and_their_remedy() {
    let status = Fault::status;
    let table: Vec<(Fault, &'static [&'static str])> = vec![
        (status(400, "E0000001"), &["400 E0000001 Api validation failed", "OKTA_FILTER"]),
        (status(400, "E0000031"), &["400 E0000031", "OKTA_FILTER"]),
        (status(400, "E0000053"), &["400 E0000053 Invalid filter", "OKTA_FILTER"]),
        (status(401, "E0000011"), &["401 E0000011 Invalid token provided", "set OKTA_API_TOKEN"]),
        (status(401, "E0000004"), &["401 E0000004 Authentication failed", "set OKTA_API_TOKEN"]),
        (status(403, "E0000006"), &["403 E0000006 You do not have permission", "Report Administrator"]),
        (status(403, "access_denied"), &["403 access_denied", "network zone", "outbound addresses"]),
        (status(404, "E0000007"), &["404 E0000007 Not found", "OKTA_DOMAIN"]),
        (status(404, "E0000008"), &["404 E0000008", "OKTA_DOMAIN"]),
        (status(405, "E0000022"), &["405 E0000022", "OKTA_DOMAIN"]),
        (Fault::Html(404), &["404 with a web page instead of JSON", "OKTA_DOMAIN"]),
        (Fault::Redirect("http://127.0.0.1:1/login?secret=1".into()), &["redirects to http://127.0.0.1:1/login;", "set OKTA_DOMAIN"]),
        (status(500, "E0000009"), &["500 E0000009", "did not finish the query in time", "status.okta.com"]),
        (status(500, "E0000053"), &["500 E0000053", "status.okta.com"]),
        (status(503, "E0000010"), &["503 E0000010 Service is in read only mode", "status.okta.com"]),
        (Fault::Html(502), &["502 with a web page", "status.okta.com"]),
        (Fault::ResetBeforeHeaders, &["broke its answer off", "firewall"]),
        (status(501, "E0000009"), &["501 E0000009", "an answer that the System Log API does not have"]),
        (Fault::Html(511), &["511 with a web page", "an answer that the System Log API does not have"]),
        (Fault::CutBody, &["cannot be read", "does a proxy in between change its answers"]),
        (Fault::BadJson, &["cannot be read", "does a proxy in between change its answers"]),
        (Fault::NotAnArray, &["no list of events; it begins `{\"events\":", "OKTA_DOMAIN"]),
    ];
    let mut rows = JoinSet::new();
    for (fault, words) in table {
        rows.spawn(lasts(fault, words));
    }
    rows.join_all().await;
}

#[tokio::test]
async fn a_failure_that_takes_the_rest_of_the_runs_time_is_told() {
    let fixture = fixture_of(50).await;
    fixture.org.faults().push(Fault::status(503, "E0000010"));
    fixture.org.faults().always(Fault::Stall);
    let report = run(&fixture.shipper_with(&[("RUN_BUDGET_SECONDS", "10")])).await;
    let Ended::Failed(error) = &report.ended else {
        panic!("{report}");
    };
    assert!(error.to_string().contains("503 E0000010"), "{error}");
}

#[tokio::test]
async fn an_org_that_is_not_there_is_told_with_what_to_check() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let fixture = Fixture::with_events(0).await;
    let unused = format!("http://127.0.0.1:{port}");
    let changes = [
        ("OKTA_DOMAIN", unused.as_str()),
        ("RUN_BUDGET_SECONDS", "10"),
    ];
    let report = run(&fixture.shipper_with(&changes)).await;
    let said = report.to_string();
    assert!(!report.succeeded(), "{said}");
    for word in ["cannot be reached", "refused", "OKTA_DOMAIN"] {
        assert!(said.contains(word), "{said}");
    }
}
