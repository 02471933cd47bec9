//! The Logs Ingestion API: compressed calls, an identity's token, a role that takes its time, and
//! each refusal with its own consequence. What both APIs promise is tested where it is promised,
//! by both.

use std::time::Duration;

use chrono::TimeDelta;
use okta_sentinel::ship::{Ended, RunError};
use sandbox::okta::OrgConfig;
use sandbox::workspace::{Config, Fault, Post, RuleConfig};

use crate::heard::Heard;
use crate::program::shell;
use crate::town::{Road, Town, run, workspace_config};

async fn town(events: u64) -> Town {
    Town::of_by(Road::LogsIngestion, events).await
}

fn accepted(town: &Town) -> Vec<Post> {
    let posts = town.posts_of_events().into_iter();
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
    let town = Town::by(Road::LogsIngestion, org).await;
    let report = town.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    town.assert_each_event_is_there_once();
    let posts = accepted(&town);
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
    let town = town(0).await;
    for news in [3, 7] {
        town.org.append(news);
        let report = town.run().await;
        assert_eq!((report.events, report.posts), (news, 1), "{report}");
    }
    town.assert_each_event_is_there_once();
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
    let town = Town::by(Road::LogsIngestion, org).await;
    let shipper = town.shipper_with(&[("RUN_BUDGET_SECONDS", "20")]);
    let report = run(&shipper).await;
    assert!(matches!(report.ended, Ended::RateSpent { .. }), "{report}");
    let read: usize = town.org.requests().iter().map(|seen| seen.events).sum();
    assert!(read > 0, "{report}");
    assert_eq!(report.events, read as u64, "{report}");
}

/// How a run ends in the middle of a page.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Refused,
    Dropped,
}

