//! `cargo xtask test`: what must hold before a commit, cheapest first.

use clap::Args;

use crate::process::Step;
use crate::{ci, dependencies, instructions, setup};

/// What `test` takes.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Run only the tests whose names hold one of these, and none of the other checks
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Runs every check, or some tests by name.
///
/// # Errors
/// The first check that fails, with the command to repeat it.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    setup::run()?;
    if options.names.is_empty() {
        return all();
    }
    let tests = Step::cargo("tests by name", &["test", "--workspace", "--"]);
    tests.arguments(&options.names).run()
}

fn all() -> anyhow::Result<()> {
    let format = Step::cargo("format", &["fmt", "--all", "--check"]);
    component("rustfmt", "fmt", &format)?;
    dependencies::check()?;
    let strict = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    component("clippy", "clippy", &Step::cargo("lints", &strict))?;
    let docs = [
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
        "--quiet",
    ];
    Step::cargo("docs", &docs)
        .variable("RUSTDOCFLAGS", "-D warnings")
        .run()?;
    Step::cargo("tests", &["test", "--workspace"]).run()?;
    instructions::run(&instructions::Options::default())
}

/// Runs a step whose cargo command comes with a component of the Rust toolchain.
fn component(name: &str, command: &str, step: &Step) -> anyhow::Result<()> {
    if Step::cargo("component", &[command, "--version"]).works() {
        return step.run();
    }
    ci::skip(name, &format!("rustup component add {name}"))
}
