//! `cargo xtask soak kills`: the real program, killed again and again.
//!
//! Pages are small and posts take a moment, so that kills hit every stage of a run: before the
//! first request, during a page, during a post, between its answer and the save, during the save.
//! Each kill may repeat the rows of the one page whose save it prevented. Nothing may be missing.
//!
//! A campaign has several rounds. Each is a first connection to an org of its own with some hours
//! of backlog, to which events are added during the round. So kills hit the start of the two lanes,
//! both lanes, and their join.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;
use chrono::{DateTime, Utc};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sandbox::okta::{OktaOrg, OrgConfig};
use sandbox::workspace::Workspace;
use tokio::runtime::Runtime;

use super::arrivals::TABLE;
use super::state::{self, Store};
use super::{seed, services};
use crate::build::{self, Profile};
use crate::terminal;

mod moment;
mod program;
mod tally;

use moment::Moments;
use program::{Ended, Program};
use tally::Tally;

/// Events of a page, and so of a batch.
const PAGE: usize = 150;
/// Events that are added whenever everything has arrived before the last kill.
const FRESH: u64 = 20 * PAGE as u64;
/// Most events that are added between two runs: what a minute brings.
const NEW_EVENTS: u64 = PAGE as u64 / 10;
/// Kills of one round.
const KILLS_OF_A_ROUND: u32 = 100;
/// How long a post takes.
const POST: Duration = Duration::from_millis(10);

/// What `soak kills` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask soak kills --release                    1,000 kills over each store, some minutes\n  \
    cargo xtask soak kills --kills 50 --events 10000 --store folder\n  \
    cargo xtask soak kills --seed 7                     the moments of an earlier campaign again")]
pub(crate) struct Options {
    /// Kills
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    kills: u32,
    /// Events in the Okta orgs at the start of all rounds together
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..=5_000_000))]
    events: u64,
    /// Only one kind of state store
    #[arg(long, value_enum)]
    store: Vec<Store>,
    /// Decides every generated event and every moment
    #[arg(long)]
    seed: Option<u64>,
    /// Kill the release binary
    #[arg(long)]
    release: bool,
}

/// Runs the campaign over each store.
///
/// # Errors
/// A store over which the promise was broken, or the campaign could not be carried out.
pub(crate) fn run(options: &Options, runtime: &Runtime) -> anyhow::Result<()> {
    let profile = match options.release {
        true => Profile::Release,
        false => Profile::Dev,
    };
    let program = build::program(profile)?;
    let seed = seed::or_new(options.seed);
    terminal::line(&format!("seed {seed}"));
    let stores = match options.store.as_slice() {
        [] => [Store::Blobs, Store::Folder].as_slice(),
        some => some,
    };
    let mut tallies = Vec::new();
    for store in stores {
        let tally = runtime.block_on(campaign(options, *store, seed, &program))?;
        terminal::result(&tally.to_string());
        tallies.push(tally);
    }
    match tallies.iter().find_map(Tally::broken) {
        Some(how) => bail!("the promise was broken: {how}; again: --seed {seed}"),
        None => Ok(()),
    }
}

/// One round of a campaign.
struct Round {
    kills: u32,
    events: u64,
    seed: u64,
}

/// The rounds of a campaign, alike but for their seeds.
fn rounds(options: &Options, seed: u64) -> Vec<Round> {
    let count = options.kills.div_ceil(KILLS_OF_A_ROUND);
    let mut random = fastrand::Rng::with_seed(seed);
    let round = |number: u32| Round {
        kills: (options.kills + number) / count,
        events: (options.events / u64::from(count)).max(1),
        seed: random.u64(..),
    };
    (0..count).map(round).collect()
}

async fn campaign(
    options: &Options,
    store: Store,
    seed: u64,
    program: &Path,
) -> anyhow::Result<Tally> {
    let bar = bar(options);
    let mut tally = Tally::of(store);
    for round in rounds(options, seed) {
        let begun = Instant::now();
        let played = play(&round, store, program, &bar).await;
        match played {
            Ok(played) => tally.add(Tally {
                took: begun.elapsed(),
                ..played
            }),
            Err(problem) => {
                bar.finish_and_clear();
                return Err(problem);
            }
        }
    }
    bar.finish_and_clear();
    Ok(tally)
}

async fn play(
    round: &Round,
    store: Store,
    program: &Path,
    bar: &ProgressBar,
) -> anyhow::Result<Tally> {
    let org = OrgConfig {
        seed: round.seed,
        events: round.events,
        max_page: PAGE,
        ..OrgConfig::default()
    };
    let (org, workspace) = services::start(org).await?;
    workspace.faults().set_latency(POST);
    let folder = state::new_folder("kills")?;
    let program = Program::new(program, &org, &workspace, store, folder.clone()).await?;
    let (kills, runs) = kill(&program, &org, &workspace, round, bar).await?;
    let tally = Tally {
        runs,
        ..Tally::count(store, &org, &workspace, &kills)
    };
    state::remove_folder(&folder);
    Ok(tally)
}

/// Kills run after run, then lets one come to its end. Returns when each kill was, by the clock
/// that the workspace dates posts by, and how many runs there were.
async fn kill(
    program: &Program,
    org: &OktaOrg,
    workspace: &Workspace,
    round: &Round,
    bar: &ProgressBar,
) -> anyhow::Result<(Vec<DateTime<Utc>>, u64)> {
    let pages = round.events.div_ceil(PAGE as u64);
    let mut moments = Moments::new(round.seed, round.kills, pages);
    let mut new_events = fastrand::Rng::with_seed(!round.seed);
    let (mut kills, mut runs) = (Vec::new(), 0);
    let table = workspace.table(TABLE);
    while kills.len() < round.kills as usize {
        let moment = moments.draw();
        runs += 1;
        match program.run_until(moment.reached(workspace)).await? {
            Ended::Killed => {
                kills.push(Utc::now());
                bar.inc(1);
            }
            // Kills that meet nothing to do would say nothing.
            Ended::ByItself => org.append(FRESH),
        }
        program.break_lease().await?;
        org.append(new_events.u64(0..=NEW_EVENTS));
        let rows = terminal::grouped(table.distinct_ids() as u64);
        bar.set_message(format!("{rows} events arrived"));
    }
    bar.set_message("the last run of the round is left alone");
    program.run_to_the_end().await?;
    Ok((kills, runs + 1))
}

fn bar(options: &Options) -> ProgressBar {
    let bar = ProgressBar::new(options.kills.into());
    let style = "{bar:30} {human_pos}/{human_len} kills  {msg}  {elapsed:.dim}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}
