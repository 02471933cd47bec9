//! Rows count as accepted by the one answer that each API gives then: an empty 200 of the Data
//! Collector, 204 of a rule. Whatever else comes with 2xx is of something on the way, and moves
//! nothing. Okta's pages come with 200 alone.

use std::time::Duration;

use okta_sentinel::log_analytics::batch::Batch;
use okta_sentinel::log_analytics::post_error::Outcome;
use okta_sentinel::log_analytics::tables;
use okta_sentinel::ship::{Begin, Ended, RunReport, Shipper};
use okta_sentinel::telemetry::Log;
use sandbox::okta;
use sandbox::workspace::Fault;
use tokio_util::sync::CancellationToken;

use crate::support::fixture::{Fixture, IngestionApi, for_each_sink, run};
use crate::support::log_capture::LogCapture;
use crate::support::program::shell;
use crate::support::raw_peer::RawPeer;

for_each_sink!(
    any_other_2xx_stops_the_run_and_moves_nothing,
    an_api_sends_no_web_pages,
    a_health_row_is_not_believed_either,
    check_is_not_misled,
    a_dead_letter_stays,
    what_cannot_pass_by_itself_is_not_tried_again,
    what_may_pass_is_tried_again,
);

/// Another body than none, in the shape of each API's errors and in none.
fn with_body(status: u16, content_type: &'static str, body: &'static str) -> Fault {
    Fault::Foreign {
        status,
        content_type,
        body,
    }
}

const JSON: &str = "application/json";

async fn any_other_2xx_stops_the_run_and_moves_nothing(api: IngestionApi) {
    let error = r#"{"Error":"InvalidDataFormat","Message":"no"}"#;
    let nested = r#"{"error":{"code":"InvalidStream","message":"no"}}"#;
    let mut others = vec![
        (Fault::web_page(200), "200 with a web page"),
        (
            with_body(200, "text/plain", "<html>"),
            "200 with a web page",
        ),
        (with_body(200, JSON, error), "200 InvalidDataFormat"),
        (with_body(200, JSON, nested), "200 InvalidStream"),
        (with_body(200, "text/plain", "OK"), "not the API's"),
        (with_body(207, "text/xml", "<multistatus/>"), "207"),
        (Fault::web_page(203), "203 with a web page"),
        (Fault::empty(201), "201"),
        (Fault::empty(202), "202"),
        (Fault::empty(203), "203"),
        (Fault::empty(206), "206"),
        (Fault::empty(299), "299"),
    ];
    others.push(match api {
        IngestionApi::DataCollector => (Fault::empty(204), "204"),
        IngestionApi::LogsIngestion => (Fault::empty(200), "200 with nothing in it"),
    });
    for (fault, words) in others {
        let fixture = Fixture::start_with_events(api, 10).await;
        fixture.workspace.faults().always(fault.clone());
        let report = fixture.run().await;
        let said = report.to_string();
        assert!(said.contains(words) && said.contains("proxy"), "{said}");
        assert_eq!((report.events, report.posts), (0, 0), "{fault:?}");
        let beyond = &fixture.cursor()["accepted_beyond"];
        assert!(beyond.is_null(), "{fault:?}: {beyond}");
        fixture.workspace.faults().clear();
        let asked_so_far = fixture.posts_of_events().len();
        assert_eq!(asked_so_far, 1, "{fault:?}");
        assert_eq!(fixture.run().await.events, 10, "{fault:?}");
        fixture.assert_each_event_is_there_once();
    }
}

async fn an_api_sends_no_web_pages(api: IngestionApi) {
    for status in [400, 401, 403, 407, 511] {
        let fixture = Fixture::start_with_events(api, 10).await;
        let fault = Fault::web_page(status);
        let faults = fixture.workspace.faults();
        faults.always(fault);
        let said = fixture.run().await.to_string();
        assert!(
            said.contains(&format!("{status} with a web page")),
            "{said}"
        );
        assert!(said.contains("proxy"), "{said}");
        for wrong in ["WORKSPACE_KEY", "Monitoring Metrics", "same cloud"] {
            assert!(!said.contains(wrong), "{said}");
        }
        faults.clear();
        assert_eq!(fixture.run().await.events, 10);
        fixture.assert_each_event_is_there_once();
    }
}

async fn a_health_row_is_not_believed_either(api: IngestionApi) {
    let (fixture, captured) = (
        Fixture::start_with_events(api, 3).await,
        LogCapture::start(),
    );
    let spoil_the_row = |report: &RunReport| {
        if report.events == 3 {
            fixture.workspace.faults().always(Fault::web_page(200));
        }
    };
    let shipper = fixture.shipper();
    let report = shipper
        .run(
            Begin::Saved,
            CancellationToken::new(),
            &Log::new("test"),
            &spoil_the_row,
        )
        .await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    let lost = captured.lines_with("health_row_lost");
    assert_eq!(lost.len(), 1);
    assert!(lost[0].contains("200 with a web page"), "{lost:?}");
}

async fn check_is_not_misled(api: IngestionApi) {
    for fault in [Fault::web_page(200), Fault::empty(202)] {
        let fixture = Fixture::start_with_events(api, 1).await;
        fixture.workspace.faults().always(fault.clone());
        let output = shell(&fixture, &["check"], &[]).await;
        assert_eq!(output.code, Some(1), "{fault:?} {}", output.stdout);
        let failed = output.stdout.lines();
        let failed: Vec<_> = failed.filter(|line| line.starts_with("FAILED")).collect();
        assert!(!failed.is_empty(), "{}", output.stdout);
        assert!(
            failed.iter().all(|line| line.contains("proxy")),
            "{failed:?}"
        );
    }
}

