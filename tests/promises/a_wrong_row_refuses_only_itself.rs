//! A wrong row is set aside and holds nothing up, however few rows there are; where a setting is
//! wrong nothing is set aside. A person may set rows aside all the same.

use std::path::PathBuf;

use chrono::{SecondsFormat, TimeDelta, Utc};
use okta_sentinel::ship::{Begin, Ended, RunError, RunReport, Shipper};
use okta_sentinel::telemetry::Log;
use sandbox::okta::OrgConfig;
use sandbox::workspace::Fault;
use tokio_util::sync::CancellationToken;

use crate::support::fixture::{Fixture, IngestionApi, for_each_sink, run};
use crate::support::log_capture::LogCapture;
use crate::support::program::shell;

for_each_sink!(
    few_wrong_rows_never_hold_a_run_up,
    many_wrong_rows_pass_where_as_many_are_accepted,
    more_wrong_rows_than_right_ones_fail_and_are_named,
    nothing_right_of_a_failed_run_comes_twice,
    a_lone_row_over_the_size_limit_is_set_aside,
    as_many_are_set_aside_as_were_accepted,
    what_refuses_everything_of_a_sudden_sets_nothing_aside,
    a_person_may_set_everything_aside,
    rows_set_aside_are_said_loudly,
);

/// An org whose events at these places are refused.
async fn poisoned(api: IngestionApi, events: u64, poison: &[usize]) -> Fixture {
    let fixture = Fixture::start_with_events(api, events).await;
    let ids: Vec<String> = fixture.org.ids().collect();
    let poison = poison.iter().map(|place| &ids[*place]);
    poison.for_each(|id| fixture.workspace.faults().poison(id));
    fixture
}

fn letters(fixture: &Fixture) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(fixture.state_of_org().join("dead-letters"));
    let letters = folder.into_iter().flatten();
    letters.map(|entry| entry.unwrap().path()).collect()
}

#[track_caller]
fn refused(report: &RunReport) -> String {
    assert!(
        matches!(report.ended, Ended::Failed(RunError::Refused { .. })),
        "{report}"
    );
    report.to_string()
}

async fn few_wrong_rows_never_hold_a_run_up(api: IngestionApi) {
    let in_a_row: Vec<usize> = (0..10).collect();
    for (events, poison) in [
        (1, &[0][..]),
        (2, &[1]),
        (2, &[0, 1]),
        (3, &[0, 1, 2]),
        (30, &[3, 17]),
        (30, &[28, 29]),
        (10, &in_a_row),
        (12, &in_a_row),
    ] {
        let fixture = poisoned(api, events, poison).await;
        let report = fixture.run().await;
        assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
        let wrong = poison.len() as u64;
        assert_eq!(
            (report.events, report.dead_letters),
            (events - wrong, wrong),
            "{poison:?} of {events}"
        );
        assert_eq!(letters(&fixture).len(), poison.len());
        fixture.org.append(3);
        assert_eq!(fixture.run().await.events, 3);
        assert!(fixture.workspace.table("Okta_CL").repeated_ids().is_empty());
    }
}

async fn many_wrong_rows_pass_where_as_many_are_accepted(api: IngestionApi) {
    let scattered: Vec<usize> = (0..11).map(|number| 40 + 80 * number).collect();
    let first: Vec<usize> = (0..11).collect();
    let last: Vec<usize> = (989..1_000).collect();
    let half: Vec<usize> = (0..40).step_by(2).collect();
    let last_half: Vec<usize> = (20..40).collect();
    for (events, poison) in [
        (1_000, scattered),
        (1_000, first),
        (1_000, last),
        (40, half),
        (40, last_half),
    ] {
        let fixture = poisoned(api, events, &poison).await;
        let report = fixture.run().await;
        assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
        let wrong = poison.len() as u64;
        assert_eq!(
            (report.events, report.dead_letters),
            (events - wrong, wrong),
            "{report}"
        );
        assert_eq!(fixture.run().await.events, 0);
        assert!(fixture.workspace.table("Okta_CL").repeated_ids().is_empty());
    }
}

