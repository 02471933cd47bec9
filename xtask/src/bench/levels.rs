//! What each level of two gzip libraries makes of rows for the Logs Ingestion API, and what that
//! takes.

use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::table::Table;
use crate::terminal::grouped;

const COLUMNS: [&str; 4] = ["library, level", "CPU µs a row", "bytes a row", "of plain"];

/// All levels over the same rows, for each kind of event.
#[derive(Debug, PartialEq)]
pub(super) struct Levels(Vec<Kind>);

#[derive(Debug, PartialEq)]
struct Kind {
    /// `generated`, or `published` by others.
    name: String,
    rows: f64,
    bytes: f64,
    levels: Vec<Level>,
}

#[derive(Debug, PartialEq)]
struct Level {
    library: String,
    level: String,
    bytes: f64,
    nanoseconds: f64,
}

/// Asks `stages`, built as the program is.
///
/// # Errors
/// It failed, or said something else than usual.
pub(super) fn measure(stages: &Path, seed: u64) -> anyhow::Result<Levels> {
    let output = Command::new(stages)
        .args(["levels", &seed.to_string()])
        .output()
        .with_context(|| format!("{} cannot be started", stages.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "the levels of gzip failed ({}): {}",
            output.status,
            said.trim()
        );
    }
    let said = String::from_utf8_lossy(&output.stdout);
    read(&said).with_context(|| format!("the levels of gzip came out as {said}"))
}

fn read(said: &str) -> Option<Levels> {
    let mut kinds: Vec<Kind> = Vec::new();
    for line in said.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["rows", name, rows, bytes] => kinds.push(Kind {
                name: (*name).to_owned(),
                rows: rows.parse().ok().filter(|rows| *rows > 0.0)?,
                bytes: bytes.parse().ok()?,
                levels: Vec::new(),
            }),
            ["level", name, library, level, bytes, nanoseconds] => {
                let kind = kinds.last_mut().filter(|kind| kind.name == *name)?;
                kind.levels.push(Level {
                    library: (*library).to_owned(),
                    level: (*level).to_owned(),
                    bytes: bytes.parse().ok()?,
                    nanoseconds: nanoseconds.parse().ok()?,
                });
            }
            _ => return None,
        }
    }
    let told = !kinds.is_empty() && kinds.iter().all(|kind| !kind.levels.is_empty());
    told.then_some(Levels(kinds))
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for kind in &self.0 {
            writeln!(
                f,
                "## gzip of {} rows of {:.0} bytes, {} events\n",
                grouped(kind.rows as u64),
                kind.bytes / kind.rows,
                kind.name,
            )?;
            let mut table = Table::new(&COLUMNS);
            for level in &kind.levels {
                table.push([
                    format!("{}, {}", level.library, level.level),
                    format!("{:.2}", level.nanoseconds / 1e3 / kind.rows),
                    format!("{:.0}", level.bytes / kind.rows),
                    format!("{:.1} %", level.bytes * 100.0 / kind.bytes),
                ]);
            }
            writeln!(f, "{}", table.markdown())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_line_of_its_kinds_table() {
        let said = "rows generated 10 36000\nlevel generated flate2 1 5300 110000\n\
                    rows published 5 5000\nlevel published libdeflate 6 900 170000\n";
        assert_eq!(
            read(said).unwrap().to_string(),
            "## gzip of 10 rows of 3600 bytes, generated events\n\n\
             | library, level | CPU µs a row | bytes a row | of plain |\n\
             |---|--:|--:|--:|\n\
             | flate2, 1 | 11.00 | 530 | 14.7 % |\n\n\
             ## gzip of 5 rows of 1000 bytes, published events\n\n\
             | library, level | CPU µs a row | bytes a row | of plain |\n\
             |---|--:|--:|--:|\n\
             | libdeflate, 6 | 34.00 | 180 | 18.0 % |\n\n"
        );
    }

    #[test]
    fn no_figures_are_no_table() {
        for said in [
            "",
            "rows a 0 0\nlevel a x 1 0 0",
            "rows a 1 2",
            "rows a 1 2\nlevel a x 5",
            "rows a 1 2\nlevel b x 5 1 1",
            "rows a b c",
        ] {
            assert_eq!(read(said), None, "{said}");
        }
    }
}
