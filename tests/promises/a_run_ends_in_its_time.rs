//! A run ends at most 10 seconds after its time is over, and 5 seconds and a little after SIGTERM,
//! also where a disk, a storage account, a token endpoint or a workspace does not answer, or never
//! stops answering.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use sandbox::workspace::Fault;
use tokio::process::Command;

use crate::support::fixture::{Fixture, IngestionApi};
use crate::support::program::{
    CommandOutput, TIMER, changed, host, line_of, local_workspace, program, run_to_end,
    with_timeout,
};
use crate::support::raw_peer::{Endless, RawPeer};

/// The shortest `RUN_BUDGET_SECONDS`.
const BUDGET: &str = "10";

/// Of the whole process, from its start to its exit.
const MOST: Duration = Duration::from_secs(20);

async fn ships(fixture: &Fixture, changes: &[(&str, &str)]) -> CommandOutput {
    let mut program = program(fixture, &["ship"]);
    let changes = [changes, &[("RUN_BUDGET_SECONDS", BUDGET)]].concat();
    program.envs(changed(fixture.settings(), &changes));
    let began = Instant::now();
    let output = run_to_end(&mut program).await;
    let took = began.elapsed();
    assert!(took < MOST, "{took:?}: {}{}", output.stdout, output.stderr);
    output
}

/// Puts a pipe that nobody writes to in the place of a file: opening it hangs, as a file on a
/// network share that is gone.
async fn hang(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = std::fs::remove_file(path);
    let made = Command::new("mkfifo").arg(path).status().await.unwrap();
    assert!(made.success());
}

fn org_folder(fixture: &Fixture) -> PathBuf {
    let org = fixture.shipper().okta.domain().key();
    fixture.state.path().join(org)
}

#[tokio::test]
async fn though_a_disk_hangs() {
    for file in ["cursor.json", "lock", ".new"] {
        let fixture = Fixture::with_events(10).await;
        hang(&org_folder(&fixture).join(file)).await;
        let output = ships(&fixture, &[]).await;
        assert_eq!(output.code, Some(1), "{file}: {}", output.stdout);
        assert!(
            output.stderr.contains("check the disk"),
            "{file}: {}",
            output.stderr
        );
        assert!(
            output.stderr.contains("127.0.0.1"),
            "{file}: {}",
            output.stderr
        );
    }
}

#[tokio::test]
async fn and_after_sigterm_though_a_disk_hangs() {
    let fixture = Fixture::with_events(10).await;
    for (arguments, signal, code) in [
        (&["ship"][..], "-TERM", 143),
        (&["ship"], "-INT", 130),
        (&["dead-letters", "--resend"], "-TERM", 143),
        (&["check"], "-INT", 130),
    ] {
        hang(&org_folder(&fixture).join("cursor.json")).await;
        let mut program = program(&fixture, arguments);
        program.envs(fixture.settings());
        let mut child = program.stdout(Stdio::piped()).spawn().unwrap();
        let pid = child.id().unwrap();
        with_timeout(hangs_on_a_pipe(pid)).await;
        let kill = Command::new("kill")
            .args([signal, &pid.to_string()])
            .status();
        assert!(kill.await.unwrap().success());
        let told = Instant::now();
        let ended = with_timeout(child.wait()).await.unwrap();
        assert_eq!(ended.code(), Some(code), "{arguments:?} {signal}");
        let took = told.elapsed();
        assert!(took < Duration::from_secs(8), "{arguments:?}: {took:?}");
    }
}

/// Waits until a thread of the process waits in the opening of a pipe.
async fn hangs_on_a_pipe(pid: u32) {
    loop {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let waits = threads.filter_map(Result::ok).any(|thread| {
            let place = std::fs::read_to_string(thread.path().join("wchan"));
            let call = std::fs::read_to_string(thread.path().join("syscall"));
            place.is_ok_and(|it| it.contains("wait_for_partner") || it.contains("fifo_open"))
                // openat, on x86-64 and on arm64
                || call.is_ok_and(|it| it.starts_with("257 ") || it.starts_with("56 "))
        });
        if waits {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn and_a_call_that_still_hangs_is_not_taken_for_another_run() {
    let fixture = Fixture::with_events(10).await;
    hang(&org_folder(&fixture).join("cursor.json")).await;
    let host = host(&fixture, &[("RUN_BUDGET_SECONDS", BUDGET)]).await;
    for _ in 0..2 {
        let run = with_timeout(host.invoke_timer(TIMER)).await;
        assert_eq!(run.status, Some(500), "{run:?}");
        let line = line_of(&host, &run, "run_ended").await;
        let said = line["message"].as_str().unwrap().to_owned();
        assert!(said.contains("check the disk"), "{said}");
    }
}

#[tokio::test]
async fn though_another_program_holds_the_lock_of_a_table() {
    let fixture = Fixture::with_events(10).await;
    let out = fixture.state.path().join("out");
    std::fs::create_dir_all(&out).unwrap();
    let table = std::fs::File::create(out.join("Okta_CL.ndjson")).unwrap();
    table.lock().unwrap();
    let output = ships(&fixture, &local_workspace(out.to_str().unwrap())).await;
    // The next run posts these rows: nothing of them is written.
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output.stdout.contains("the time for this run is over"),
        "{}",
        output.stdout
    );
}

#[tokio::test]
async fn though_the_workspace_does_not_answer() {
    let fixture = Fixture::with_events(10).await;
    fixture.workspace.faults().always(Fault::Stall);
    let output = ships(&fixture, &[]).await;
    assert!(
        output.stdout.contains("the time for this run is over"),
        "{}",
        output.stdout
    );
}

#[tokio::test]
async fn though_a_storage_account_does_not_answer() {
    let fixture = Fixture::with_events(10).await;
    let head = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 9000000\r\n\r\n";
    let error = "HTTP/1.1 503 Busy\r\nContent-Length: 900000000\r\n\r\n";
    for peer in [
        RawPeer::silent().await,
        RawPeer::endless(head, Endless::Trickle).await,
        RawPeer::endless(error, Endless::Trickle).await,
        RawPeer::endless(error, Endless::Flood).await,
    ] {
        let account = format!(
            "DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=c2VjcmV0c2VjcmV0;BlobEndpoint={}/acme",
            peer.url
        );
        let changes = [("STATE_DIR", ""), ("AzureWebJobsStorage", account.as_str())];
        let output = ships(&fixture, &changes).await;
        assert_eq!(output.code, Some(1), "{}", output.stdout);
        assert!(
            output.stderr.contains("storage account"),
            "{}",
            output.stderr
        );
        let written = peer.written.load(std::sync::atomic::Ordering::SeqCst);
        assert!(written < 800_000_000, "{written} bytes were read");
    }
}

#[tokio::test]
async fn though_no_token_is_to_be_had() {
    let fixture = Fixture::start_with_events(IngestionApi::LogsIngestion, 10).await;
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: identity\r\n\r\n";
    for peer in [
        RawPeer::silent().await,
        RawPeer::endless(head, Endless::Trickle).await,
        RawPeer::endless(head, Endless::Flood).await,
    ] {
        let output = ships(&fixture, &[("IDENTITY_ENDPOINT", peer.url.as_str())]).await;
        assert!(
            !output.stdout.contains("shipped 10 events"),
            "{}",
            output.stdout
        );
        assert!(peer.requests.load(std::sync::atomic::Ordering::SeqCst) > 0);
        let written = peer.written.load(std::sync::atomic::Ordering::SeqCst);
        assert!(written < 100_000_000, "{written} bytes were read");
    }
}