async fn a_dead_letter_stays(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 5).await;
    let poison = fixture.org.ids().nth(2).unwrap();
    fixture.workspace.faults().poison(&poison);
    assert_eq!(fixture.run().await.dead_letters, 1);
    fixture.workspace.faults().clear();
    fixture.workspace.faults().always(Fault::web_page(200));
    let output = shell(&fixture, &["dead-letters", "--resend"], &[]).await;
    assert_eq!(output.code, Some(1), "{}", output.stdout);
    assert!(output.stderr.contains("web page"), "{}", output.stderr);
    fixture.workspace.faults().clear();
    let output = shell(&fixture, &["dead-letters", "--resend"], &[]).await;
    assert!(output.stdout.starts_with("accepted "), "{}", output.stdout);
    fixture.assert_each_event_is_there_once();
}

async fn what_cannot_pass_by_itself_is_not_tried_again(api: IngestionApi) {
    for status in [501, 505, 506, 508, 510, 415] {
        for fault in [Fault::status(status, ""), Fault::web_page(status)] {
            let fixture = Fixture::start_with_events(api, 10).await;
            fixture.workspace.faults().always(fault.clone());
            let report = fixture.run().await;
            let said = report.to_string();
            assert_eq!(report.retries, 0, "{said}");
            assert_eq!(fixture.posts_of_events().len(), 1, "{said}");
            assert!(said.contains(&status.to_string()), "{said}");
            if status != 415 || api == IngestionApi::LogsIngestion {
                assert!(said.contains("proxy"), "{said}");
            }
            let is_about_gzip = api == IngestionApi::LogsIngestion && [415, 501].contains(&status);
            assert_eq!(said.contains("gzip"), is_about_gzip, "{said}");
        }
    }
}

async fn what_may_pass_is_tried_again(api: IngestionApi) {
    for fault in [
        Fault::status(500, "UnspecifiedError"),
        Fault::web_page(502),
        Fault::web_page(503),
        Fault::empty(504),
        Fault::status(507, "InsufficientStorage"),
    ] {
        let fixture = Fixture::start_with_events(api, 5).await;
        fixture.workspace.faults().push(fault.clone());
        let report = fixture.run().await;
        assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
        assert_eq!((report.posts, report.retries), (1, 1), "{fault:?}");
        fixture.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn a_refusal_of_the_compression_is_not_one_of_the_rows() {
    for code in [
        "InvalidGzip",
        "UnsupportedContentEncoding",
        "UnsupportedMediaType",
    ] {
        let fixture = Fixture::start_with_events(IngestionApi::LogsIngestion, 10).await;
        let fault = Fault::status(400, code);
        fixture.assert_stopped_with_a_remedy(fault, "gzip").await;
        assert!(!fixture.state_of_org().join("dead-letters").exists());
    }
}

#[tokio::test]
async fn a_200_that_breaks_off_is_of_unknown_fate() {
    let fixture = Fixture::start_with_events(IngestionApi::DataCollector, 0).await;
    for head in ["content-length: 5", "transfer-encoding: chunked"] {
        let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n");
        let peer = RawPeer::answering(move |_| answer.clone().into_bytes()).await;
        let sink = fixture
            .shipper_with(&[("LOG_ANALYTICS_URI", &peer.url)])
            .sink;
        let body = sink.prepare(&Batch::of_one(b"{\"a\":1}"));
        let error = sink.post(&tables::OKTA, &body).await.unwrap_err();
        assert_eq!(error.outcome, Outcome::Broken, "{error}");
    }
}

#[tokio::test]
async fn an_answer_without_a_token_is_none_whatever_its_status() {
    let fixture = Fixture::start_with_events(IngestionApi::LogsIngestion, 3).await;
    for status in [201, 202, 206] {
        fixture.workspace.identity().fail_next(status);
        // The health row finds a token, or none: it is not what this is about.
        let output = shell(&fixture, &["ship"], &[]).await;
        assert_eq!(output.code, Some(1), "{status}: {}", output.stdout);
        assert!(output.stderr.contains("no token"), "{}", output.stderr);
    }
    assert_eq!(fixture.run().await.events, 3);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn only_200_brings_a_page_of_the_log() {
    for fault in [
        okta::Fault::status(202, "E0000009"),
        okta::Fault::status(203, "E0000009"),
        okta::Fault::status(204, "E0000009"),
        okta::Fault::status(206, "E0000009"),
        okta::Fault::Html(200),
        okta::Fault::Html(203),
        okta::Fault::Html(206),
    ] {
        let fixture = Fixture::with_events(10).await;
        fixture.org.faults().always(fault.clone());
        // A page that cannot be read is asked for again as long as the run has time.
        let shipper = Shipper {
            budget: Duration::from_secs(3),
            ..fixture.shipper()
        };
        let report = run(&shipper).await;
        assert!(!report.succeeded(), "{fault:?}: {report}");
        assert_eq!((report.events, report.pages), (0, 0), "{fault:?}");
        fixture.org.faults().clear();
        assert_eq!(fixture.run().await.events, 10, "{fault:?}");
        fixture.assert_each_event_is_there_once();
    }
}
