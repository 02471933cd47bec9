//! `cargo xtask fuzz`: odd input for every parser of what comes from outside.
//!
//! The targets are in `fuzz/`, a workspace of its own. What a target finds interesting is kept in
//! `fuzz/corpus`, which git ignores; `fuzz/seeds` is what every corpus starts from.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::process::Step;
use crate::{checkout, terminal};

const FOLDER: &str = "fuzz";
/// A run of the program's code has no unsafe in it: what is looked for are panics and wrong rows,
/// and without the address sanitizer there are several times as many tries.
const SANITIZER: &str = "none";

/// What `fuzz` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "An input that breaks a target is in fuzz/artifacts/TARGET.\n\nExamples:\n  \
    cargo xtask fuzz                           ten minutes for each target, one after the other\n  \
    cargo xtask fuzz --seconds 60 page link\n  \
    cargo +nightly fuzz run -s none page fuzz/artifacts/page/crash-...   one input again"
)]
pub(crate) struct Options {
    /// Time for each target
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    seconds: u32,
    /// Only these targets
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
}

/// Runs target after target.
///
/// # Errors
/// A target that found something, that does not exist or does not build; no cargo-fuzz.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let folder = checkout::root().join(FOLDER);
    let all = targets(&folder.join("fuzz_targets"))?;
    if let Some(unknown) = options.targets.iter().find(|name| !all.contains(name)) {
        bail!(
            "there is no target {unknown}; there are: {}",
            all.join(", ")
        );
    }
    if !Step::cargo("cargo-fuzz", &["+nightly", "fuzz", "--version"]).works() {
        bail!(
            "cargo-fuzz or the nightly toolchain is not installed: \
             rustup toolchain install nightly --profile minimal && cargo install --locked cargo-fuzz"
        );
    }
    let wanted = if options.targets.is_empty() {
        &all
    } else {
        &options.targets
    };
    for target in wanted {
        terminal::line(&format!("-- {target}: {} s", options.seconds));
        fuzz(&folder, target, options.seconds)?;
    }
    Ok(())
}

fn fuzz(folder: &Path, target: &str, seconds: u32) -> anyhow::Result<()> {
    let corpus = folder.join("corpus").join(target);
    fs::create_dir_all(&corpus).with_context(|| format!("{} cannot be made", corpus.display()))?;
    let (corpus, seeds) = (
        format!("{FOLDER}/corpus/{target}"),
        format!("{FOLDER}/seeds/{target}"),
    );
    let time = format!("-max_total_time={seconds}");
    let arguments = [
        "+nightly",
        "fuzz",
        "run",
        "-s",
        SANITIZER,
        target,
        &corpus,
        &seeds,
        "--",
        &time,
        "-timeout=10",
        "-print_final_stats=1",
        "-verbosity=1",
    ];
    Step::cargo("fuzz", &arguments).run()
}

/// The targets by name, in order.
fn targets(folder: &Path) -> anyhow::Result<Vec<String>> {
    let files = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    let mut names = Vec::new();
    for file in files {
        let path = file?.path();
        if path.extension() == Some(OsStr::new("rs")) {
            names.extend(
                path.file_stem()
                    .map(|name| name.to_string_lossy().into_owned()),
            );
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_seeds_and_stands_in_the_manifest() {
        let folder = checkout::root().join(FOLDER);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let targets = targets(&folder.join("fuzz_targets")).unwrap();
        assert!(targets.len() >= 6, "{targets:?}");
        for target in targets {
            let seeds = fs::read_dir(folder.join("seeds").join(&target)).unwrap();
            assert!(seeds.count() > 0, "{target} has no seeds");
            assert!(
                manifest.contains(&format!("name = \"{target}\"")),
                "{target}"
            );
        }
    }
}
