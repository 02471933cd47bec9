//! `cargo xtask soak anything`: the real program between four services that answer with anything.
//!
//! A case is a seed: it decides a small org, and which calls Okta, the workspace, the identity's
//! endpoint and storage answer oddly, and how. Then they heal, and the program runs until it has
//! caught up. Every event must be in the table, or set aside because the plan damaged or refused
//! it. No more rows may come again than the plan explains. Every run must keep to its memory and
//! its time. What fails is shrunk to the fewest odd answers.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use futures_util::{StreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};
use sandbox::anything::{Outcome, Plan, Program, carry_out, kinds, shrink};
use sandbox::workspace::declared_streams;
use tokio::runtime::Runtime;

use super::{seed, state};
use crate::build::{self, Profile};
use crate::{checkout, terminal};

mod tally;

use tally::Tally;

/// What `soak anything` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask soak anything --minutes 60              as many cases as fit into an hour\n  \
    cargo xtask soak anything --cases 100 --seed 7      the cases of an earlier campaign again\n  \
    cargo xtask soak anything --case 123456             one case, with every run's end\n  \
    cargo xtask soak anything --case 123456 --keep 0,3  the same with two of its odd answers\n  \
    cargo xtask soak anything --without okta-links --without storage\n  \
    cargo xtask soak anything --only workspace          odd answers of the workspace alone\n  \
    cargo xtask soak anything --kinds                   the names of all odd answers")]
pub(crate) struct Options {
    /// Decides the cases
    #[arg(long)]
    seed: Option<u64>,
    /// Cases
    #[arg(long, default_value_t = 40)]
    cases: usize,
    /// Cases until so many minutes have gone, in place of --cases
    #[arg(long, conflicts_with = "cases")]
    minutes: Option<u64>,
    /// One case, by its own seed
    #[arg(long, value_name = "SEED", conflicts_with_all = ["cases", "minutes", "seed"])]
    case: Option<u64>,
    /// Of that case only the odd answers with these numbers
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', requires = "case")]
    keep: Option<Vec<usize>>,
    /// Leave out the odd answers whose names begin so
    #[arg(long, value_name = "KIND")]
    without: Vec<String>,
    /// Only the odd answers whose names begin so
    #[arg(long, value_name = "KIND")]
    only: Vec<String>,
    /// Cases at a time: most of one is waiting
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=32))]
    at_once: u8,
    /// Do not look for the smallest plan that fails
    #[arg(long)]
    no_shrinking: bool,
    /// Run the release binary
    #[arg(long)]
    release: bool,
    /// List the names of all odd answers
    #[arg(long)]
    kinds: bool,
}

/// Carries out the cases and prints what became of them.
///
/// # Errors
/// A case in which the promise was broken, or that could not be carried out.
pub(crate) fn run(options: &Options, runtime: &Runtime) -> anyhow::Result<()> {
    if options.kinds {
        kinds().for_each(|kind| terminal::result(&format!("{}\n", kind.name)));
        return Ok(());
    }
    if let Some(name) = unknown_kind(options) {
        bail!("no odd answer's name begins with {name}; --kinds lists them");
    }
    let program = program(options)?;
    match options.case {
        Some(case) => runtime.block_on(one_case(options, &program, case)),
        None => runtime.block_on(campaign(options, &program)),
    }
}

fn unknown_kind(options: &Options) -> Option<&String> {
    let mut given = options.without.iter().chain(&options.only);
    given.find(|name| !kinds().any(|kind| kind.name.starts_with(name.as_str())))
}

fn program(options: &Options) -> anyhow::Result<Program> {
    let profile = match options.release {
        true => Profile::Release,
        false => Profile::Dev,
    };
    let rule = checkout::root().join("sentinel/tables/data-collection-rule.json");
    let rule = std::fs::read_to_string(&rule)
        .with_context(|| format!("{} cannot be read", rule.display()))?;
    Ok(Program {
        executable: build::program(profile)?,
        streams: declared_streams(&rule).context("the data collection rule cannot be read")?,
    })
}

