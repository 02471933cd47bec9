//! The commands in a shell: results on stdout, words for people on stderr, and an exit code.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sandbox::okta::{Fault, OrgConfig};
use sandbox::workspace;
use serde_json::{Map, Value};
use tokio::io::AsyncReadExt as _;

use crate::support::fixture::Fixture;
use crate::support::program::{
    CommandOutput, changed, local_workspace, program, run_to_end, shell, with_timeout,
};

mod since;

/// The one line that a run which did its work prints, with nothing on stderr.
#[track_caller]
fn one_line(output: &CommandOutput) -> &str {
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    let line = output.stdout.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n') && !line.contains('\x1b'), "{line:?}");
    line
}

#[tokio::test]
async fn ship_prints_one_line_and_a_second_run_says_that_nothing_is_new() {
    let fixture = Fixture::with_events(1_200).await;
    let first = shell(&fixture, &["ship"], &[]).await;
    let begins = "shipped 1,200 events in 2 pages and 2 posts from 127.0.0.1; newest ";
    assert!(one_line(&first).starts_with(begins), "{}", first.stdout);
    let second = shell(&fixture, &["ship"], &[]).await;
    let line = one_line(&second);
    assert!(line.starts_with("nothing new from 127.0.0.1"), "{line}");
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn ship_json_prints_one_object() {
    let fixture = Fixture::with_events(1_200).await;
    let output = shell(&fixture, &["ship", "--json"], &[]).await;
    let report: Map<String, Value> = serde_json::from_str(one_line(&output)).unwrap();
    assert_eq!(report["events"], 1_200);
    assert_eq!(report["outcome"], "caught_up");
}

#[tokio::test]
async fn a_failed_run_says_why_on_stderr_and_exits_with_1() {
    let fixture = Fixture::with_events(5).await;
    fixture.org.faults().always(Fault::status(401, "E0000011"));
    let output = shell(&fixture, &["ship"], &[]).await;
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    assert!(output.stderr.starts_with("error: "), "{}", output.stderr);
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    for needed in ["401 E0000011", "create a new one and set OKTA_API_TOKEN"] {
        assert!(output.stderr.contains(needed), "{}", output.stderr);
    }
    let output = shell(&fixture, &["ship", "--json"], &[]).await;
    assert_eq!(output.code, Some(1));
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["outcome"], "failed");
    assert!(
        output.stderr.contains("OKTA_API_TOKEN"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn until_caught_up_repeats_runs_until_all_is_there() {
    let fixture = Fixture::with_org(OrgConfig {
        events: 300,
        max_page: 20,
        latency: Duration::from_millis(900),
        ..OrgConfig::default()
    })
    .await;
    let short = [("RUN_BUDGET_SECONDS", "10")];
    let output = shell(&fixture, &["ship", "--until-caught-up", "--json"], &short).await;
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    let reports = output.stdout.lines().map(serde_json::from_str);
    let reports: Vec<Value> = reports.map(Result::unwrap).collect();
    let ended: Vec<_> = reports.iter().map(|report| &report["outcome"]).collect();
    assert_eq!(ended, ["budget_spent", "caught_up"]);
    fixture.assert_each_event_is_there_once();
}

#[tokio::test]
async fn one_run_that_ends_early_is_done_and_says_that_more_is_to_come() {
    let fixture = Fixture::with_org(OrgConfig {
        events: 300,
        max_page: 20,
        latency: Duration::from_millis(900),
        ..OrgConfig::default()
    })
    .await;
    let output = shell(&fixture, &["ship"], &[("RUN_BUDGET_SECONDS", "10")]).await;
    let ends = "; the time for this run is over, the next one goes on from the saved cursor";
    assert!(one_line(&output).ends_with(ends), "{}", output.stdout);
}

#[tokio::test]
async fn control_c_ends_a_command_within_seconds_and_the_next_run_goes_on() {
    let fixture = Fixture::with_events(10).await;
    for (command, signal, code) in [
        ("ship", "-INT", 130),
        ("check", "-INT", 130),
        ("ship", "-TERM", 143),
        ("check", "-TERM", 143),
    ] {
        fixture.org.faults().push(Fault::Stall);
        let mut child = program(&fixture, &[command]);
        child.envs(fixture.settings());
        let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
        with_timeout(fixture.org.faults().wait_for_stalled(1)).await;
        let pid = child.id().unwrap().to_string();
        let kill = [signal, &pid];
        let kill = tokio::process::Command::new("kill").args(kill).status();
        assert!(kill.await.unwrap().success());
        let ended = tokio::time::timeout(Duration::from_secs(5), child.wait()).await;
        let ended = ended
            .unwrap_or_else(|_| panic!("{command} does not end"))
            .unwrap();
        assert_eq!(ended.code(), Some(code), "{command} {signal}");
        with_timeout(fixture.org.faults().wait_for_none_stalled()).await;
    }
    assert!(one_line(&shell(&fixture, &["ship"], &[]).await).starts_with("shipped 10 events"));
}

#[tokio::test]
async fn a_second_control_c_ends_a_command_at_once() {
    let fixture = Fixture::with_events(10).await;
    fixture.workspace.faults().push(workspace::Fault::Stall);
    let mut child = program(&fixture, &["ship"]);
    child.envs(fixture.settings());
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    with_timeout(fixture.workspace.faults().wait_for_stalled(1)).await;
    let pid = child.id().unwrap().to_string();
    let told = std::time::Instant::now();
    // Two that come together count as one.
    let ended = loop {
        let mut kill = tokio::process::Command::new("kill");
        let _ = kill.args(["-INT", &pid]).status().await;
        let soon = Duration::from_millis(200);
        if let Ok(ended) = tokio::time::timeout(soon, child.wait()).await {
            break ended.unwrap();
        }
    };
    assert_eq!(ended.code(), Some(130));
    assert!(
        told.elapsed() < Duration::from_secs(4),
        "{:?}",
        told.elapsed()
    );
}

#[tokio::test]
async fn every_help_has_examples() {
    let fixture = Fixture::with_events(0).await;
    for command in [
        &[][..],
        &["serve"],
        &["ship"],
        &["check"],
        &["dead-letters"],
    ] {
        let output = run_to_end(&mut program(&fixture, &[command, &["--help"]].concat())).await;
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
        let (_, examples) = output
            .stdout
            .split_once("xamples:\n")
            .unwrap_or_else(|| panic!("{command:?} has no examples: {}", output.stdout));
        assert!(
            examples.contains("okta-sentinel"),
            "{command:?}: {examples}"
        );
        assert!(!output.stdout.contains('\x1b'), "{command:?}");
    }
}

#[tokio::test]
async fn without_a_command_or_a_port_the_usage_is_wrong_and_help_is_near() {
    let fixture = Fixture::with_events(0).await;
    let bare = run_to_end(&mut program(&fixture, &[])).await;
    assert_eq!((bare.code, bare.stdout.as_str()), (Some(2), ""));
    assert!(
        bare.stderr.contains("Usage: okta-sentinel"),
        "{}",
        bare.stderr
    );

    let serve = run_to_end(&mut program(&fixture, &["serve"])).await;
    assert_eq!((serve.code, serve.stdout.as_str()), (Some(2), ""));
    for needed in ["FUNCTIONS_CUSTOMHANDLER_PORT", "okta-sentinel ship"] {
        assert!(serve.stderr.contains(needed), "{}", serve.stderr);
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    for port in ["http", "70000", "", taken.as_str()] {
        let mut serve = program(&fixture, &["serve"]);
        let serve = run_to_end(serve.env("FUNCTIONS_CUSTOMHANDLER_PORT", port)).await;
        assert_eq!(serve.code, Some(2), "{port}");
        assert!(serve.stderr.starts_with("error: "), "{}", serve.stderr);
    }
    for wrong in [
        &["shipp"][..],
        &["ship", "--sinces", "3d"],
        &["ship", "now"],
    ] {
        let output = run_to_end(&mut program(&fixture, wrong)).await;
        assert_eq!((output.code, output.stdout.as_str()), (Some(2), ""));
    }
}

#[tokio::test]
async fn wrong_settings_are_a_line_each_on_stderr() {
    let fixture = Fixture::with_events(0).await;
    let changes = [
        ("OKTA_DOMAIN", ""),
        ("OKTA_RATE_SHARE", "7"),
        ("WORKSPACE_ID", "acme"),
    ];
    for command in ["ship", "check"] {
        let output = shell(&fixture, &[command], &changes).await;
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (Some(2), ""),
            "{command}"
        );
        let lines: Vec<_> = output.stderr.lines().collect();
        assert_eq!(lines.len(), 3, "{}", output.stderr);
        for (line, (name, _)) in lines.iter().zip(changes) {
            assert!(line.starts_with(&format!("error: {name}: ")), "{line}");
        }
    }
}

/// What a command writes to a terminal, under these variables.
async fn on_a_terminal(fixture: &Fixture, variables: &[(&str, &str)]) -> String {
    let line = format!("{} ship", env!("CARGO_BIN_EXE_okta-sentinel"));
    let mut terminal = tokio::process::Command::new("script");
    terminal
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm")
        .envs(changed(fixture.settings(), variables))
        .current_dir(fixture.state.path())
        .stdin(Stdio::null());
    run_to_end(&mut terminal).await.stdout
}

#[tokio::test]
async fn colour_is_for_terminals_whose_owner_wants_it() {
    let fixture = Fixture::with_events(3).await;
    fixture.org.faults().always(Fault::status(401, "E0000011"));
    let unused = ("OUTPUT_DIR", "unused");
    let piped = shell(&fixture, &["ship"], &[unused]).await;
    assert!(
        piped.stderr.starts_with("warning: OUTPUT_DIR is not used"),
        "{}",
        piped.stderr
    );
    assert!(!piped.stderr.contains('\x1b'), "{}", piped.stderr);
    if std::fs::metadata("/usr/bin/script").is_err() {
        println!("no script(1) here: terminals are not tried");
        return;
    }
    let coloured = "\x1b[33mwarning: \x1b[0mOUTPUT_DIR";
    let seen = on_a_terminal(&fixture, &[unused]).await;
    assert!(seen.contains(coloured), "{seen:?}");
    let seen = on_a_terminal(&fixture, &[unused, ("NO_COLOR", "1")]).await;
    assert!(seen.contains("warning: OUTPUT_DIR"), "{seen:?}");
    // Only a select-graphic-rendition sequence (`ESC [ … m`) is colour; a progress line moves.
    let colours = seen.split("\x1b[").skip(1);
    let colours = colours.filter(|rest| {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        rest.starts_with('m')
    });
    assert_eq!(colours.count(), 0, "{seen:?}");
}

#[tokio::test]
async fn a_reader_that_went_away_is_no_panic() {
    for arguments in [&["ship"][..], &["ship", "--json"], &["check"], &["--help"]] {
        let fixture = Fixture::with_events(3).await;
        let mut child = program(&fixture, arguments);
        child.envs(changed(fixture.settings(), &[("OUTPUT_DIR", "unused")]));
        let mut child = child
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        drop(child.stderr.take());
        let ended = with_timeout(child.wait()).await.unwrap();
        assert_eq!(ended.code(), Some(0), "{arguments:?}");
        if arguments[0] == "ship" {
            fixture.assert_each_event_is_there_once();
        }
    }
}

#[tokio::test]
async fn a_handler_whose_stdout_is_gone_goes_on() {
    let fixture = Fixture::with_events(3).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut child = program(&fixture, &[]);
    child
        .envs(fixture.settings())
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
    let mut child = child
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    let mut stdout = child.stdout.take().unwrap();
    with_timeout(stdout.read_exact(&mut first)).await.unwrap();
    drop((stdout, child.stderr.take()));
    let url = format!("http://127.0.0.1:{port}/OktaSyslogTimer");
    let answer = with_timeout(reqwest::Client::new().post(url).send())
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    fixture.assert_each_event_is_there_once();
    child.kill().await.unwrap();
}

#[tokio::test]
async fn output_dir_gets_a_row_an_event_and_the_state_beside_it() {
    let fixture = Fixture::with_events(1_200).await;
    let output = fixture.state.path().join("out");
    let local = local_workspace(output.to_str().unwrap());
    for shipped in [1_200, 7] {
        let output = shell(&fixture, &["ship", "--json"], &local).await;
        let report: Value = serde_json::from_str(one_line(&output)).unwrap();
        assert_eq!(report["events"], shipped);
        fixture.org.append(7);
    }
    let rows = std::fs::read_to_string(output.join("Okta_CL.ndjson")).unwrap();
    let rows: Vec<Map<String, Value>> = rows
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ids: BTreeSet<_> = rows
        .iter()
        .map(|row| row["uuid_g"].as_str().unwrap())
        .collect();
    assert_eq!((rows.len(), ids.len()), (1_207, 1_207));
    let known: Vec<String> = fixture.org.ids().collect();
    assert!(known.iter().take(1_207).all(|id| ids.contains(id.as_str())));
    for row in &rows {
        let generated = row["TimeGenerated"].as_str().unwrap();
        assert!(generated.parse::<DateTime<Utc>>().is_ok(), "{generated}");
        for name in row.keys().filter(|name| *name != "TimeGenerated") {
            let suffix = name.rsplit_once('_').map(|(_, suffix)| suffix);
            assert!(
                matches!(suffix, Some("s" | "g" | "d" | "b" | "t")),
                "{name}"
            );
        }
        assert_eq!(row["domain_s"], "127.0.0.1");
    }
    let states = std::fs::read_dir(output.join("state")).unwrap();
    let states: Vec<_> = states.map(|entry| entry.unwrap().path()).collect();
    assert!(states[0].join("cursor.json").is_file(), "{states:?}");
    assert!(workspace_is_untouched(&fixture.workspace));
}

fn workspace_is_untouched(workspace: &workspace::Workspace) -> bool {
    workspace.posts().is_empty()
}
