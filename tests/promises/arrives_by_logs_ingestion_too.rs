//! The Logs Ingestion API: compressed calls, an identity's token, a role that takes its time, and
//! each refusal with its own consequence. What both APIs promise is tested where it is promised,
//! by both.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use okta_sentinel::ship::Ended;
use sandbox::okta::OrgConfig;
use sandbox::workspace::{Config, Fault, Post, RuleConfig};

use crate::support::fixture::{Fixture, IngestionApi, run, workspace_config};
use crate::support::log_capture::LogCapture;
use crate::support::program::shell;

async fn fixture(events: u64) -> Fixture {
    Fixture::start_with_events(IngestionApi::LogsIngestion, events).await
}

fn accepted(fixture: &Fixture) -> Vec<Post> {
    let posts = fixture.posts_of_events().into_iter();
    posts.filter(|post| post.stored).collect()
}

#[tokio::test]
async fn calls_hold_a_million_bytes_of_one_page_and_are_compressed() {
    let pages = 10;
    let org = OrgConfig {
        events: pages * 1_000,
        // All of the last minutes: a backlog would have calls of its own.
        spacing: Duration::from_millis(10),
        ..OrgConfig::default()
    };
    let fixture = Fixture::start(IngestionApi::LogsIngestion, org).await;
    let report = fixture.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    fixture.assert_each_event_is_there_once();
    let posts = accepted(&fixture);
    assert_eq!(posts.len() as u64, report.posts);
    let plain: u64 = posts.iter().map(|post| post.plain_bytes).sum();
    let wire: u64 = posts.iter().map(|post| post.bytes).sum();
    println!("{} calls, {plain} bytes, {wire} on the wire", posts.len());
    assert!(posts.iter().all(|post| post.plain_bytes <= 1_000_000));
    // The last call of a page holds what is left of it.
    let full = posts.iter().filter(|post| post.plain_bytes > 950_000);
    assert!(full.count() as u64 + pages >= report.posts, "{posts:?}");
    assert!(wire * 4 < plain, "{plain} bytes, {wire} on the wire");
}

