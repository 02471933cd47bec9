//! The program under a Functions host that judges answers as Azure's does. Every tick is answered.
//! A failed run fails the invocation and never ends the process. SIGTERM ends the process in order.

use std::time::{Duration, Instant};

use sandbox::functions_host::{Exit, FunctionsHost, Invocation, LastRun, Outcome, State};
use sandbox::functions_host::{Retry, TimerFiring};
use sandbox::okta::{self, OrgConfig};
use sandbox::workspace;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::fixture::Fixture;
use crate::support::program::{TIMER, host, line_of, run_ended, stderr, stdout, with_timeout};

async fn tick(host: &FunctionsHost) -> Invocation {
    with_timeout(host.invoke_timer(TIMER)).await
}

/// The one line that a tick which did its work leaves in the function's log.
#[track_caller]
fn logged(run: &Invocation) -> &str {
    assert!(run.succeeded(), "{run:?}");
    match run.logs() {
        [line] => line,
        other => panic!("one line was due: {other:?}"),
    }
}

/// A tick that ships `events`.
async fn ships(host: &FunctionsHost, events: u64) {
    let run = tick(host).await;
    let ended = run_ended(host, &run).await;
    let report: Value = serde_json::from_str(ended["report"].as_str().unwrap()).unwrap();
    assert_eq!(report["events"], events, "{}", logged(&run));
}

#[tokio::test]
async fn a_tick_ships_all_and_says_so_and_nothing_else_is_written() {
    let fixture = Fixture::with_events(1_500).await;
    let host = host(&fixture, &[]).await;
    assert_eq!(host.state(), State::Ready);
    let run = tick(&host).await;
    let said = logged(&run);
    let begins = "shipped 1,500 events in 2 pages and 2 posts from 127.0.0.1; newest 20";
    assert!(said.starts_with(begins), "{said}");
    let ends = "; 0 repeated; next run goes on from the saved cursor";
    assert!(said.ends_with(ends), "{said}");
    fixture.assert_each_event_is_there_once();

    let ended = run_ended(&host, &run).await;
    assert_eq!(ended["message"], said);
    assert_eq!(ended["level"], "INFO");
    let lines = stdout(&host);
    let names: Vec<_> = lines.iter().map(|line| line["event"].as_str()).collect();
    let due = ["listening", "settings_warning", "run_ended"];
    assert_eq!(names, due.map(Some));
    assert_eq!(lines[0]["invocation_id"], "none");
    assert_eq!(stderr(&host), [""; 0]);
}

#[tokio::test]
async fn every_shape_of_a_tick_is_a_run() {
    let fixture = Fixture::with_events(1).await;
    let host = host(&fixture, &[]).await;
    let retry = |exception_bytes| Retry {
        count: 2,
        max: 3,
        exception_bytes,
    };
    let last_runs = [
        LastRun::Known,
        LastRun::NotMonitored,
        LastRun::NeverWithOffset,
        LastRun::NeverWithoutOffset,
    ];
    let mut firings: Vec<_> = last_runs
        .map(|last_run| TimerFiring {
            last_run,
            ..TimerFiring::default()
        })
        .to_vec();
    firings.extend([0, 100_000].map(|bytes| TimerFiring {
        retry: Some(retry(bytes)),
        ..TimerFiring::default()
    }));
    for firing in &firings {
        let run = with_timeout(host.invoke_timer_as(TIMER, firing)).await;
        assert!(logged(&run).starts_with("shipped 1 event in"), "{firing:?}");
        // The answer may overtake the line.
        with_timeout(host.wait_for_line(|line| line.text.contains(&run.id))).await;
        fixture.org.append(1);
    }
    let before = stdout(&host).len();
    // Once a process it says that the Data Collector's support has ended.
    assert_eq!(before, 2 + firings.len(), "no shape is worth a line");
    for (body, event) in [
        ("", None),
        (" \r\n", None),
        ("{}", None),
        ("null", Some("odd_payload")),
        ("[1]", Some("odd_payload")),
        ("{\"Data\":", Some("odd_payload")),
        ("\u{0}\u{1}", Some("odd_payload")),
        ("not JSON at all", Some("odd_payload")),
        (
            "{\"Data\":{\"timer\":{\"IsPastDue\":true}}}",
            Some("past_due"),
        ),
    ] {
        let run = with_timeout(host.invoke_with_body(TIMER, body)).await;
        assert!(logged(&run).starts_with("shipped 1 event in"), "{body}");
        if let Some(event) = event {
            line_of(&host, &run, event).await;
        }
        fixture.org.append(1);
    }
    assert_eq!(stderr(&host), [""; 0]);
}

