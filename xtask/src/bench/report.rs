//! The figures, in Markdown.

use std::fmt;
use std::time::Duration;

use super::levels::Levels;
use super::overlap::Overlap;
use super::road::Api;
use super::shares::{Shares, Stages};
use super::shipping::Shipped;
use super::start::Start;
use crate::table::Table;
use crate::terminal::grouped;

const COLUMNS: [&str; 14] = [
    "road",
    "events",
    "wall s",
    "user s",
    "system s",
    "CPU µs/event",
    "of floor",
    "peak MB",
    "Okta requests",
    "read MB",
    "calls",
    "rows MB",
    "posted MB",
    "missing, repeated",
];
/// Where the system does not tell.
const UNKNOWN: &str = "-";

/// All that was measured.
pub(super) struct Report {
    pub(super) seed: u64,
    /// The folder of the program's state.
    pub(super) state: String,
    /// Bytes of the stripped binary.
    pub(super) size: u64,
    /// The floor and the program, over the same log, on each road.
    pub(super) runs: Vec<(Shipped, Shipped)>,
    pub(super) overlaps: Vec<Overlap>,
    /// For one event on each road, where valgrind is installed.
    pub(super) allocations: Vec<(&'static str, f64)>,
    pub(super) start: Start,
    pub(super) levels: Option<Levels>,
    /// What the stages take by themselves.
    pub(super) stages: Option<Stages>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## Shipping, release binary, seed {}\n", self.seed)?;
        let mut table = Table::new(&COLUMNS);
        for (floor, run) in &self.runs {
            table.push(figures(floor, floor));
            table.push(figures(run, floor));
        }
        f.write_str(&table.markdown())?;
        writeln!(
            f,
            "\nEvents of 2.75 KB on average, pages compressed. Sandbox and program share this \
             machine ({} processors): wall time is not the program's alone, the rest is. A floor \
             downloads and inflates the same pages and posts the events as they came, with the \
             program's own libraries for HTTP and inflating; where the API takes gzip it fills \
             calls of a million bytes with them and compresses those by the program's own gzip. Rows are \
             longer than events: so that it posts as many bytes, each page has some of its first \
             events again at its end. It makes no rows, reads no id, keeps no state, tries nothing \
             again, and does not post while it reads. Calls and bytes are those of events, without \
             the health rows. The program keeps its state in {}.\n",
            std::thread::available_parallelism().map_or(1, usize::from),
            self.state
        )?;
        for overlap in &self.overlaps {
            writeln!(
                f,
                "**Overlap, {}**: {} events, {} ms a page and {} ms a post: {} s from the first request to \
             the last answer (one reader and one writer side by side {} s, one after the other {} s).\n",
                overlap.road,
                grouped(Overlap::EVENTS),
                Overlap::PAGE.as_millis(),
                Overlap::POST.as_millis(),
                seconds(overlap.took),
                seconds(overlap.ideal()),
                seconds(overlap.serial()),
            )?;
        }
        writeln!(
            f,
            "**Start**: {:.0} ms from the start of the process to its first answered probe, median \
             of {} (slowest {:.0} ms), when asked every millisecond; the host asks every 25.",
            self.start.median.as_secs_f64() * 1e3,
            Start::STARTS,
            self.start.slowest.as_secs_f64() * 1e3,
        )?;
        for (road, allocations) in &self.allocations {
            writeln!(
                f,
                "\n**Allocations, {road}**: {allocations:.2} an event, connections and state included."
            )?;
        }
        writeln!(f, "\n**Size**: {} MB, stripped.", megabytes(self.size))?;
        for shares in self.shares() {
            write!(f, "\n{shares}")?;
        }
        match &self.levels {
            Some(levels) => write!(f, "\n{levels}"),
            None => Ok(()),
        }
    }
}

impl Report {
    /// Of the largest run on each road.
    fn shares(&self) -> impl Iterator<Item = Shares> + '_ {
        let runs = Api::ALL.into_iter().filter_map(|api| {
            let of_road = self.runs.iter().map(|(_, run)| run);
            of_road
                .filter(|run| run.api == api)
                .max_by_key(|run| run.events)
        });
        runs.filter_map(|run| Shares::of(run, self.stages.as_ref()?))
    }
}

fn figures(run: &Shipped, floor: &Shipped) -> [String; 14] {
    let usage = &run.usage;
    let processor = |figure: &dyn Fn(crate::child::ProcessorTime) -> String| {
        usage.processor.map_or_else(|| UNKNOWN.to_owned(), figure)
    };
    [
        run.road.to_owned(),
        grouped(run.events),
        seconds(usage.wall),
        processor(&|time| seconds(time.user)),
        processor(&|time| seconds(time.system)),
        processor(&|time| {
            format!(
                "{:.1}",
                time.total().as_secs_f64() * 1e6 / run.events as f64
            )
        }),
        processor(&|time| {
            let least = floor.usage.processor.unwrap_or_default().total();
            format!("{:.2}", time.total().div_duration_f64(least))
        }),
        usage
            .peak_memory
            .map_or_else(|| UNKNOWN.to_owned(), megabytes),
        grouped(run.okta_requests),
        megabytes(run.page_bytes),
        grouped(run.posts),
        megabytes(run.plain_bytes),
        megabytes(run.posted_bytes),
        // A run of the program's that missed or repeated anything is an error and has no line. A
        // floor repeats on purpose, and events have lost their ids on one of the roads.
        match run.road == floor.road {
            true => UNKNOWN.to_owned(),
            false => "0, 0".to_owned(),
        },
    ]
}

fn seconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64())
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}
