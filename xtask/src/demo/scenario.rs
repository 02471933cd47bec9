//! What happens in the demo, in order.

use std::time::Duration;

use anyhow::{Context as _, bail};
use sandbox::functions_host::{Invocation, Outcome};
use sandbox::okta::{Fault, OktaOrg};
use tokio::time::{MissedTickBehavior, interval};

use super::options::Options;
use super::progress::Progress;
use super::services::{Services, TIMER};
use crate::child;
use crate::terminal::grouped;

/// The requests to Okta that go wrong: even the shortest log takes four, these two included.
const UNAVAILABLE: u64 = 1;
const THROTTLED: u64 = 3;
const LAST_OF_SHORTEST: u64 = 4;
/// Events on one of Okta's pages.
const PAGE: u64 = 1000;
/// From Okta's last answer to the kill: by then the post under way is answered on most machines.
const BEFORE_KILL: Duration = Duration::from_millis(500);

/// Live events come in so many portions, this far apart.
const PORTIONS: u64 = 20;
const PORTION_EVERY: Duration = Duration::from_millis(150);
/// The schedule of the demo; Azure's timer fires once a minute.
const TICK_EVERY: Duration = Duration::from_millis(500);

/// What only the scenario knows.
pub(super) struct Observed {
    /// What *Test/Run* was answered while a run was under way.
    pub(super) overlap: String,
    /// The handler's line on its last run.
    pub(super) last_run: String,
    /// Most memory that a process of the handler had, in bytes, where the system tells.
    pub(super) peak_memory: Option<u64>,
}

/// Runs the whole scenario.
///
/// # Errors
/// A run that was to succeed did not.
pub(super) async fn run(
    services: &Services,
    options: &Options,
    progress: &Progress,
) -> anyhow::Result<Observed> {
    let ready = services.ready_after.unwrap_or_default().as_secs_f64() * 1e3;
    progress.message(&format!(
        "the handler answered the host's first probe after {ready:.1} ms"
    ));
    let before_kill = first_run(services, options, progress).await?;
    let overlap = second_run(services, progress).await?;
    let last_run = live_runs(services, options, progress).await?;
    Ok(Observed {
        overlap,
        last_run,
        peak_memory: peak_memory(services).max(before_kill),
    })
}

/// The first tick: the backlog, two errors of Okta, then a stall half way and the kill. Returns the peak memory of that process.
async fn first_run(
    services: &Services,
    options: &Options,
    progress: &Progress,
) -> anyhow::Result<Option<u64>> {
    let backlog = options.backlog();
    progress.message(&format!(
        "first tick: {} events are waiting; Okta answers 503 once and 429 once on the way",
        grouped(backlog)
    ));
    let faults = services.org.faults();
    faults.on_request(UNAVAILABLE, Fault::Html(503));
    faults.on_request(THROTTLED, Fault::rate_limited());
    faults.on_request(LAST_OF_SHORTEST + backlog / PAGE / 2, Fault::Stall);
    let run = services.host.invoke_timer(TIMER);
    tokio::pin!(run);
    let half_way = async {
        faults.wait_for_stalled(1).await;
        tokio::time::sleep(BEFORE_KILL).await;
    };
    tokio::select! {
        ended = &mut run => {
            line_of(&ended).context("the first run failed")?;
            bail!("the first run ended with fewer requests to Okta than its log has pages");
        }
        () = half_way => {}
    }
    let memory = peak_memory(services);
    let rows = grouped(services.table().rows());
    progress.message(&format!(
        "SIGKILL for the handler, with {rows} rows in the workspace"
    ));
    services.host.kill();
    // It fails, as it does in Azure when an instance is taken away.
    run.await;
    services.host.wait_for_exit(1).await;
    faults.wait_for_none_stalled().await;
    Ok(memory)
}

/// The second tick goes on where the first one was killed; *Test/Run* comes in between.
async fn second_run(services: &Services, progress: &Progress) -> anyhow::Result<String> {
    services.host.wait_for_start(2).await;
    progress
        .message("the host started it again; second tick, and somebody presses Test/Run meanwhile");
    let faults = services.org.faults();
    // Held at Okta until Test/Run is answered: the two overlap on any machine.
    faults.push(Fault::Stall);
    let run = services.host.invoke_timer(TIMER);
    tokio::pin!(run);
    tokio::select! {
        ended = &mut run => {
            line_of(&ended).context("the second run failed")?;
            bail!("the second run asked Okta for nothing");
        }
        () = faults.wait_for_stalled(1) => {}
    }
    let manual = services.host.invoke_manual(TIMER).await;
    faults.release();
    let overlap = line_of(&manual).context("Test/Run failed")?;
    progress.message(&format!("Test/Run was told: {overlap}"));
    let line = line_of(&run.await).context("the second run failed")?;
    progress.message(&line);
    Ok(overlap)
}

/// A tick every half second while events arrive, and one more.
async fn live_runs(
    services: &Services,
    options: &Options,
    progress: &Progress,
) -> anyhow::Result<String> {
    let live = grouped(options.live());
    progress.message(&format!(
        "{live} events arrive live; a tick every half second (in Azure: every minute)"
    ));
    let arriving = arrive(&services.org, options.live());
    tokio::pin!(arriving);
    let mut ticks = interval(TICK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = &mut arriving => break,
            _ = ticks.tick() => {}
        }
        let run = services.host.invoke_timer(TIMER);
        tokio::pin!(run);
        let ended = tokio::select! {
            ended = &mut run => ended,
            // The one run that was under way at the last arrival; the loop's end adds another.
            () = &mut arriving => {
                line_of(&run.await).context("a run failed")?;
                break;
            }
        };
        line_of(&ended).context("a run failed")?;
    }
    let line = line_of(&services.host.invoke_timer(TIMER).await).context("the last run failed")?;
    Ok(line)
}

/// Appends live events portion by portion.
async fn arrive(org: &OktaOrg, events: u64) {
    let mut portions = interval(PORTION_EVERY);
    for portion in 0..PORTIONS {
        portions.tick().await;
        org.append(events * (portion + 1) / PORTIONS - events * portion / PORTIONS);
    }
}

/// The line that a successful run put into the function's log.
fn line_of(run: &Invocation) -> anyhow::Result<String> {
    match &run.outcome {
        Outcome::Succeeded { logs, .. } => Ok(logs.join("; ")),
        Outcome::Failed { reason } => {
            // The host throws this body away; here it is the best there is.
            bail!("{reason} {}", String::from_utf8_lossy(&run.body))
        }
        Outcome::TimedOut => bail!("no end within functionTimeout"),
    }
}

fn peak_memory(services: &Services) -> Option<u64> {
    child::peak_memory(services.host.pid()?)
}
