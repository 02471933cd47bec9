//! `okta-sentinel dead-letters`: what the workspace refused, listed and sent again.

use std::process::ExitCode;

use chrono::SecondsFormat;
use clap::Args;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cli::output::{failure, json_line, result};
use crate::cli::shipper::with_shipper;
use crate::net::retry::Limits;
use crate::settings::Environment;
use crate::ship::resend::{Fate, Listed, Resent};
use crate::ship::{RunError, Shipper};
use crate::state::store::StoreError;
use crate::telemetry::{Log, shown};

/// What `dead-letters` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Sending takes the lease, as a run does: while one is under way, try again a \
    little later. What the workspace accepts is no dead letter any more; what it refuses again stays, \
    with its new reason. A note about an event over 8 MB holds no row and is only listed. Exit code \
    0 if nothing went wrong, 1 if a row was refused again or something failed, 2 if a setting \
    cannot be read, 130 or 143 if it was told to stop. Examples:\n  \
    okta-sentinel dead-letters                        what there is, the oldest first\n  \
    okta-sentinel dead-letters --resend               once its cause is mended\n  \
    okta-sentinel dead-letters --json | jq .reason    one JSON object a line"
)]
pub struct Options {
    /// Send each again that holds a row
    #[arg(long)]
    resend: bool,
    /// Print one JSON object a dead letter
    #[arg(long)]
    json: bool,
}

/// Lists the dead letters, or sends them again.
pub fn run(environment: &Environment, options: &Options) -> ExitCode {
    with_shipper(environment, async |shipper, stop| match options.resend {
        true => resend(shipper, options.json, stop).await,
        false => tokio::select! {
            code = list(shipper, options.json) => code,
            () = stop.cancelled() => ExitCode::FAILURE,
        },
    })
}

async fn list(shipper: &Shipper, json: bool) -> ExitCode {
    match shipper.dead_letters().await {
        Ok(letters) if json => letters.iter().for_each(json_line),
        Ok(letters) if letters.is_empty() => nothing(),
        Ok(letters) => table(&letters).iter().for_each(|line| result(line)),
        Err(error) => return failed(&error.into()),
    }
    ExitCode::SUCCESS
}

async fn resend(shipper: &Shipper, json: bool, stop: CancellationToken) -> ExitCode {
    let log = Log::new("shell");
    let deadline = Instant::now() + shipper.budget;
    let (mut accepted, mut refused, mut kept) = (0_u64, 0_u64, 0_u64);
    let tell = |resent: Resent| {
        *match resent.result {
            Fate::Accepted => &mut accepted,
            Fate::Refused => &mut refused,
            Fate::Kept => &mut kept,
        } += 1;
        match json {
            true => json_line(&resent),
            false => result(&line(&resent)),
        }
    };
    let sent = shipper.resend(&Limits { deadline, stop }, &log, tell).await;
    if !json && accepted + refused + kept > 0 {
        result(&format!(
            "{accepted} accepted, {refused} refused again, {kept} not sent"
        ));
    }
    match sent {
        Err(error) => failed(&error),
        Ok(()) if refused > 0 => ExitCode::FAILURE,
        Ok(()) => {
            if !json && accepted + kept == 0 {
                nothing();
            }
            ExitCode::SUCCESS
        }
    }
}

fn nothing() {
    result("no dead letters");
}

fn failed(error: &RunError) -> ExitCode {
    let more = match error {
        RunError::Store(StoreError::Held { .. }) => "; try again when that run has ended",
        RunError::Post(_) | RunError::Stopped => "; what was not accepted is still a dead letter",
        _ => "",
    };
    failure(format!("{error}{more}"))
}

/// `accepted  0a1b.json  the reason, where it was not`.
fn line(resent: &Resent) -> String {
    let Resent { result, letter } = resent;
    let (word, name) = (result.name(), &letter.name);
    match result {
        Fate::Accepted => format!("{word:<8}  {name}"),
        Fate::Refused => format!("{word:<8}  {name}  try {}: {}", letter.tries, letter.reason),
        Fate::Kept => format!("{word:<8}  {name}  {}", letter.reason),
    }
}

/// A heading and a line a letter, the columns aligned; the last is as long as it is.
fn table(letters: &[Listed]) -> Vec<String> {
    let heading = ["NAME", "REFUSED", "TABLE", "ROWS", "TRIES", "REASON"].map(str::to_owned);
    let lines: Vec<[String; 6]> = std::iter::once(heading)
        .chain(letters.iter().map(cells))
        .collect();
    let mut widths = [0; 6];
    for cells in &lines {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = cell.chars().count().max(*width);
        }
    }
    let padded = |cells: &[String; 6]| {
        let cells = cells.iter().zip(widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect()
}

fn cells(letter: &Listed) -> [String; 6] {
    let refused_at = letter.refused_at;
    let refused_at = refused_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    [
        letter.name.clone(),
        refused_at.unwrap_or_else(|| "-".to_owned()),
        letter.table.clone().unwrap_or_else(|| "-".to_owned()),
        letter.rows.to_string(),
        letter.tries.to_string(),
        letter.reason.clone(),
    ]
    .map(|cell| shown::line(&cell))
}