/// A failed tick: the host sees it, its reason is on stdout, and the process lives.
async fn fails(host: &FunctionsHost, event: &str, reasons: &[&str]) -> Invocation {
    let run = tick(host).await;
    assert_eq!(run.status, Some(500), "{run:?}");
    let said: Value = serde_json::from_slice(&run.body).unwrap();
    let told = line_of(host, &run, event).await;
    assert_eq!(told["level"], "ERROR");
    let told = told["message"].as_str().unwrap();
    for reason in reasons {
        assert!(told.contains(reason), "{told} does not say {reason}");
        assert!(said["error"].as_str().unwrap().contains(reason), "{said}");
    }
    assert_eq!((host.state(), host.starts()), (State::Ready, 1));
    run
}

#[tokio::test]
async fn a_refusal_fails_the_tick_and_the_next_one_ships_once_its_cause_is_gone() {
    let fixture = Fixture::with_events(1_200).await;
    let host = host(&fixture, &[]).await;
    let unauthorized = okta::Fault::status(401, "E0000011");
    fixture.org.faults().always(unauthorized);
    fails(&host, "run_ended", &["401 E0000011", "OKTA_API_TOKEN"]).await;
    fixture.org.faults().clear();

    let denied = workspace::Fault::unauthorized();
    fixture.workspace.faults().always(denied);
    fails(&host, "run_ended", &["403", "WORKSPACE_KEY"]).await;
    fixture.workspace.faults().clear();

    ships(&host, 1_200).await;
    fixture.assert_each_event_is_there_once();
    assert_eq!(stderr(&host), [""; 0]);
}

#[tokio::test]
async fn wrong_settings_are_named_all_together_at_every_tick() {
    let fixture = Fixture::with_events(1).await;
    let vault = "@Microsoft.KeyVault(SecretUri=https://acme.vault.azure.net/secrets/okta/)";
    let changes = [
        ("OKTA_API_TOKEN", vault),
        ("OKTA_RATE_SHARE", "7"),
        ("WORKSPACE_ID", "acme"),
        ("STATE_DIR", ""),
    ];
    let host = host(&fixture, &changes).await;
    for _ in 0..2 {
        let run = fails(&host, "wrong_setting", &["OKTA_API_TOKEN", "Key Vault"]).await;
        // The answer may overtake the lines; this is the last of them.
        let last = |text: &str| text.contains(&run.id) && text.contains("AzureWebJobsStorage");
        with_timeout(host.wait_for_line(|line| last(&line.text))).await;
    }
    let named: Vec<_> = stdout(&host)
        .iter()
        .filter_map(|line| line.get("setting")?.as_str().map(str::to_owned))
        .collect();
    let all = [
        "OKTA_API_TOKEN",
        "OKTA_RATE_SHARE",
        "WORKSPACE_ID",
        "AzureWebJobsStorage",
    ];
    assert_eq!(named, [all, all].concat());
    assert_eq!(fixture.org.requests().len(), 0);
    assert_eq!(stderr(&host), [""; 0]);
}

#[tokio::test]
async fn of_two_runs_at_once_one_ships_and_the_other_leaves_it_to_it() {
    let fixture = Fixture::with_events(1_200).await;
    let host = host(&fixture, &[]).await;
    fixture.org.faults().push(okta::Fault::Stall);
    let test_run = async {
        with_timeout(fixture.org.faults().wait_for_stalled(1)).await;
        let run = with_timeout(host.invoke_manual(TIMER)).await;
        fixture.org.faults().release();
        run
    };
    let (first, second) = tokio::join!(tick(&host), test_run);
    assert!(logged(&first).starts_with("shipped 1,200 events"));
    assert!(logged(&second).starts_with("another run is under way"));
    line_of(&host, &second, "already_running").await;
    fixture.assert_each_event_is_there_once();
    assert_eq!(fixture.posts_of_events().len(), 2);
}

