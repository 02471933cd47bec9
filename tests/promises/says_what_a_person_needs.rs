//! The commands in a shell: results on stdout, words for people on stderr, and an exit code.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sandbox::okta::{Fault, OrgConfig};
use sandbox::workspace;
use serde_json::{Map, Value};
use tokio::io::AsyncReadExt as _;

use crate::program::{Said, changed, program, said, shell, soon};
use crate::town::Town;

mod since;

/// The one line that a run which did its work prints, with nothing on stderr.
#[track_caller]
fn one_line(said: &Said) -> &str {
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    let line = said.stdout.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n') && !line.contains('\x1b'), "{line:?}");
    line
}

#[tokio::test]
async fn ship_prints_one_line_and_a_second_run_says_that_nothing_is_new() {
    let town = Town::of(1_200).await;
    let first = shell(&town, &["ship"], &[]).await;
    let begins = "shipped 1,200 events in 2 pages and 2 posts from 127.0.0.1; newest ";
    assert!(one_line(&first).starts_with(begins), "{}", first.stdout);
    let second = shell(&town, &["ship"], &[]).await;
    let line = one_line(&second);
    assert!(line.starts_with("nothing new from 127.0.0.1"), "{line}");
    town.assert_each_event_is_there_once();
}

#[tokio::test]
async fn ship_json_prints_one_object() {
    let town = Town::of(1_200).await;
    let said = shell(&town, &["ship", "--json"], &[]).await;
    let report: Map<String, Value> = serde_json::from_str(one_line(&said)).unwrap();
    assert_eq!(report["events"], 1_200);
    assert_eq!(report["outcome"], "caught_up");
}

#[tokio::test]
async fn a_failed_run_says_why_on_stderr_and_exits_with_1() {
    let town = Town::of(5).await;
    town.org.faults().always(Fault::status(401, "E0000011"));
    let said = shell(&town, &["ship"], &[]).await;
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    assert!(said.stderr.starts_with("error: "), "{}", said.stderr);
    assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
    for needed in ["401 E0000011", "create a new one and set OKTA_API_TOKEN"] {
        assert!(said.stderr.contains(needed), "{}", said.stderr);
    }
    let said = shell(&town, &["ship", "--json"], &[]).await;
    assert_eq!(said.code, Some(1));
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(report["outcome"], "failed");
    assert!(said.stderr.contains("OKTA_API_TOKEN"), "{}", said.stderr);
}

#[tokio::test]
async fn until_caught_up_repeats_runs_until_all_is_there() {
    let town = Town::with(OrgConfig {
        events: 300,
        max_page: 20,
        latency: Duration::from_millis(900),
        ..OrgConfig::default()
    })
    .await;
    let short = [("RUN_BUDGET_SECONDS", "10")];
    let said = shell(&town, &["ship", "--until-caught-up", "--json"], &short).await;
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    let reports = said.stdout.lines().map(serde_json::from_str);
    let reports: Vec<Value> = reports.map(Result::unwrap).collect();
    let ended: Vec<_> = reports.iter().map(|report| &report["outcome"]).collect();
    assert_eq!(ended, ["budget_spent", "caught_up"]);
    town.assert_each_event_is_there_once();
}

#[tokio::test]
async fn one_run_that_ends_early_is_done_and_says_that_more_is_to_come() {
    let town = Town::with(OrgConfig {
        events: 300,
        max_page: 20,
        latency: Duration::from_millis(900),
        ..OrgConfig::default()
    })
    .await;
    let said = shell(&town, &["ship"], &[("RUN_BUDGET_SECONDS", "10")]).await;
    let ends = "; the time for this run is over, the next one goes on from the saved cursor";
    assert!(one_line(&said).ends_with(ends), "{}", said.stdout);
}

#[tokio::test]
async fn control_c_ends_a_command_within_seconds_and_the_next_run_goes_on() {
    let town = Town::of(10).await;
    for command in ["ship", "check"] {
        town.org.faults().push(Fault::Stall);
        let mut child = program(&town, &[command]);
        child.envs(town.settings());
        let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
        soon(town.org.faults().wait_for_stalled(1)).await;
        let pid = child.id().unwrap().to_string();
        let kill = ["-INT", &pid];
        let kill = tokio::process::Command::new("kill").args(kill).status();
        assert!(kill.await.unwrap().success());
        let ended = tokio::time::timeout(Duration::from_secs(5), child.wait()).await;
        let ended = ended
            .unwrap_or_else(|_| panic!("{command} does not end"))
            .unwrap();
        assert_eq!(ended.code(), Some(1), "{command}");
        soon(town.org.faults().wait_for_none_stalled()).await;
    }
    assert!(one_line(&shell(&town, &["ship"], &[]).await).starts_with("shipped 10 events"));
}

#[tokio::test]
async fn every_help_has_examples() {
    let town = Town::of(0).await;
    for command in [
        &[][..],
        &["serve"],
        &["ship"],
        &["check"],
        &["dead-letters"],
    ] {
        let said = said(&mut program(&town, &[command, &["--help"]].concat())).await;
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
        let (_, examples) = said
            .stdout
            .split_once("xamples:\n")
            .unwrap_or_else(|| panic!("{command:?} has no examples: {}", said.stdout));
        assert!(
            examples.contains("okta-sentinel"),
            "{command:?}: {examples}"
        );
        assert!(!said.stdout.contains('\x1b'), "{command:?}");
    }
}