#[tokio::test]
async fn a_run_that_ends_before_a_call_is_full_posts_what_there_is() {
    let fixture = fixture(0).await;
    for news in [3, 7] {
        fixture.org.append(news);
        let report = fixture.run().await;
        assert_eq!((report.events, report.posts), (news, 1), "{report}");
    }
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn rows_do_not_wait_for_a_full_call_while_oktas_rate_is_spent() {
    let org = OrgConfig {
        events: 1_000,
        max_page: 100,
        rate_limit: Some(3),
        spacing: std::time::Duration::from_millis(100),
        ..OrgConfig::default()
    };
    let fixture = Fixture::start(IngestionApi::LogsIngestion, org).await;
    let shipper = fixture.shipper_with(&[("RUN_BUDGET_SECONDS", "20")]);
    let report = run(&shipper).await;
    assert!(matches!(report.ended, Ended::RateSpent { .. }), "{report}");
    let read: usize = fixture.org.requests().iter().map(|seen| seen.events).sum();
    assert!(read > 0, "{report}");
    assert_eq!(report.events, read as u64, "{report}");
}

#[tokio::test]
async fn a_run_cut_between_two_calls_of_a_page_loses_and_repeats_nothing() {
    let fixture = fixture(2_000).await;
    fixture.workspace.faults().push(Fault::unauthorized());
    let report = fixture.run().await;
    assert!(matches!(report.ended, Ended::Failed(_)), "{report}");
    let accepted: u64 = accepted(&fixture).iter().map(|post| post.rows).sum();
    assert!((200..1_000).contains(&accepted), "{accepted}");
    // The cursor stands before the page that some calls have a part of.
    let cursor = fixture.cursor();
    let beyond = STANDARD.decode(cursor["accepted_beyond"].as_str().unwrap());
    assert_eq!(beyond.unwrap().len() as u64, 16 * accepted, "{cursor}");
    let report = fixture.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert_eq!(report.events, 2_000 - accepted);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_run_killed_between_two_calls_of_a_page_repeats_what_was_accepted_of_it() {
    let fixture = fixture(2_000).await;
    let faults = fixture.workspace.faults();
    faults.push(Fault::Stall);
    tokio::select! {
        report = fixture.run() => panic!("{report}"),
        () = faults.wait_for_stalled(1) => {}
    }
    // The killed run's calls may arrive after it.
    let report = fixture.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    let table = fixture.workspace.table("Okta_CL");
    assert_eq!(table.distinct_ids(), 2_000);
    assert!(table.repeated_ids().len() < 1_000);
}

#[tokio::test]
async fn until_the_role_counts_nothing_is_lost_and_the_words_say_how_long_it_may_take() {
    let (fixture, captured) = (fixture(30).await, LogCapture::start());
    fixture.workspace.grant(false);
    for _ in 0..2 {
        let report = fixture.run().await;
        let words = report.to_string();
        for needed in [
            "403 OperationFailed",
            "Monitoring Metrics Publisher",
            "up to 30 minutes",
            "to request 5e1c0f3a-",
        ] {
            assert!(words.contains(needed), "{words}");
        }
    }
    assert_eq!(fixture.posts_of_events().len(), 2);
    assert_eq!(captured.lines_with("trying_again").len(), 0);
    fixture.workspace.grant(true);
    assert_eq!(fixture.run().await.events, 30);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_token_is_kept_and_replaced_once_it_is_refused() {
    let fixture = fixture(30).await;
    let shipper = fixture.shipper();
    run(&shipper).await;
    fixture.org.append(5);
    run(&shipper).await;
    assert_eq!(fixture.workspace.identity().requests().len(), 1);

    fixture.workspace.identity().revoke_tokens();
    fixture.org.append(5);
    let report = run(&shipper).await;
    assert_eq!((report.events, report.retries), (5, 0), "{report}");
    assert_eq!(fixture.workspace.identity().requests().len(), 2);
    let posts = fixture.posts_of_events();
    let last: Vec<_> = posts.iter().rev().take(2).map(|post| post.status).collect();
    assert_eq!(last, [Some(204), Some(401)]);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_token_that_is_always_refused_stops_the_run_after_one_more() {
    let rule = RuleConfig {
        audience: "https://monitor.azure.us".to_owned(),
        ..workspace_config().rule
    };
    let config = Config {
        rule,
        ..workspace_config()
    };
    let org = OrgConfig {
        events: 10,
        ..OrgConfig::default()
    };
    let fixture = Fixture::start_with_workspace(config, IngestionApi::LogsIngestion, org).await;
    let report = fixture.run().await;
    let words = report.to_string();
    assert!(
        words.contains("401 ") && words.contains("cloud and tenant"),
        "{words}"
    );
    assert_eq!(fixture.posts_of_events().len(), 2);
}

#[tokio::test]
async fn a_token_is_renewed_ahead_of_its_end_and_does_while_it_cannot_be() {
    let (fixture, captured) = (fixture(10).await, LogCapture::start());
    let identity = fixture.workspace.identity();
    identity.set_life(TimeDelta::minutes(4));
    let shipper = fixture.shipper();
    run(&shipper).await;
    // The health row's call finds less than five minutes left.
    assert_eq!(identity.requests().len(), 2);
    for _ in 0..4 {
        identity.fail_next(503);
    }
    fixture.org.append(4);
    let report = run(&shipper).await;
    assert_eq!((report.events, report.retries), (4, 0), "{report}");
    assert_eq!(captured.lines_with("health_row_lost").len(), 0);
    assert!(identity.requests().len() > 2);
}

#[tokio::test]
async fn each_wrong_setting_has_its_own_words() {
    for (fault, remedy) in [
        (Fault::status(404, "NotFound"), "check DCR_IMMUTABLE_ID"),
        (Fault::status(400, "InvalidStream"), "check DCR_STREAM"),
        (Fault::status(302, "Found"), "check LOGS_INGESTION_ENDPOINT"),
        (
            Fault::status(405, "NotAllowed"),
            "check LOGS_INGESTION_ENDPOINT",
        ),
    ] {
        let fixture = fixture(10).await;
        fixture.assert_stopped_with_a_remedy(fault, remedy).await;
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_never_sent_again_as_it_is() {
    let fixture = fixture(1_000).await;
    fixture.workspace.faults().refuse_larger_than(20_000);
    let report = fixture.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert_eq!(report.retries, 0);
    let posts = fixture.posts_of_events();
    let refused: Vec<_> = posts.iter().filter(|post| !post.stored).collect();
    assert!(
        refused.iter().all(|post| post.status == Some(413)),
        "{refused:?}"
    );
    let large = posts.iter().filter(|post| post.bytes > 20_000);
    assert_eq!(large.count(), refused.len());
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn what_takes_too_long_twice_is_halved_if_it_is_large() {
    let slow = Fault::status(408, "TimeoutExpired");
    let large = fixture(250).await;
    large.workspace.faults().push_n(&slow, 2);
    let report = large.run().await;
    assert_eq!((report.posts, report.retries), (2, 1), "{report}");
    large.assert_each_event_is_there_once();

    let small = fixture(40).await;
    small.workspace.faults().push_n(&slow, 2);
    let report = small.run().await;
    assert_eq!((report.posts, report.retries), (1, 2), "{report}");
    small.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_wait_that_the_service_names_is_kept() {
    let fixture = fixture(30).await;
    fixture.workspace.faults().push(Fault::throttled(Some(2)));
    let report = fixture.run().await;
    assert_eq!((report.posts, report.retries), (1, 1), "{report}");
    assert!(report.duration_ms >= 2_000, "{report}");
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn in_azure_the_apps_own_identity_signs_in() {
    let fixture = fixture(30).await;
    let output = shell(&fixture, &["ship"], &[]).await;
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    assert_eq!(output.notices, 0);
    fixture.assert_each_event_is_there_once();
    let requests = fixture.workspace.identity().requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert_eq!(requests[0].resource, "https://monitor.azure.com");
    let client_id = fixture.workspace.identity().client_id();
    assert_eq!(requests[0].client_id.as_deref(), Some(client_id));

    let other = [("AZURE_CLIENT_ID", "99999999-3333-4444-5555-666666666666")];
    fixture.org.append(1);
    let output = shell(&fixture, &["ship"], &other).await;
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    for needed in ["no token", "not been assigned", "AZURE_CLIENT_ID"] {
        assert!(output.stderr.contains(needed), "{}", output.stderr);
    }
    let output = shell(&fixture, &["ship"], &[("IDENTITY_HEADER", "wrong")]).await;
    assert!(output.stderr.contains("HTTP 401"), "{}", output.stderr);
}

#[tokio::test]
async fn a_row_refused_by_one_api_is_sent_again_by_that_api_alone() {
    for (api, name) in [
        (IngestionApi::LogsIngestion, "named"),
        (IngestionApi::DataCollector, "inferred"),
    ] {
        let mut fixture = Fixture::start_with_events(api, 200).await;
        let poison = fixture.org.ids().nth(70).unwrap();
        fixture.workspace.faults().poison(&poison);
        assert_eq!(fixture.run().await.dead_letters, 1, "{name}");
        fixture.workspace.faults().clear();
        let before = fixture.workspace.posts().len();
        fixture.api = match api {
            IngestionApi::LogsIngestion => IngestionApi::DataCollector,
            IngestionApi::DataCollector => IngestionApi::LogsIngestion,
        };
        let output = shell(&fixture, &["dead-letters", "--resend"], &[]).await;
        assert!(
            output.stdout.contains("named for the other ingestion"),
            "{}",
            output.stdout
        );
        assert_eq!(fixture.workspace.posts().len(), before);
        fixture.api = api;
        let output = shell(&fixture, &["dead-letters", "--resend"], &[]).await;
        assert!(output.stdout.starts_with("accepted "), "{}", output.stdout);
        fixture.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn check_tries_every_stream_and_leaves_no_row() {
    let fixture = fixture(3).await;
    let output = shell(&fixture, &["check"], &[]).await;
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    for stream in ["Custom-Okta_CL", "Custom-OktaConnectorHealth_CL"] {
        let line = format!("takes {stream}\n");
        assert!(output.stdout.contains(&line), "{}", output.stdout);
    }
    assert_eq!(fixture.workspace.tables(), [""; 0]);
    assert_eq!(fixture.workspace.posts().len(), 2);

    let nowhere = "dcr-ffffffffffffffffffffffffffffffff";
    type Changes<'a> = &'a [(&'a str, &'a str)];
    let table: [(Changes<'_>, &[&str]); 4] = [
        (
            &[("DCR_IMMUTABLE_ID", nowhere)],
            &["404", "check DCR_IMMUTABLE_ID"],
        ),
        (
            &[("DCR_STREAM", "Custom-Okto_CL")],
            &["400", "check DCR_STREAM"],
        ),
        (
            &[("AZURE_CLIENT_ID", "99999999-3333-4444-5555-666666666666")],
            &["not been assigned", "AZURE_CLIENT_ID"],
        ),
        (&[], &["403", "Monitoring Metrics Publisher", "30 minutes"]),
    ];
    for (changes, words) in table {
        fixture.workspace.grant(!changes.is_empty());
        let output = shell(&fixture, &["check"], changes).await;
        assert_eq!(output.code, Some(1), "{}", output.stdout);
        let failed: Vec<_> = output
            .stdout
            .lines()
            .filter(|line| line.starts_with("FAILED  workspace"))
            .collect();
        assert!(!failed.is_empty(), "{}", output.stdout);
        for word in words {
            assert!(failed[0].contains(word), "{failed:?} without {word}");
        }
    }
    assert_eq!(fixture.workspace.tables(), [""; 0]);
}
