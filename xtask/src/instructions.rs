//! `cargo xtask instructions`: how many instructions a page takes, counted and not timed.
//!
//! A count is the same on a busy machine, so that a twentieth more is no noise. It is taken of the
//! dev build, which the tests need anyway: it shows that more work is done, not what that costs.
//! `cargo xtask bench` and `cargo bench` measure times.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::build::{self, Profile};
use crate::process::Step;
use crate::{checkout, ci, terminal};

/// What counts as a regression: one part in this many.
const TOLERANCE: u64 = 20;
const STAGES: [(&str, u32); 3] = [("batch", 5), ("compress", 3), ("sign", 100)];

/// What `instructions` takes.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Write the figures down as the ones to keep to
    #[arg(long)]
    accept: bool,
}

/// Counts, and compares with what was accepted.
///
/// # Errors
/// A stage takes a twentieth more instructions than was accepted.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        terminal::line("-- skipped: instructions are accepted for Linux on x86-64 only");
        return Ok(());
    }
    if !Step::new("valgrind", "valgrind", &["--version"]).works() {
        return ci::skip("valgrind", "apt-get install valgrind");
    }
    let program = build::target(Profile::Dev, &["--bench", "stages"], "stages")?;
    let file = checkout::root().join("benches/instructions.txt");
    let accepted = fs::read_to_string(&file).unwrap_or_default();
    let mut lines = Vec::new();
    let mut worse = Vec::new();
    for (stage, rounds) in STAGES {
        let per_round =
            (counted(&program, stage, rounds)? - counted(&program, stage, 0)?) / u64::from(rounds);
        let before = figure(&accepted, stage);
        terminal::line(&shown(stage, per_round, before));
        if before.is_none_or(|before| per_round > before + before / TOLERANCE) {
            worse.push(stage);
        }
        lines.push(format!("{stage} {per_round}\n"));
    }
    if options.accept {
        fs::write(&file, lines.concat())
            .with_context(|| format!("{} cannot be written", file.display()))?;
        terminal::line(&format!("written to {}", checkout::shown(&file)));
    } else if !worse.is_empty() {
        bail!(
            "more instructions than accepted: {}; if that is the price of something wanted: cargo xtask instructions --accept",
            worse.join(", ")
        );
    }
    Ok(())
}

/// Instructions of the whole process; a run of no rounds makes the page and does nothing with it.
fn counted(program: &Path, stage: &str, rounds: u32) -> anyhow::Result<u64> {
    let folder = checkout::target("instructions");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let counts: PathBuf = folder.join("callgrind.out");
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", counts.display()))
        .arg(program)
        .args(["count", stage, &rounds.to_string()])
        .env_remove("RUST_LOG")
        .output()
        .context("valgrind cannot be started")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("the count of {stage} failed: {}", said.trim());
    }
    collected(&said).with_context(|| format!("valgrind told no count: {}", said.trim()))
}

fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("Collected"))?;
    line.split_whitespace().last()?.parse().ok()
}

fn figure(accepted: &str, stage: &str) -> Option<u64> {
    accepted
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find_map(|(name, count)| (name == stage).then(|| count.parse().ok())?)
}

fn shown(stage: &str, count: u64, before: Option<u64>) -> String {
    let shown = terminal::grouped(count);
    let change = before.map_or_else(
        || "none accepted yet".to_owned(),
        |before| {
            let change = (count as f64 / before as f64 - 1.0) * 100.0;
            format!("{change:+.1} % of what was accepted")
        },
    );
    format!("{stage}: {shown} instructions for a page of 1,000 events ({change})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_valgrind_and_from_the_file() {
        assert_eq!(
            collected("==1== Events    : Ir\n==1== Collected : 661602415\n"),
            Some(661_602_415)
        );
        assert_eq!(figure("batch 12\nsign 3\n", "sign"), Some(3));
        assert_eq!(figure("batch 12\n", "sign"), None);
    }
}