async fn more_wrong_rows_than_right_ones_fail_and_are_named(api: IngestionApi) {
    let poison: Vec<usize> = (0..11).collect();
    let fixture = poisoned(api, 11, &poison).await;
    let before = fixture.org.ids().collect::<Vec<_>>();
    let report = fixture.run().await;
    let said = refused(&report);
    let named = before.iter().filter(|id| said.contains(id.as_str()));
    assert_eq!(named.count(), 10, "{said}");
    for words in [
        "11 of 11 rows",
        "and 1 more",
        "400 InvalidDataFormat",
        "okta-sentinel ship --set-aside-refused",
        "nothing is lost",
    ] {
        assert!(said.contains(words), "{said} without {words}");
    }
    assert_eq!(letters(&fixture).len(), 0);
    fixture.workspace.faults().clear();
    assert_eq!(fixture.run().await.events, 11);
    fixture.assert_each_event_is_there_once();
}

async fn nothing_right_of_a_failed_run_comes_twice(api: IngestionApi) {
    let poison: Vec<usize> = (0..21).map(|number| number * 2 % 41).collect();
    let fixture = poisoned(api, 40, &poison[..20]).await;
    fixture
        .workspace
        .faults()
        .poison(&fixture.org.ids().nth(1).unwrap());
    let report = fixture.run().await;
    refused(&report);
    let right = report.events;
    assert!(right > 0, "{report}");
    // The same again: what is accepted by now counts, and nothing of it is posted again.
    for _ in 0..3 {
        refused(&fixture.run().await);
    }
    assert!(fixture.workspace.table("Okta_CL").repeated_ids().is_empty());
    fixture.workspace.faults().clear();
    fixture.run().await;
    fixture.assert_each_event_is_there_once();
}

async fn a_lone_row_over_the_size_limit_is_set_aside(api: IngestionApi) {
    let fixture = Fixture::start_with_events(api, 0).await;
    // Random text, so that compression does not help.
    let mut random = fastrand::Rng::with_seed(1);
    let text: String = std::iter::repeat_with(|| random.alphanumeric())
        .take(4_000)
        .collect();
    let published = Utc::now() - TimeDelta::minutes(1);
    let published = published.to_rfc3339_opts(SecondsFormat::Millis, true);
    let event = |place: u32| {
        format!(
            r#"{{"uuid":"00000000-0000-4000-8000-{place:012}","published":"{published}","eventType":"user.session.start","displayMessage":"{text}"}}"#
        )
    };
    fixture.org.append_raw(vec![event(1).into()]);
    match api {
        // 404 is a matter of size for a large body alone.
        IngestionApi::DataCollector => {
            let too_large = Fault::status(413, "RequestEntityTooLarge");
            fixture.workspace.faults().push(too_large);
        }
        IngestionApi::LogsIngestion => fixture.workspace.faults().refuse_larger_than(2_000),
    }
    let report = fixture.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert_eq!((report.events, report.dead_letters), (0, 1), "{report}");
    fixture.workspace.faults().clear();
    fixture.org.append(2);
    assert_eq!(fixture.run().await.events, 2);
}

async fn as_many_are_set_aside_as_were_accepted(api: IngestionApi) {
    let org = OrgConfig {
        events: 60,
        max_page: 20,
        ..OrgConfig::default()
    };
    let fixture = Fixture::start(api, org).await;
    let ids: Vec<String> = fixture.org.ids().collect();
    ids.iter()
        .skip(20)
        .for_each(|id| fixture.workspace.faults().poison(id));
    let report = fixture.run().await;
    refused(&report);
    // A page as large as what was accepted is set aside, and no more than that.
    assert_eq!((report.events, report.dead_letters), (20, 20), "{report}");
    fixture.workspace.faults().clear();
    fixture.run().await;
    assert!(fixture.workspace.table("Okta_CL").repeated_ids().is_empty());
    assert_eq!(fixture.workspace.table("Okta_CL").distinct_ids(), 40);
}

async fn what_refuses_everything_of_a_sudden_sets_nothing_aside(api: IngestionApi) {
    for (events, accepted_first) in [(3, false), (10, false), (60, true), (60, false)] {
        let org = OrgConfig {
            events,
            max_page: 20,
            ..OrgConfig::default()
        };
        let fixture = Fixture::start(api, org).await;
        let everything = Fault::status(400, "InvalidDataFormat");
        if !accepted_first {
            fixture.workspace.faults().always(everything.clone());
        }
        let after_a_page = |report: &RunReport| {
            if report.events == 20 {
                fixture.workspace.faults().always(everything.clone());
            }
        };
        let shipper = fixture.shipper();
        let (stop, log) = (CancellationToken::new(), Log::new("test"));
        let report = shipper.run(Begin::Saved, stop, &log, &after_a_page).await;
        refused(&report);
        assert_eq!(report.dead_letters, 0, "{report}");
        assert_eq!(report.events, if accepted_first { 20 } else { 0 });
        fixture.workspace.faults().clear();
        fixture.run().await;
        fixture.assert_each_event_is_there_once();
    }
}

