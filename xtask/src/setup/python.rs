//! The tools from PyPI, in a virtual environment of their own.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};

use crate::process::Step;
use crate::{checkout, terminal};

const REQUIREMENTS: &str = "tests/parts/requirements.txt";
const ENVIRONMENT: &str = "tests/parts/.venv";
const INTERPRETER: &str = "tests/parts/.venv/bin/python";
/// What the environment was made of; written last, so that half an environment is made again.
const STAMP: &str = "tests/parts/.venv/made-of.txt";

/// Oldest Python 3 that all of them run on.
const OLDEST: u32 = 11;
/// Where `python3` is an old one, a newer one has its version in its name.
const NAMES: [&str; 5] = [
    "python3",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
];
const GET_PYTHON: &str = "install Python 3.11 or newer (on Debian and Ubuntu with its package \
    python3-venv); tests run queries and check templates on it";

/// Makes the environment anew if the requirements are not those it was made of.
pub(super) fn install() -> anyhow::Result<()> {
    let path = checkout::root().join(REQUIREMENTS);
    let wanted = fs::read_to_string(&path)
        .with_context(|| format!("{} cannot be read; restore it", path.display()))?;
    let interpreter = Step::new("python", INTERPRETER, &["--version"]);
    if is_made_of(&checkout::root().join(STAMP), &wanted) && interpreter.works() {
        terminal::line("ok setup: tests/parts has what its requirements name");
        return Ok(());
    }
    let python = find()?;
    Step::new("setup", python, &["-m", "venv", "--clear", ENVIRONMENT])
        .run()
        .context(GET_PYTHON)?;
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
        REQUIREMENTS,
    ];
    Step::new("setup", INTERPRETER, &install).run()?;
    let stamp = checkout::root().join(STAMP);
    fs::write(&stamp, wanted).with_context(|| format!("{} cannot be written", stamp.display()))
}

fn is_made_of(stamp: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|made_of| made_of == wanted)
}

/// The first Python on PATH that is new enough.
fn find() -> anyhow::Result<&'static str> {
    let mut found = Vec::new();
    for name in NAMES {
        let Ok(version) = Step::new("python", name, &["--version"]).output() else {
            continue;
        };
        if minor(&version).is_some_and(|minor| minor >= OLDEST) {
            return Ok(name);
        }
        found.push(version.trim().to_owned());
    }
    if found.is_empty() {
        return Err(anyhow!("no python3 on PATH; {GET_PYTHON}"));
    }
    bail!(
        "{} is too old, and the tests need 3.{OLDEST}; {GET_PYTHON}",
        found.join(" and ")
    )
}

/// `Python 3.11.7` is 11.
fn minor(version: &str) -> Option<u32> {
    let mut numbers = version.trim().strip_prefix("Python 3.")?.split('.');
    numbers.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_version_is_read_from_its_second_number() {
        assert_eq!(minor("Python 3.11.7\n"), Some(11));
        assert_eq!(minor("Python 3.14.0rc2"), Some(14));
        assert_eq!(minor("Python 2.7.18"), None);
        assert_eq!(minor(""), None);
    }

    #[test]
    fn every_part_is_pinned_to_one_version() {
        let requirements = fs::read_to_string(checkout::root().join(REQUIREMENTS)).unwrap();
        for line in requirements.lines().filter(|line| !line.starts_with('#')) {
            let pinned = line.split_once("==");
            assert!(
                line.is_empty() || pinned.is_some_and(|(_, version)| !version.contains('*')),
                "{line}"
            );
        }
    }
}