async fn one_case(options: &Options, program: &Program, case: u64) -> anyhow::Result<()> {
    let mut plan = Plan::draw(case, &options.without, &options.only);
    if let Some(numbers) = &options.keep {
        plan = plan.keeping(numbers);
    }
    terminal::line(&plan.to_string());
    state::azurite().await?;
    let outcome = carry_out(&plan, program).await?;
    for (number, run) in outcome.runs.iter().enumerate() {
        let ends = if run.healed { "healed" } else { "odd" };
        terminal::line(&format!(
            "run {} ({ends}): {} in {:.1} s, {} MB\n{}",
            number + 1,
            run.outcome,
            run.took.as_secs_f64(),
            run.peak_memory / 1_000_000,
            run.stderr.trim_end(),
        ));
    }
    terminal::result(&format!(
        "{} events, {} repeated, {} set aside; answered oddly: {:?}\n",
        outcome.events, outcome.repeats, outcome.set_aside, outcome.served
    ));
    match outcome.failures.is_empty() {
        true => Ok(()),
        false => bail!("the promise was broken: {}", failures(&outcome)),
    }
}

async fn campaign(options: &Options, program: &Program) -> anyhow::Result<()> {
    let seed = seed::or_new(options.seed);
    terminal::line(&format!("seed {seed}"));
    state::azurite().await?;
    let begun = Instant::now();
    let end = options
        .minutes
        .map(|minutes| begun + Duration::from_secs(60 * minutes));
    let mut random = fastrand::Rng::with_seed(seed);
    let cases = std::iter::repeat_with(move || random.u64(..1_000_000_000));
    let cases = cases.enumerate().take_while(|(number, _)| match end {
        Some(end) => Instant::now() < end,
        None => *number < options.cases,
    });
    let mut outcomes = stream::iter(cases)
        .map(|(_, case)| async move {
            let plan = Plan::draw(case, &options.without, &options.only);
            (case, carry_out(&plan, program).await)
        })
        .buffer_unordered(usize::from(options.at_once));
    let bar = bar(options);
    let (mut tally, mut broken) = (Tally::default(), Vec::new());
    while let Some((case, outcome)) = outcomes.next().await {
        let outcome = outcome.with_context(|| format!("case {case} cannot be carried out"))?;
        tally.add(&outcome);
        bar.inc(1);
        bar.set_message(format!("{} runs, {} broken", tally.runs, tally.broken));
        if !outcome.failures.is_empty() {
            bar.suspend(|| terminal::line(&format!("case {case}: {}", failures(&outcome))));
            broken.push(outcome);
        }
    }
    bar.finish_and_clear();
    let took = begun.elapsed();
    let count = broken.len();
    for outcome in broken {
        tell_broken(options, program, outcome).await?;
    }
    terminal::result(&tally.table().aligned(terminal::width()));
    terminal::result(&tally.to_string());
    terminal::result(&format!("took {} s, seed {seed}\n", took.as_secs()));
    match count {
        0 => Ok(()),
        some => bail!("{some} cases broke the promise; their plans are above"),
    }
}

/// The smallest plan that fails in the same way, and the command that repeats it.
async fn tell_broken(options: &Options, program: &Program, failed: Outcome) -> anyhow::Result<()> {
    let outcome = match options.no_shrinking {
        true => failed,
        false => shrink(failed, program).await?,
    };
    let names = |option: &str, names: &[String]| {
        let given = names.iter().map(|name| format!(" --{option} {name}"));
        given.collect::<String>()
    };
    let numbers: Vec<String> = outcome
        .plan
        .numbers()
        .iter()
        .map(usize::to_string)
        .collect();
    terminal::line(&format!(
        "BROKEN {}\n{}  again: cargo xtask soak anything --case {} --keep {}{}{}{}\n",
        failures(&outcome),
        outcome.plan,
        outcome.plan.seed,
        numbers.join(","),
        names("without", &options.without),
        names("only", &options.only),
        if options.release { " --release" } else { "" },
    ));
    Ok(())
}

fn failures(outcome: &Outcome) -> String {
    let failures: Vec<String> = outcome.failures.iter().map(ToString::to_string).collect();
    failures.join("; ")
}

fn bar(options: &Options) -> ProgressBar {
    let (bar, style) = match options.minutes {
        None => (
            ProgressBar::new(options.cases as u64),
            "{bar:30} {pos}/{len} cases  {msg}  {elapsed:.dim}",
        ),
        Some(_) => (
            ProgressBar::new_spinner(),
            "{pos} cases  {msg}  {elapsed:.dim}",
        ),
    };
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}