#[tokio::test]
async fn of_two_hosts_on_one_state_one_ships_and_the_other_leaves_it_to_it() {
    let fixture = Fixture::with_events(1_200).await;
    let (one, other) = tokio::join!(host(&fixture, &[]), host(&fixture, &[]));
    fixture.org.faults().push(okta::Fault::Stall);
    let beside = async {
        with_timeout(fixture.org.faults().wait_for_stalled(1)).await;
        let run = tick(&other).await;
        fixture.org.faults().release();
        run
    };
    let (first, second) = tokio::join!(tick(&one), beside);
    assert!(logged(&first).starts_with("shipped 1,200 events"));
    let said = logged(&second);
    assert!(said.starts_with("another run is under way"), "{said}");
    assert_eq!(run_ended(&other, &second).await["outcome"], "lease_held");
    fixture.assert_each_event_is_there_once();
    ships(&other, 0).await;
}

/// Told to end, the handler ends with 0: any other code is an exception in the host's log.
async fn ends_within(host: &FunctionsHost, most: Duration) -> Duration {
    let told = Instant::now();
    host.sigterm().await.unwrap();
    assert_eq!(with_timeout(host.wait_for_exit(1)).await, Some(Exit(0)));
    let took = told.elapsed();
    assert!(took < most, "{took:?}");
    took
}

#[tokio::test]
async fn told_to_end_a_run_saves_its_cursor_for_the_next_start() {
    let fixture = Fixture::with_org(OrgConfig {
        events: 2_000,
        max_page: 50,
        latency: Duration::from_millis(100),
        ..OrgConfig::default()
    })
    .await;
    let first = host(&fixture, &[]).await;
    let end = async {
        with_timeout(fixture.workspace.wait_for_rows("Okta_CL", 150)).await;
        ends_within(&first, Duration::from_secs(5)).await;
    };
    let (run, ()) = tokio::join!(tick(&first), end);
    let said = logged(&run);
    assert!(
        said.contains("told to stop, the next run goes on"),
        "{said}"
    );
    line_of(&first, &run, "run_ended").await;
    assert!(fixture.workspace.table("Okta_CL").rows() < 2_000);

    let next = host(&fixture, &[]).await;
    let run = tick(&next).await;
    assert!(logged(&run).contains("; 0 repeated; next run"), "{run:?}");
    fixture.assert_each_event_is_there_once();
    assert_eq!(stderr(&next), [""; 0]);
}

