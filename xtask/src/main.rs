//! `cargo xtask`: the project's own tasks, the same for people and for CI.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod build;
mod checkout;
mod child;
mod ci;
mod demo;
mod dependencies;
mod fuzz;
mod generate;
mod instructions;
mod package;
mod process;
mod setup;
mod soak;
mod table;
mod terminal;
mod test;

/// The project's own tasks.
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
        cargo xtask package --base-url URL     what is published for a version\n  \
        cargo xtask fuzz --seconds 60          a minute of odd input for each parser"
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install the pinned tools that the tests run against; `test` does it by itself
    Setup,
    /// Format, licences, lints, docs, tests, instruction count; with NAME, only the tests whose names hold it
    Test(test::Options),
    /// Write the files that follow from the tables' schema; with --check, only say which are stale
    Generate(generate::Options),
    /// Ship a local Okta org to a local workspace, through faults and a kill
    Demo(demo::Options),
    /// Build what is published for a version: package, template, form, page, bill of materials
    Package(package::Options),
    /// Measure the release binary: CPU, memory, start, overlap
    Bench(bench::Options),
    /// Count the instructions an event takes, and fail where they are a twentieth more
    Instructions(instructions::Options),
    /// Try the delivery promise: kills at random moments, everything that can go wrong
    #[command(subcommand)]
    Soak(soak::Campaign),
    /// Throw odd input at every parser
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Setup => setup::run(),
        Task::Test(options) => test::run(&options),
        Task::Generate(options) => generate::run(&options),
        Task::Demo(options) => demo::run(&options),
        Task::Package(options) => package::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Instructions(options) => instructions::run(&options),
        Task::Soak(campaign) => soak::run(&campaign),
        Task::Fuzz(options) => fuzz::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::line(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