#[tokio::test]
async fn a_run_cut_between_two_calls_of_a_page_loses_and_repeats_nothing() {
    for cut in [Cut::Refused, Cut::Dropped] {
        let town = town(2_000).await;
        let faults = town.workspace.faults();
        faults.push(Fault::SlowAnswer(std::time::Duration::ZERO));
        match cut {
            Cut::Refused => {
                faults.push(Fault::unauthorized());
                let report = town.run().await;
                assert!(matches!(report.ended, Ended::Failed(_)), "{report}");
            }
            Cut::Dropped => {
                faults.push(Fault::Stall);
                tokio::select! {
                    report = town.run() => panic!("{report}"),
                    () = faults.wait_for_stalled(1) => {}
                }
            }
        }
        let first = accepted(&town).remove(0);
        assert!((200..1_000).contains(&first.rows), "{first:?}");
        // The cursor stands before the page that the first call has a part of.
        let cursor = town.cursor();
        let beyond = cursor["accepted_beyond"].as_array().unwrap().len() as u64;
        assert_eq!(beyond, first.rows, "{cut:?}: {cursor}");
        let report = town.run().await;
        assert!(matches!(report.ended, Ended::CaughtUp), "{cut:?}: {report}");
        assert_eq!(report.events, 2_000 - first.rows, "{cut:?}");
        town.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn until_the_role_counts_nothing_is_lost_and_the_words_say_how_long_it_may_take() {
    let (town, heard) = (town(30).await, Heard::listen());
    town.workspace.grant(false);
    for _ in 0..2 {
        let report = town.run().await;
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
    assert_eq!(town.posts_of_events().len(), 2);
    assert_eq!(heard.lines_with("trying_again").len(), 0);
    town.workspace.grant(true);
    assert_eq!(town.run().await.events, 30);
    town.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_token_is_kept_and_replaced_once_it_is_refused() {
    let town = town(30).await;
    let shipper = town.shipper();
    run(&shipper).await;
    town.org.append(5);
    run(&shipper).await;
    assert_eq!(town.workspace.identity().requests().len(), 1);

    town.workspace.identity().revoke_tokens();
    town.org.append(5);
    let report = run(&shipper).await;
    assert_eq!((report.events, report.retries), (5, 0), "{report}");
    assert_eq!(town.workspace.identity().requests().len(), 2);
    let posts = town.posts_of_events();
    let last: Vec<_> = posts.iter().rev().take(2).map(|post| post.status).collect();
    assert_eq!(last, [Some(204), Some(401)]);
    town.assert_each_event_is_there_once();
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
    let town = Town::to(config, Road::LogsIngestion, org).await;
    let report = town.run().await;
    let words = report.to_string();
    assert!(
        words.contains("401 ") && words.contains("cloud and tenant"),
        "{words}"
    );
    assert_eq!(town.posts_of_events().len(), 2);
}

#[tokio::test]
async fn a_token_is_renewed_ahead_of_its_end_and_does_while_it_cannot_be() {
    let (town, heard) = (town(10).await, Heard::listen());
    let identity = town.workspace.identity();
    identity.set_life(TimeDelta::minutes(4));
    let shipper = town.shipper();
    run(&shipper).await;
    // The health row's call finds less than five minutes left.
    assert_eq!(identity.requests().len(), 2);
    for _ in 0..4 {
        identity.fail_next(503);
    }
    town.org.append(4);
    let report = run(&shipper).await;
    assert_eq!((report.events, report.retries), (4, 0), "{report}");
    assert_eq!(heard.lines_with("health_row_lost").len(), 0);
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
        let town = town(10).await;
        town.workspace.faults().always(fault.clone());
        let report = town.run().await;
        assert!(
            matches!(report.ended, Ended::Failed(RunError::Post(_))),
            "{fault:?}: {report}"
        );
        assert!(report.to_string().contains(remedy), "{fault:?}: {report}");
        assert_eq!(town.posts_of_events().len(), 1, "{fault:?}");
        town.workspace.faults().clear();
        assert_eq!(town.run().await.events, 10, "{fault:?}");
        town.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_never_sent_again_as_it_is() {
    let town = town(1_000).await;
    town.workspace.faults().refuse_larger_than(20_000);
    let report = town.run().await;
    assert!(matches!(report.ended, Ended::CaughtUp), "{report}");
    assert_eq!(report.retries, 0);
    let posts = town.posts_of_events();
    let refused: Vec<_> = posts.iter().filter(|post| !post.stored).collect();
    assert!(
        refused.iter().all(|post| post.status == Some(413)),
        "{refused:?}"
    );
    let large = posts.iter().filter(|post| post.bytes > 20_000);
    assert_eq!(large.count(), refused.len());
    town.assert_each_event_is_there_once();
}

#[tokio::test]
async fn what_takes_too_long_twice_is_halved_if_it_is_large() {
    let slow = Fault::status(408, "TimeoutExpired");
    let large = town(250).await;
    large.workspace.faults().push_n(&slow, 2);
    let report = large.run().await;
    assert_eq!((report.posts, report.retries), (2, 1), "{report}");
    large.assert_each_event_is_there_once();

    let small = town(40).await;
    small.workspace.faults().push_n(&slow, 2);
    let report = small.run().await;
    assert_eq!((report.posts, report.retries), (1, 2), "{report}");
    small.assert_each_event_is_there_once();
}

#[tokio::test]
async fn a_wait_that_the_service_names_is_kept() {
    let town = town(30).await;
    town.workspace.faults().push(Fault::throttled(Some(2)));
    let report = town.run().await;
    assert_eq!((report.posts, report.retries), (1, 1), "{report}");
    assert!(report.duration_ms >= 2_000, "{report}");
    town.assert_each_event_is_there_once();
}

#[tokio::test]
async fn in_azure_the_apps_own_identity_signs_in() {
    let town = town(30).await;
    let said = shell(&town, &["ship"], &[]).await;
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    assert_eq!(said.notices, 0);
    town.assert_each_event_is_there_once();
    let requests = town.workspace.identity().requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert_eq!(requests[0].resource, "https://monitor.azure.com");
    let client_id = town.workspace.identity().client_id();
    assert_eq!(requests[0].client_id.as_deref(), Some(client_id));

    let other = [("AZURE_CLIENT_ID", "99999999-3333-4444-5555-666666666666")];
    town.org.append(1);
    let said = shell(&town, &["ship"], &other).await;
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    for needed in ["no token", "not been assigned", "AZURE_CLIENT_ID"] {
        assert!(said.stderr.contains(needed), "{}", said.stderr);
    }
    let said = shell(&town, &["ship"], &[("IDENTITY_HEADER", "wrong")]).await;
    assert!(said.stderr.contains("HTTP 401"), "{}", said.stderr);
}

#[tokio::test]
async fn a_row_set_aside_on_one_road_is_sent_by_that_road_alone() {
    for (road, name) in [
        (Road::LogsIngestion, "named"),
        (Road::DataCollector, "inferred"),
    ] {
        let mut town = Town::of_by(road, 200).await;
        let poison = town.org.ids().nth(70).unwrap();
        town.workspace.faults().poison(&poison);
        assert_eq!(town.run().await.dead_letters, 1, "{name}");
        town.workspace.faults().clear();
        let before = town.workspace.posts().len();
        town.road = match road {
            Road::LogsIngestion => Road::DataCollector,
            Road::DataCollector => Road::LogsIngestion,
        };
        let said = shell(&town, &["dead-letters", "--resend"], &[]).await;
        assert!(
            said.stdout.contains("other ingestion road"),
            "{}",
            said.stdout
        );
        assert_eq!(town.workspace.posts().len(), before);
        town.road = road;
        let said = shell(&town, &["dead-letters", "--resend"], &[]).await;
        assert!(said.stdout.starts_with("accepted "), "{}", said.stdout);
        town.assert_each_event_is_there_once();
    }
}

#[tokio::test]
async fn check_tries_every_stream_and_leaves_no_row() {
    let town = town(3).await;
    let said = shell(&town, &["check"], &[]).await;
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    for stream in ["Custom-Okta_CL", "Custom-OktaConnectorHealth_CL"] {
        let line = format!("takes {stream}\n");
        assert!(said.stdout.contains(&line), "{}", said.stdout);
    }
    assert_eq!(town.workspace.tables(), [""; 0]);
    assert_eq!(town.workspace.posts().len(), 2);

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
        town.workspace.grant(!changes.is_empty());
        let said = shell(&town, &["check"], changes).await;
        assert_eq!(said.code, Some(1), "{}", said.stdout);
        let failed: Vec<_> = said
            .stdout
            .lines()
            .filter(|line| line.starts_with("FAILED  workspace"))
            .collect();
        assert!(!failed.is_empty(), "{}", said.stdout);
        for word in words {
            assert!(failed[0].contains(word), "{failed:?} without {word}");
        }
    }
    assert_eq!(town.workspace.tables(), [""; 0]);
}
