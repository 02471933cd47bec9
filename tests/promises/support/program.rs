//! The program itself, as a process of its own: under a Functions host, or in a shell.

use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;

use sandbox::functions_host::{Category, Config, FunctionsHost, Invocation, Level};
use serde_json::{Map, Value};
use tokio::net::TcpSocket;
use tokio::process::Command;

use crate::support::fixture::Fixture;

/// The function of the timer that ships.
pub(crate) const TIMER: &str = "OktaSyslogTimer";

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_okta-sentinel");

/// What a command wrote, and how it ended.
pub(crate) struct CommandOutput {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    /// Without the notices that support for the Data Collector API has ended.
    pub(crate) stderr: String,
    /// How many such notices there were: one for each start with the Data Collector API.
    pub(crate) notices: usize,
}

/// A loopback address that refuses connections. The port stays bound, so that no other process
/// takes it.
pub(crate) struct UnusedPort {
    pub(crate) url: String,
    _bound: TcpSocket,
}

impl UnusedPort {
    pub(crate) fn reserve() -> UnusedPort {
        let bound = TcpSocket::new_v4().unwrap();
        bound.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        UnusedPort {
            url: format!("http://{}", bound.local_addr().unwrap()),
            _bound: bound,
        }
    }
}

/// Settings with some changed; an empty value counts as unset.
pub(crate) fn changed(
    settings: Vec<(String, String)>,
    changes: &[(&str, &str)],
) -> Vec<(String, String)> {
    let own = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    settings
        .into_iter()
        .chain(changes.iter().map(own))
        .collect()
}

/// Changes that ship into a local folder, with the state beside it.
pub(crate) fn local_workspace(folder: &str) -> [(&str, &str); 5] {
    [
        ("OUTPUT_DIR", folder),
        ("WORKSPACE_ID", ""),
        ("WORKSPACE_KEY", ""),
        ("LOG_ANALYTICS_URI", ""),
        ("STATE_DIR", ""),
    ]
}

/// Awaits `future`, and fails the test after a minute.
#[track_caller]
pub(crate) fn with_timeout<T>(future: impl Future<Output = T>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let limit = tokio::time::timeout(Duration::from_secs(60), future);
        limit
            .await
            .unwrap_or_else(|_| panic!("nothing came of {caller} within a minute"))
    }
}

/// This checkout's function app with the program, and the settings that lead to `fixture`.
pub(crate) async fn host(fixture: &Fixture, changes: &[(&str, &str)]) -> FunctionsHost {
    let mut config = Config::new(env!("CARGO_MANIFEST_DIR"))
        .setting("OKTA_POLL_SCHEDULE", "0 * * * * *")
        .setting("AzureWebJobs.OktaContain.Disabled", "true");
    config.executable = Some(PROGRAM.into());
    config
        .app_settings
        .extend(changed(fixture.settings(), changes));
    with_timeout(FunctionsHost::start(config)).await.unwrap()
}

/// The program in a shell, in a folder of its own, with nothing set.
pub(crate) fn program(fixture: &Fixture, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .env_clear()
        .current_dir(fixture.state.path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs a command in a shell with the settings that lead to `fixture`, to its end.
pub(crate) async fn shell(
    fixture: &Fixture,
    arguments: &[&str],
    changes: &[(&str, &str)],
) -> CommandOutput {
    let mut command = program(fixture, arguments);
    command.envs(changed(fixture.settings(), changes));
    run_to_end(&mut command).await
}

/// Runs a command to its end.
pub(crate) async fn run_to_end(command: &mut Command) -> CommandOutput {
    let output = with_timeout(command.output()).await.unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let is_notice = |line: &&str| line.contains("support ended on 14 September 2026");
    CommandOutput {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        notices: stderr.lines().filter(is_notice).count(),
        stderr: stderr
            .split_inclusive('\n')
            .filter(|line| !is_notice(line))
            .collect(),
    }
}

/// Everything on stdout so far: each line must be a JSON object that names an invocation.
#[track_caller]
pub(crate) fn stdout(host: &FunctionsHost) -> Vec<Map<String, Value>> {
    let written = host.lines();
    let lines = written.iter().filter(|line| {
        line.category == Category::Worker
            || (line.category == Category::Console && line.level == Level::Information)
    });
    lines
        .map(|line| match serde_json::from_str(&line.text) {
            Ok(Value::Object(object)) if object["invocation_id"].is_string() => object,
            _ => panic!("no line of ours on stdout: {}", line.text),
        })
        .collect()
}

/// Everything on stderr so far.
pub(crate) fn stderr(host: &FunctionsHost) -> Vec<String> {
    let written = host.lines().into_iter();
    let lines = written
        .filter(|line| line.category == Category::Console && line.level > Level::Information);
    lines.map(|line| line.text).collect()
}

/// The line on stdout by which a run says its end; it may be read after the answer.
pub(crate) async fn run_ended(host: &FunctionsHost, run: &Invocation) -> Map<String, Value> {
    line_of(host, run, "run_ended").await
}

/// The first line of this name that an invocation wrote.
pub(crate) async fn line_of(
    host: &FunctionsHost,
    run: &Invocation,
    event: &str,
) -> Map<String, Value> {
    let parsed = |text: &str| serde_json::from_str::<Map<String, Value>>(text).ok();
    let line = host.wait_for_line(|line| {
        parsed(&line.text)
            .is_some_and(|line| line["invocation_id"] == run.id.as_str() && line["event"] == event)
    });
    parsed(&with_timeout(line).await.text).unwrap()
}