#[tokio::test]
async fn without_a_command_or_a_port_the_usage_is_wrong_and_help_is_near() {
    let town = Town::of(0).await;
    let bare = said(&mut program(&town, &[])).await;
    assert_eq!((bare.code, bare.stdout.as_str()), (Some(2), ""));
    assert!(
        bare.stderr.contains("Usage: okta-sentinel"),
        "{}",
        bare.stderr
    );

    let serve = said(&mut program(&town, &["serve"])).await;
    assert_eq!((serve.code, serve.stdout.as_str()), (Some(2), ""));
    for needed in ["FUNCTIONS_CUSTOMHANDLER_PORT", "okta-sentinel ship"] {
        assert!(serve.stderr.contains(needed), "{}", serve.stderr);
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    for port in ["http", "70000", "", taken.as_str()] {
        let mut serve = program(&town, &["serve"]);
        let serve = said(serve.env("FUNCTIONS_CUSTOMHANDLER_PORT", port)).await;
        assert_eq!(serve.code, Some(2), "{port}");
        assert!(serve.stderr.starts_with("error: "), "{}", serve.stderr);
    }
    for wrong in [
        &["shipp"][..],
        &["ship", "--sinces", "3d"],
        &["ship", "now"],
    ] {
        let said = said(&mut program(&town, wrong)).await;
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""));
    }
}

#[tokio::test]
async fn wrong_settings_are_a_line_each_on_stderr() {
    let town = Town::of(0).await;
    let changes = [
        ("OKTA_DOMAIN", ""),
        ("OKTA_RATE_SHARE", "7"),
        ("WORKSPACE_ID", "acme"),
    ];
    for command in ["ship", "check"] {
        let said = shell(&town, &[command], &changes).await;
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (Some(2), ""),
            "{command}"
        );
        let lines: Vec<_> = said.stderr.lines().collect();
        assert_eq!(lines.len(), 3, "{}", said.stderr);
        for (line, (name, _)) in lines.iter().zip(changes) {
            assert!(line.starts_with(&format!("error: {name}: ")), "{line}");
        }
    }
}

/// What a command writes to a terminal, under these variables.
async fn on_a_terminal(town: &Town, variables: &[(&str, &str)]) -> String {
    let line = format!("{} ship", env!("CARGO_BIN_EXE_okta-sentinel"));
    let mut terminal = tokio::process::Command::new("script");
    terminal
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm")
        .envs(changed(town.settings(), variables))
        .current_dir(town.state.path())
        .stdin(Stdio::null());
    said(&mut terminal).await.stdout
}

#[tokio::test]
async fn colour_is_for_terminals_whose_owner_wants_it() {
    let town = Town::of(3).await;
    town.org.faults().always(Fault::status(401, "E0000011"));
    let unused = ("OUTPUT_DIR", "unused");
    let piped = shell(&town, &["ship"], &[unused]).await;
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
    let seen = on_a_terminal(&town, &[unused]).await;
    assert!(seen.contains(coloured), "{seen:?}");
    let seen = on_a_terminal(&town, &[unused, ("NO_COLOR", "1")]).await;
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
        let town = Town::of(3).await;
        let mut child = program(&town, arguments);
        child.envs(changed(town.settings(), &[("OUTPUT_DIR", "unused")]));
        let mut child = child
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        drop(child.stderr.take());
        let ended = soon(child.wait()).await.unwrap();
        assert_eq!(ended.code(), Some(0), "{arguments:?}");
        if arguments[0] == "ship" {
            town.assert_each_event_is_there_once();
        }
    }
}

#[tokio::test]
async fn a_handler_whose_stdout_is_gone_goes_on() {
    let town = Town::of(3).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut child = program(&town, &[]);
    child
        .envs(town.settings())
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
    let mut child = child
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    let mut stdout = child.stdout.take().unwrap();
    soon(stdout.read_exact(&mut first)).await.unwrap();
    drop((stdout, child.stderr.take()));
    let url = format!("http://127.0.0.1:{port}/OktaSyslogTimer");
    let answer = soon(reqwest::Client::new().post(url).send()).await.unwrap();
    assert_eq!(answer.status(), 200);
    town.assert_each_event_is_there_once();
    child.kill().await.unwrap();
}

#[tokio::test]
async fn output_dir_gets_a_row_an_event_and_the_state_beside_it() {
    let town = Town::of(1_200).await;
    let output = town.state.path().join("out");
    let local = [
        ("OUTPUT_DIR", output.to_str().unwrap()),
        ("WORKSPACE_ID", ""),
        ("WORKSPACE_KEY", ""),
        ("LOG_ANALYTICS_URI", ""),
        ("STATE_DIR", ""),
    ];
    for shipped in [1_200, 7] {
        let said = shell(&town, &["ship", "--json"], &local).await;
        let report: Value = serde_json::from_str(one_line(&said)).unwrap();
        assert_eq!(report["events"], shipped);
        town.org.append(7);
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
    let known: Vec<String> = town.org.ids().collect();
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
    assert!(workspace_is_untouched(&town.workspace));
}

fn workspace_is_untouched(workspace: &workspace::Workspace) -> bool {
    workspace.posts().is_empty()
}
