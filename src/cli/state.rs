//! `okta-sentinel state`: the saved state of an org that gets a new host.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::SecondsFormat;
use clap::{Args, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::app;
use crate::cli::output::{failure, people, result, wrong_usage};
use crate::cli::runtime::with_runtime;
use crate::cli::shipper::store_settings;
use crate::okta::api::domain::OktaDomain;
use crate::settings::Environment;
use crate::state::org_move::{Moved, OrgMove, Prepared};
use crate::state::store::StateStore;

/// What `state` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Go on under a new host of the same org, without repeat and without loss
    Move(Box<MoveOptions>),
}

/// What `state move` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "The cursor, the ids of the last hour and the dead letters go along. Only the settings of the \
    place are needed: STATE_DIR, or AzureWebJobsStorage and its like. No run may be under way: stop the \
    function app first. A move that was interrupted is done again in the same words, and goes on where it \
    stopped. Exit code 0 if the state is moved, 1 if it is not, 2 for wrong usage. Examples:\n  \
    okta-sentinel state move acme.okta.com login.acme.com          then set OKTA_DOMAIN=login.acme.com\n  \
    okta-sentinel state move acme.okta.com login.acme.com --yes    replace what runs there have saved\n  \
    okta-sentinel state move login.acme.com acme.okta.com          the way back"
)]
pub struct MoveOptions {
    /// The host under which the org was shipped so far, as in OKTA_DOMAIN
    old: OktaDomain,
    /// The host under which it is shipped from now on
    new: OktaDomain,
    /// Replace state of the new host without a question
    #[arg(long)]
    yes: bool,
}

/// Does it, and prints what came of it.
pub fn run(environment: &Environment, command: &Command) -> ExitCode {
    let Command::Move(options) = command;
    if options.old.key() == options.new.key() {
        let host = options.old.as_written();
        return wrong_usage(format!(
            "OLD and NEW are both {host}: there is nothing to move"
        ));
    }
    let settings = match store_settings(environment) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let stores = app::store(&settings, &options.old)
        .and_then(|from| Ok((from, app::store(&settings, &options.new)?)));
    match stores {
        Ok((from, to)) => with_runtime(async |stop| move_state(options, from, to, stop).await),
        Err(error) => failure(error),
    }
}

async fn move_state(
    options: &MoveOptions,
    from: Arc<dyn StateStore>,
    to: Arc<dyn StateStore>,
    stop: CancellationToken,
) -> ExitCode {
    let org_move = OrgMove {
        old: &options.old,
        new: &options.new,
        from: from.as_ref(),
        to: to.as_ref(),
    };
    let stopped = || failure("stopped; run the same command again, it goes on from there");
    let prepared = tokio::select! {
        prepared = org_move.prepare() => prepared,
        () = stop.cancelled() => return stopped(),
    };
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return failure(error),
    };
    if let Some(refused) = refusal(options, &prepared, &stop).await {
        // What is said matters more, and the leases run out by themselves.
        let _ = prepared.give_up().await;
        return failure(refused);
    }
    tokio::select! {
        moved = prepared.go() => match moved {
            Ok(moved) => tell(options, &moved, from.as_ref()),
            Err(error) => failure(format!("{error}; nothing is lost: run the same command again")),
        },
        () = stop.cancelled() => stopped(),
    }
}

/// Why state of the new host is not replaced, if nobody agreed to it.
async fn refusal(
    options: &MoveOptions,
    prepared: &Prepared<'_>,
    stop: &CancellationToken,
) -> Option<String> {
    let replaced = prepared.replaces.as_ref().filter(|_| !options.yes)?;
    let there = format!(
        "there is state of {} already: {replaced}",
        options.new.as_written()
    );
    if !std::io::stdin().is_terminal() {
        return Some(format!("{there}; to replace it, add --yes"));
    }
    people(&format!("{there}. Replace it? [y/N] "));
    // Reading blocks, and the leases have to be renewed meanwhile.
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let answer = tokio::select! {
        answer = answer => answer.ok().and_then(Result::ok).unwrap_or_default(),
        () = stop.cancelled() => String::new(),
    };
    let agreed = ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str());
    (!agreed).then(|| "nothing was moved".to_owned())
}

fn tell(options: &MoveOptions, moved: &Moved, from: &dyn StateStore) -> ExitCode {
    let (old, new) = (options.old.as_written(), options.new.as_written());
    let place = from.place();
    let what = match moved {
        Moved { was_done: true, .. } => format!(
            "the state of {old} had been moved to {new}; what was left of it in {place} is removed"
        ),
        Moved {
            newest,
            dead_letters,
            ..
        } => {
            let newest = newest.map_or("no event so far".to_owned(), |newest| {
                let newest = newest.to_rfc3339_opts(SecondsFormat::Secs, true);
                format!("the newest event is of {newest}")
            });
            format!(
                "moved the state of {old} to {new}: a cursor, {newest}; dead letters: {dead_letters}"
            )
        }
    };
    result(&format!(
        "{what}. Set OKTA_DOMAIN to {new} for the next run"
    ));
    ExitCode::SUCCESS
}