#[tokio::test]
async fn told_to_end_a_run_does_not_wait_for_an_answer_of_okta() {
    let fixture = Fixture::with_events(10).await;
    let first = host(&fixture, &[]).await;
    fixture.org.faults().push(okta::Fault::Stall);
    let end = async {
        with_timeout(fixture.org.faults().wait_for_stalled(1)).await;
        ends_within(&first, Duration::from_secs(3)).await;
    };
    let (run, ()) = tokio::join!(tick(&first), end);
    assert!(logged(&run).contains("told to stop"));
    ships(&host(&fixture, &[]).await, 10).await;
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn told_to_end_a_post_that_hangs_gets_five_seconds() {
    let fixture = Fixture::with_events(1_200).await;
    let first = host(&fixture, &[]).await;
    fixture.workspace.faults().push(workspace::Fault::Stall);
    let end = async {
        with_timeout(fixture.workspace.faults().wait_for_stalled(1)).await;
        ends_within(&first, Duration::from_secs(10)).await
    };
    let (run, took) = tokio::join!(tick(&first), end);
    assert!(took > Duration::from_millis(4_900), "{took:?}");
    assert!(logged(&run).contains("told to stop"));

    ships(&host(&fixture, &[]).await, 1_200).await;
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn told_to_end_a_post_that_is_answered_in_time_counts() {
    let fixture = Fixture::with_events(10).await;
    let first = host(&fixture, &[]).await;
    fixture
        .workspace
        .faults()
        .push(workspace::Fault::AcceptThenStall);
    let end = async {
        with_timeout(fixture.workspace.faults().wait_for_stalled(1)).await;
        first.sigterm().await.unwrap();
        with_timeout(first.wait_for_line(|line| line.text.contains("\"stopping\""))).await;
        fixture.workspace.faults().release();
        with_timeout(first.wait_for_exit(1)).await
    };
    let (run, exit) = tokio::join!(tick(&first), end);
    assert_eq!(exit, Some(Exit(0)));
    assert!(logged(&run).starts_with("shipped 10 events"), "{run:?}");
    ships(&host(&fixture, &[]).await, 0).await;
    fixture.assert_each_event_is_there_once();
}

/// Sends these bytes and leaves the connection open.
async fn connected(host: &FunctionsHost, bytes: &str) -> TcpStream {
    let mut wire = TcpStream::connect(("127.0.0.1", host.port()))
        .await
        .unwrap();
    wire.write_all(bytes.as_bytes()).await.unwrap();
    wire
}

#[tokio::test]
async fn told_to_end_by_a_host_that_hung_up_a_run_still_finishes_its_post() {
    let fixture = Fixture::with_events(10).await;
    let first = host(&fixture, &[]).await;
    let faults = fixture.workspace.faults();
    faults.push(workspace::Fault::AcceptThenStall);
    let request = "POST /OktaSyslogTimer HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
    let caller = connected(&first, request).await;
    with_timeout(faults.wait_for_stalled(1)).await;
    drop(caller);
    first.sigterm().await.unwrap();
    // No connection is left; the listener closes, and the run is all that there is.
    while TcpStream::connect(("127.0.0.1", first.port()))
        .await
        .is_ok()
    {
        tokio::task::yield_now().await;
    }
    faults.release();
    assert_eq!(with_timeout(first.wait_for_exit(1)).await, Some(Exit(0)));
    ships(&host(&fixture, &[]).await, 0).await;
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn only_a_post_to_a_function_is_a_run_and_every_answer_is_an_object() {
    let fixture = Fixture::with_events(1).await;
    let host = host(&fixture, &[]).await;
    for (request, status) in [
        ("GET /", "200"),
        ("POST /", "405"),
        ("GET /OktaSyslogTimer", "405"),
        ("PUT /OktaSyslogTimer", "405"),
        ("POST /oktasyslogtimer", "404"),
        ("POST /OktaSyslogTimer/", "404"),
        ("POST /api/OktaSyslogTimer", "404"),
        ("GET /../../etc/passwd", "404"),
        ("POST /admin/functions/OktaSyslogTimer", "404"),
    ] {
        let rest = "HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
        let mut wire = connected(&host, &format!("{request} {rest}")).await;
        let mut answer = String::new();
        with_timeout(wire.read_to_string(&mut answer))
            .await
            .unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(head.split(' ').nth(1), Some(status), "{request}");
        let head = head.to_lowercase();
        assert!(
            head.contains("content-type: application/json"),
            "{request}: {head}"
        );
        let body: Value = serde_json::from_str(body).unwrap();
        assert!(body.is_object(), "{request}: {body}");
    }
    let wrong = with_timeout(host.invoke_with_body(TIMER, vec![b' '; 5 << 20])).await;
    assert!(matches!(wrong.outcome, Outcome::Failed { .. }), "{wrong:?}");
    assert_eq!(fixture.org.requests().len(), 0);
    assert_eq!(host.state(), State::Ready);
}

#[tokio::test]
async fn bodies_without_end_and_silent_connections_hold_nothing_up() {
    let fixture = Fixture::with_events(3).await;
    let host = host(&fixture, &[]).await;
    let begun =
        "POST /OktaSyslogTimer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n";
    let _endless = connected(&host, begun).await;
    let _half = connected(&host, "POST /OktaSyslo").await;
    let _silent = connected(&host, "").await;
    let mut probe = connected(
        &host,
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .await;
    let mut answer = String::new();
    with_timeout(probe.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    ships(&host, 3).await;
    ends_within(&host, Duration::from_secs(5)).await;
    assert_eq!(stderr(&host), [""; 0]);
}
