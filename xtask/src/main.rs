//! `cargo xtask`: the project's own chores, the same for people and for CI.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod build;
mod checkout;
mod child;
mod ci;
mod demo;
mod fuzz;
mod generate;
mod process;
mod setup;
mod soak;
mod table;
mod terminal;
mod test;

/// The project's own chores.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Examples:\n  \
        cargo xtask demo                       the whole program on this machine, no account needed\n  \
        cargo xtask test                       everything that must hold before a commit\n  \
        cargo xtask test resumes               only the tests with `resumes` in their name\n  \
        cargo xtask bench --events 10000       cost of shipping 10,000 events\n  \
        cargo xtask soak kills                 kill the program a thousand times\n  \
        cargo xtask fuzz --seconds 60          a minute of odd input for each parser"
)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Install the pinned parts that the tests run against; `test` does it by itself
    Setup,
    /// Format, lints, docs and tests; with NAME, only the tests whose names hold it
    Test(test::Options),
    /// What `test` does, and the checks of licences and of what is compiled in
    Ci,
    /// Write the files that follow from the tables' schema; with --check, only say which are stale
    Generate(generate::Options),
    /// Ship a local Okta org to a local workspace, with trouble on the way
    Demo(demo::Options),
    /// Measure the release binary: CPU, memory, start, overlap
    Bench(bench::Options),
    /// Try the delivery promise: kills at random moments, everything that can go wrong
    #[command(subcommand)]
    Soak(soak::Campaign),
    /// Throw odd input at every parser
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Setup => setup::run(),
        Chore::Test(options) => test::run(&options),
        Chore::Ci => ci::run(),
        Chore::Generate(options) => generate::run(&options),
        Chore::Demo(options) => demo::run(&options),
        Chore::Bench(options) => bench::run(&options),
        Chore::Soak(campaign) => soak::run(&campaign),
        Chore::Fuzz(options) => fuzz::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::line(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
