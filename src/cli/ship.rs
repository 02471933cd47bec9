//! `okta-sentinel ship`: a run now.

use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::cli::output::{failure, json_line, people, result, wrong_usage};
use crate::cli::progress::Progress;
use crate::cli::runtime::with_runtime;
use crate::cli::shipper::{settings, shipper};
use crate::net::retry::Limits;
use crate::settings::{Environment, Start};
use crate::ship::{Begin, Ended, RunReport, Shipper};
use crate::telemetry::Log;

/// How long another run is waited for before the next try.
const LEASE_PAUSE: Duration = Duration::from_secs(10);

/// What `ship` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    okta-sentinel ship                                 one run, to the end of the log or of RUN_BUDGET_SECONDS\n  \
    okta-sentinel ship --since 30d --until-caught-up   a first run over the last 30 days, however long it takes\n  \
    okta-sentinel ship --since 2026-11-01T00:00:00Z --restart\n  \
    okta-sentinel ship --json | jq .events\n\n\
    Exit code 0 if the run ended well, 1 if it failed, 2 for wrong usage or settings, 130 and 143 if it \
    was told to stop by Ctrl-C and SIGTERM: a post under way then gets 5 seconds, and a second Ctrl-C \
    ends at once.")]
pub struct Options {
    /// Where a first run starts: `7d`, `12h`, `30m` or an RFC 3339 time, at most 90 days back. A saved cursor wins
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<DateTime<Utc>>,
    /// Discard the saved cursor and start as a first run does; what is in the workspace comes again
    #[arg(long)]
    restart: bool,
    /// Repeat runs until everything is there
    #[arg(long)]
    until_caught_up: bool,
    /// Make a dead letter of every row that is refused, however many: for rows that no setting mends
    #[arg(long)]
    set_aside_refused: bool,
    /// Print the run's report as one JSON object a run
    #[arg(long)]
    json: bool,
}

/// `7d`, `12h`, `30m`, or a time.
fn since(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let split = text.len().saturating_sub(1);
    let (number, unit) = text.split_at_checked(split).unwrap_or_default();
    let ago = number.parse::<u32>().ok().and_then(|number| match unit {
        "d" => TimeDelta::try_days(i64::from(number)),
        "h" => TimeDelta::try_hours(i64::from(number)),
        "m" => TimeDelta::try_minutes(i64::from(number)),
        _ => None,
    });
    ago.and_then(|ago| Utc::now().checked_sub_signed(ago))
        .ok_or_else(|| "write 7d, 12h, 30m or 2026-11-01T00:00:00Z".to_owned())
}

/// Ships, and prints what became of it.
pub fn run(environment: &Environment, options: &Options) -> ExitCode {
    let log = Log::new("shell");
    match prepared(environment, options, &log) {
        Ok(shipper) => with_runtime(async |stop| ship(&shipper, options, &log, stop).await),
        Err(code) => code,
    }
}

fn prepared(environment: &Environment, options: &Options, log: &Log) -> Result<Shipper, ExitCode> {
    let mut settings = settings(environment)?;
    if let Some(since) = options.since {
        let start = Start::at(since, Utc::now(), "--since");
        let (start, warning) = start.map_err(|error| wrong_usage(format!("--since: {error}")))?;
        warning
            .iter()
            .for_each(|warning| log.settings_warning(warning));
        settings.okta.start = start;
    }
    Ok(Shipper {
        set_aside_refused: options.set_aside_refused,
        ..shipper(settings)?
    })
}

async fn ship(
    shipper: &Shipper,
    options: &Options,
    log: &Log,
    stop: CancellationToken,
) -> ExitCode {
    let mut begin = match options {
        Options { restart: true, .. } => Begin::Afresh,
        Options { since: Some(_), .. } => Begin::SavedDespiteSince,
        _ => Begin::Saved,
    };
    let mut shipped = 0;
    loop {
        let progress = Progress::start(&shipper.okta.domain().to_string());
        let show = |report: &RunReport| progress.show(report, shipped);
        let report = shipper
            .run(begin, stop.clone(), &log.quietly(), &show)
            .await;
        progress.end();
        shipped += report.events;
        if !matches!(report.ended, Ended::LeaseHeld { .. }) {
            begin = Begin::Saved;
        }
        tell(&report, options.json);
        let pause = match &report.ended {
            Ended::Failed(_) | Ended::Stopping => return ExitCode::FAILURE,
            Ended::CaughtUp => return ExitCode::SUCCESS,
            Ended::LeaseHeld { .. } if options.restart && !options.until_caught_up => {
                return failure(
                    "nothing was restarted: another run is under way; try again when it has ended",
                );
            }
            _ if !options.until_caught_up => return ExitCode::SUCCESS,
            Ended::BudgetSpent => Duration::ZERO,
            Ended::RateSpent { until } => (*until - Utc::now()).to_std().unwrap_or_default(),
            Ended::LeaseHeld { .. } => LEASE_PAUSE,
        };
        let deadline = tokio::time::Instant::now() + pause + Duration::from_secs(1);
        let stop = stop.clone();
        if !(Limits { deadline, stop }.pause(pause).await) {
            return ExitCode::FAILURE;
        }
    }
}

/// The report on stdout; of a failure, in words on stderr too where stdout has JSON.
fn tell(report: &RunReport, json: bool) {
    match json {
        true => json_line(report),
        false if report.succeeded() => result(&report.to_string()),
        false => {}
    }
    if !report.succeeded() {
        people(&format!("error: {report}"));
    }
}
