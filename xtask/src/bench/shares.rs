//! What each stage takes of an event, so that the report says where the rest goes.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::shipping::Shipped;
use super::target::Api;
use crate::table::Table;
use crate::terminal::grouped;

/// Stages timed by themselves, an event of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stages {
    inflate: Duration,
    rows: Duration,
    rows_named: Duration,
    gzip: Duration,
}

/// Asks `stages`, built as the program is.
///
/// # Errors
/// It failed, or said something else than usual.
pub(super) fn measure(stages: &Path, seed: u64) -> anyhow::Result<Stages> {
    let output = Command::new(stages)
        .args(["shares", &seed.to_string()])
        .output()
        .with_context(|| format!("{} cannot be started", stages.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "timing the stages failed ({}): {}",
            output.status,
            said.trim()
        );
    }
    let said = String::from_utf8_lossy(&output.stdout);
    read(&said).with_context(|| format!("the stages came out as {said}"))
}

fn read(said: &str) -> Option<Stages> {
    let stage = |name: &str| {
        let mut lines = said.lines().map(str::split_whitespace);
        let figure = lines.find_map(|mut words| match (words.next(), words.next()) {
            (Some("stage"), Some(found)) if found == name => words.next(),
            _ => None,
        });
        figure?.parse().ok().map(Duration::from_nanos)
    };
    Some(Stages {
        inflate: stage("inflate")?,
        rows: stage("rows")?,
        rows_named: stage("rows-named")?,
        gzip: stage("gzip")?,
    })
}

/// The shares of one run of the program.
#[derive(Debug)]
pub(super) struct Shares {
    api: Api,
    events: u64,
    /// Names and microseconds of an event.
    parts: Vec<(&'static str, f64)>,
}

impl Shares {
    /// What is left of a run's processor time beside its stages; `None` where the system does not
    /// tell that time.
    pub(super) fn of(run: &Shipped, stages: &Stages) -> Option<Shares> {
        let processor = run.usage.processor?;
        let of_event = |time: Duration| time.as_secs_f64() * 1e6 / run.events as f64;
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let mut parts = vec![("inflating pages", micros(stages.inflate))];
        parts.extend(match run.api {
            Api::DataCollector => vec![("rows and batches", micros(stages.rows))],
            Api::LogsIngestion => vec![
                ("rows and batches", micros(stages.rows_named)),
                ("gzip", micros(stages.gzip)),
            ],
        });
        let known: f64 = parts.iter().map(|(_, part)| part).sum();
        let rest = (of_event(processor.user) - known).max(0.0);
        parts.push(("HTTP, ids, state and all else of the program", rest));
        parts.push((
            "the system: sockets, files, memory",
            of_event(processor.system),
        ));
        Some(Shares {
            api: run.api,
            events: run.events,
            parts,
        })
    }
}

impl fmt::Display for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "## Where an event's processor time goes, {}, {} events\n",
            self.api.name(),
            grouped(self.events)
        )?;
        let all: f64 = self.parts.iter().map(|(_, part)| part).sum();
        let mut table = Table::new(&["stage", "CPU µs/event", "share"]);
        for (name, part) in &self.parts {
            table.push([
                (*name).to_owned(),
                format!("{part:.2}"),
                format!("{:.0} %", part * 100.0 / all),
            ]);
        }
        f.write_str(&table.markdown())?;
        f.write_str(
            "\nStages are timed by themselves over twenty pages, the rest is what the run took more.\n",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_read_whatever_their_order() {
        let said = "stage gzip 9000\nstage inflate 1600\nstage rows 1500\nstage rows-named 1700\n";
        let stages = read(said).unwrap();
        assert_eq!(stages.gzip, Duration::from_nanos(9_000));
        assert_eq!(stages.rows_named, Duration::from_nanos(1_700));
        assert_eq!(read("stage gzip 9000\n"), None);
        assert_eq!(read(&said.replace("1600", "x")), None);
    }
}