async fn a_person_may_set_everything_aside(api: IngestionApi) {
    let poison: Vec<usize> = (0..25).collect();
    let fixture = poisoned(api, 30, &poison).await;
    let output = shell(&fixture, &["ship"], &[]).await;
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    assert!(
        output.stderr.contains("ship --set-aside-refused"),
        "{}",
        output.stderr
    );
    let output = shell(&fixture, &["ship", "--set-aside-refused"], &[]).await;
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output.stdout.contains("25 refused rows"),
        "{}",
        output.stdout
    );
    assert_eq!(letters(&fixture).len(), 25);
    let table = fixture.workspace.table("Okta_CL");
    assert_eq!((table.distinct_ids(), table.repeated_ids().len()), (5, 0));
    // It is no setting: the next run has the rule again.
    let more: Vec<String> = fixture.org.ids().collect();
    fixture.org.append(11);
    let new = fixture.org.ids().skip(more.len());
    new.for_each(|id| fixture.workspace.faults().poison(&id));
    refused(&fixture.run().await);

    fixture.workspace.faults().clear();
    let output = shell(&fixture, &["dead-letters", "--resend"], &[]).await;
    assert_eq!(output.code, Some(0), "{}", output.stdout);
    fixture.run().await;
    fixture.assert_each_event_is_there_once();
}

async fn rows_set_aside_are_said_loudly(api: IngestionApi) {
    let (fixture, captured) = (poisoned(api, 5, &[1, 3]).await, LogCapture::start());
    let report = fixture.run().await;
    assert_eq!(captured.lines_with("ERROR").len(), 2, "{report}");
    let ended = captured.lines_with("run_ended");
    assert!(ended[0].contains("WARN"), "{ended:?}");
    assert!(ended[0].contains("2 refused rows"), "{ended:?}");
    assert!(ended[0].contains("okta-sentinel dead-letters"), "{ended:?}");
    let health = fixture.workspace.table("OktaConnectorHealth_CL");
    assert_eq!(health.rows(), 1);
}

#[tokio::test]
async fn a_wrong_setting_of_a_quiet_org_sets_nothing_aside() {
    // Codes of 400 are written down nowhere.
    for code in ["InvalidStream", "InvalidApiVersion", "SomethingNew", ""] {
        let fixture = Fixture::start_with_events(IngestionApi::LogsIngestion, 3).await;
        fixture.workspace.faults().always(Fault::status(400, code));
        for _ in 0..3 {
            let report = fixture.run().await;
            assert!(!report.succeeded(), "{code}: {report}");
            assert_eq!(report.dead_letters, 0, "{code}: {report}");
        }
        assert_eq!(letters(&fixture).len(), 0);
        fixture.workspace.faults().clear();
        assert_eq!(fixture.run().await.events, 3);
        fixture.assert_each_event_is_there_once();
    }
    for fault in [
        Fault::unauthorized(),
        Fault::status(400, "InvalidLogType"),
        Fault::status(404, "NotFound"),
    ] {
        let fixture = Fixture::with_events(3).await;
        fixture.workspace.faults().always(fault);
        let report = fixture.run().await;
        assert!(!report.succeeded() && report.dead_letters == 0, "{report}");
    }
}

#[tokio::test]
async fn an_org_whose_every_event_is_too_large_is_not_walked_to_its_end() {
    let fixture = Fixture::with_events(0).await;
    let published = Utc::now() - TimeDelta::minutes(1);
    let published = published.to_rfc3339_opts(SecondsFormat::Millis, true);
    let text = "a".repeat(8_100_000);
    let event = |place: u32| {
        format!(
            r#"{{"uuid":"00000000-0000-4000-8000-{place:012}","published":"{published}","displayMessage":"{text}"}}"#
        )
    };
    fixture
        .org
        .append_raw((0..12).map(|place| event(place).into()).collect());
    let report = fixture.run().await;
    let said = refused(&report);
    assert!(
        said.contains("8000000 bytes") && said.contains("11 of 11"),
        "{said}"
    );
    assert_eq!(report.dead_letters, 10, "{said}");
    let on_purpose = Shipper {
        set_aside_refused: true,
        ..fixture.shipper()
    };
    let report = run(&on_purpose).await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert!(report.dead_letters > 0, "{report}");
}
