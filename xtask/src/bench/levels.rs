//! What the program's gzip makes of rows for the Logs Ingestion API, beside each level of
//! libdeflate, and what that takes.

use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::table::Table;
use crate::terminal::grouped;

/// Rows that every level is given.
const ROWS: u64 = 50_000;
const COLUMNS: [&str; 6] = [
    "gzip",
    "bytes a row",
    "of plain",
    "CPU µs a row",
    "GB a million",
    "CPU s a million",
];

/// All levels over the same rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Levels {
    rows: u64,
    bytes: u64,
    levels: Vec<Level>,
}

#[derive(Debug, PartialEq, Eq)]
struct Level {
    /// A level's number, or `own`.
    name: String,
    bytes: u64,
    nanoseconds: u64,
}

/// Asks `stages`, built as the program is.
///
/// # Errors
/// It failed, or said something else than usual.
pub(super) fn measure(stages: &Path, seed: u64) -> anyhow::Result<Levels> {
    let output = Command::new(stages)
        .args(["levels", &ROWS.to_string(), &seed.to_string()])
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
    let mut lines = said.lines();
    let rows = figures(lines.next()?, "rows")?;
    let [rows, bytes] = rows.try_into().ok()?;
    let mut levels = Vec::new();
    for line in lines {
        let (name, rest) = line.strip_prefix("level ")?.split_once(' ')?;
        let [bytes, nanoseconds] = figures(rest, "")?.try_into().ok()?;
        levels.push(Level {
            name: name.to_owned(),
            bytes,
            nanoseconds,
        });
    }
    (rows > 0 && !levels.is_empty()).then_some(Levels {
        rows,
        bytes,
        levels,
    })
}

fn figures(line: &str, name: &str) -> Option<Vec<u64>> {
    let figures = line.strip_prefix(name)?.split_whitespace();
    figures.map(|figure| figure.parse().ok()).collect()
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows as f64;
        writeln!(
            f,
            "## gzip of {} rows of {:.0} bytes, Logs Ingestion\n",
            grouped(self.rows),
            self.bytes as f64 / rows
        )?;
        let mut table = Table::new(&COLUMNS);
        for level in &self.levels {
            let size = level.bytes as f64 / rows;
            let microseconds = level.nanoseconds as f64 / 1e3 / rows;
            let name = match level.name.as_str() {
                "own" => "the program's".to_owned(),
                number => format!("libdeflate, {number}"),
            };
            table.push([
                name,
                format!("{size:.0}"),
                format!("{:.1} %", level.bytes as f64 * 100.0 / self.bytes as f64),
                format!("{microseconds:.1}"),
                // A millionth of a million rows: bytes become megabytes, microseconds seconds.
                format!("{:.3}", size / 1e3),
                format!("{microseconds:.1}"),
            ]);
        }
        f.write_str(&table.markdown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_line_of_the_table() {
        let levels = read("rows 10 36000\nlevel own 5300 110000\nlevel 5 5400 170000\n").unwrap();
        assert_eq!(
            levels.to_string(),
            "## gzip of 10 rows of 3600 bytes, Logs Ingestion\n\n\
             | gzip | bytes a row | of plain | CPU µs a row | GB a million | CPU s a million |\n\
             |---|--:|--:|--:|--:|--:|\n\
             | the program's | 530 | 14.7 % | 11.0 | 0.530 | 11.0 |\n\
             | libdeflate, 5 | 540 | 15.0 % | 17.0 | 0.540 | 17.0 |\n"
        );
    }

    #[test]
    fn no_figures_are_no_table() {
        for said in [
            "",
            "rows 0 0\nlevel 1 0 0",
            "rows 1 2",
            "rows 1 2\nlevel 5",
            "rows a b",
        ] {
            assert_eq!(read(said), None, "{said}");
        }
    }
}
