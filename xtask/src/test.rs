//! `cargo xtask test`: what must hold before a commit, cheapest first.

use anyhow::bail;
use clap::Args;

use crate::process::Step;
use crate::{setup, terminal};

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
    if_installed(
        "rustfmt",
        &Step::cargo("rustfmt", &["fmt", "--version"]),
        &format,
    )?;
    let strict = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    let lints = Step::cargo("lints", &strict);
    if_installed(
        "clippy",
        &Step::cargo("clippy", &["clippy", "--version"]),
        &lints,
    )?;
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
    Step::cargo("tests", &["test", "--workspace"]).run()
}

/// Runs a step whose tool is a component of the Rust toolchain that may be missing on somebody's
/// machine, but not where checks count.
fn if_installed(component: &str, probe: &Step, step: &Step) -> anyhow::Result<()> {
    if probe.works() {
        return step.run();
    }
    if is_ci() {
        bail!("{component} is not installed; to install it: rustup component add {component}");
    }
    terminal::line(&format!(
        "-- skipped: {component} is not installed (rustup component add {component})"
    ));
    Ok(())
}

/// Whether this runs where nobody watches.
#[expect(
    clippy::disallowed_methods,
    reason = "whether this is CI is no setting of the program"
)]
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}
