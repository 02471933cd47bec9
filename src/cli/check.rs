//! `okta-sentinel check`: every setting tried for real, one line each.

use std::convert::Infallible;
use std::fmt::Display;
use std::process::ExitCode;

use chrono::{SecondsFormat, TimeDelta, Utc};

use crate::cli::output::result;
use crate::cli::shipper::with_shipper;
use crate::log_analytics::batch::Batch;
use crate::log_analytics::post_error::PostError;
use crate::log_analytics::tables;
use crate::okta::api::error::{OktaError, OktaErrorKind};
use crate::okta::api::rate::RateLimit;
use crate::okta::log::cursor::Cursor;
use crate::okta::log::page;
use crate::settings::Environment;
use crate::ship::{RunError, Shipper, health};
use crate::state::checkpoint::Place;
use crate::state::store::StoreError;
use crate::telemetry::Log;

/// Tries Okta, the store and the workspace, and prints what came of each.
pub fn run(environment: &Environment) -> ExitCode {
    with_shipper(environment, async |shipper, stop| {
        tokio::select! {
            all_good = every_part(shipper) => match all_good {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            },
            () = stop.cancelled() => ExitCode::FAILURE,
        }
    })
}

/// Tries one part after the other and prints each line as soon as it is known.
async fn every_part(shipper: &Shipper) -> bool {
    let settings = tell("settings", Ok::<_, Infallible>("every setting can be read"));
    let okta = tell("okta", okta(shipper).await);
    let state = tell("state", state(shipper).await);
    let workspace = workspace(shipper).await;
    settings && okta && state && workspace
}

/// One line of the result; whether it is a good one.
fn tell(part: &str, outcome: Result<impl Display, impl Display>) -> bool {
    match &outcome {
        Ok(text) => result(&format!("ok      {part:<9}  {text}")),
        Err(text) => result(&format!("FAILED  {part:<9}  {text}")),
    }
    outcome.is_ok()
}

/// One event of the last hour, with the filter if there is one.
async fn okta(shipper: &Shipper) -> Result<String, OktaError> {
    let (client, mut body) = (&shipper.okta, Vec::new());
    let since = Utc::now() - TimeDelta::hours(1);
    let cursor = Cursor::since(client.domain(), since, shipper.filter.as_deref()).with_limit(1);
    let page = page::read(client, &cursor, &mut body).await?;
    if !body.trim_ascii_start().starts_with(b"[") {
        let problem = "it answered 200 with something that is no list of events".to_owned();
        let kind = OktaErrorKind::UnreadablePage { problem };
        return Err(OktaError::new(client.domain(), kind));
    }
    let rate = page.rate.map_or(
        String::new(),
        |RateLimit {
             limit, remaining, ..
         }| { format!("; its limit is {limit} requests a minute, {remaining} are left") },
    );
    let (org, caller) = (client.domain(), client.credential());
    Ok(format!("{org} shows its System Log to {caller}{rate}"))
}

/// The lease taken and given back, and between the two the saved cursor read as a run reads it.
async fn state(shipper: &Shipper) -> Result<String, RunError> {
    let place = shipper.store.place();
    let lease = match shipper.store.open().await {
        Err(StoreError::Held { .. }) => return Ok(format!("{place} is in use by a run right now")),
        other => other?,
    };
    let log = Log::new("shell");
    let saved = lease.saved().map(|saved| shipper.check_saved(saved, &log));
    lease.release().await?;
    let saved = match saved.transpose()? {
        Some(place) => format!("a cursor is saved, {}", newest_event(&place)),
        None => {
            let hint = move_hint(shipper).await;
            format!("no cursor is saved: the next run is a first one{hint}")
        }
    };
    Ok(format!("{place} can be written; {saved}"))
}

fn newest_event(place: &Place) -> String {
    let backlog = place.backfill.as_ref();
    let backlog = backlog.and_then(|backfill| backfill.lane.newest_published);
    let newest = place.main.newest_published.or(backlog);
    newest.map_or("no event so far".to_owned(), |newest| {
        let newest = newest.to_rfc3339_opts(SecondsFormat::Secs, true);
        format!("the newest event is of {newest}")
    })
}

/// Where the state of another host lies beside: that it may be this org's.
async fn move_hint(shipper: &Shipper) -> String {
    let new = shipper.okta.domain().as_written();
    let others = shipper.possible_former_hosts().await;
    let hints = others.iter().map(|old| {
        format!(
            "; there is saved state of {old}: if that is the same org under its former host, run \
             `okta-sentinel state move {old} {new}` first"
        )
    });
    hints.collect()
}

/// Every table, one line each; where the API has no harmless try, one row that says it is a check.
async fn workspace(shipper: &Shipper) -> bool {
    let mut all_good = true;
    for table in [&tables::OKTA, &tables::CONNECTOR_HEALTH] {
        match shipper.sink.probe(table).await {
            Some(probed) => all_good &= tell("workspace", probed),
            None => return tell("workspace", check_row(shipper).await),
        }
    }
    all_good
}

async fn check_row(shipper: &Shipper) -> Result<String, PostError> {
    let sink = &shipper.sink;
    let row = health::check_row(sink.as_ref(), shipper.okta.domain(), Utc::now());
    let body = sink.prepare(&Batch::of_one(row.as_bytes()));
    sink.post(&tables::CONNECTOR_HEALTH, &body).await?;
    let to = sink.destination();
    Ok(format!(
        "{to} took a row of outcome `check` for OktaConnectorHealth_CL"
    ))
}
