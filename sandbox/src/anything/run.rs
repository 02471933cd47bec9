//! One run of the program, as a process.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

/// How often the process's memory is looked at. The peak is the kernel's: only what comes in the
/// last moment before the end is missed.
const LOOK: Duration = Duration::from_millis(10);
/// A run may take so much longer than its budget.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// It is killed so much later.
const PATIENCE: Duration = Duration::from_secs(10);

/// One run.
#[derive(Clone, Debug)]
pub struct Run {
    /// When it began and ended.
    pub(super) span: (DateTime<Utc>, DateTime<Utc>),
    /// How long it took.
    pub took: Duration,
    /// Most memory that it had at once, in bytes; 0 where the system does not tell.
    pub peak_memory: u64,
    /// `outcome` of its report; empty when there was none.
    pub outcome: String,
    /// Its exit code; none when it was killed.
    pub code: Option<i32>,
    /// What it wrote to stderr.
    pub stderr: String,
    /// Odd answers of storage to it.
    pub(super) odd_storage: usize,
    /// Whether the ends had healed before it.
    pub healed: bool,
}

/// Runs `ship` once with these settings.
pub(super) async fn ship(
    program: &Path,
    settings: &[(&'static str, String)],
    budget: u64,
) -> io::Result<Run> {
    let mut command = Command::new(program);
    command
        .args(["ship", "--json"])
        .env_clear()
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let (begun, began) = (Instant::now(), Utc::now());
    let mut child = command.spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let limit = Duration::from_secs(budget) + GRACE + PATIENCE;
    let (stdout, stderr, watched) =
        tokio::join!(all(stdout), all(stderr), watch(&mut child, limit));
    let (code, peak_memory) = watched?;
    let report: serde_json::Value =
        serde_json::from_str(stdout.lines().last().unwrap_or_default()).unwrap_or_default();
    let outcome = report.get("outcome").and_then(|outcome| outcome.as_str());
    Ok(Run {
        span: (began, Utc::now()),
        took: begun.elapsed(),
        peak_memory,
        outcome: outcome.unwrap_or_default().to_owned(),
        code,
        stderr,
        odd_storage: 0,
        healed: false,
    })
}

async fn all(stream: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What a killed process wrote may be cut off.
        let _ = stream.take(1 << 20).read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for its end, and kills it after `limit`.
async fn watch(child: &mut Child, limit: Duration) -> io::Result<(Option<i32>, u64)> {
    let pid = child.id().unwrap_or_default();
    let deadline = Instant::now() + limit;
    let mut peak = 0;
    loop {
        tokio::select! {
            status = child.wait() => return Ok((status?.code(), peak)),
            () = tokio::time::sleep(LOOK) => {}
        }
        peak = peak.max(peak_memory(pid).unwrap_or_default());
        if Instant::now() > deadline {
            child.kill().await?;
            return Ok((None, peak));
        }
    }
}

/// As Linux counts it.
fn peak_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}
