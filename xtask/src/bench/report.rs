//! The figures, in Markdown.

use std::fmt;
use std::time::Duration;

use super::levels::Levels;
use super::shares::{Shares, Stages};
use super::shipping::Shipped;
use super::slow::SlowRun;
use super::start::Start;
use super::target::Api;
use crate::table::Table;
use crate::terminal::grouped;

/// Where the system does not tell, or there is nothing to compare with.
const UNKNOWN: &str = "-";

/// A run of the program and one of the baseline client over as many events.
pub(super) struct Comparison {
    pub(super) run: Shipped,
    pub(super) baseline: Shipped,
}

/// All that was measured.
pub(super) struct Report {
    pub(super) seed: u64,
    /// The folder of the program's state.
    pub(super) state: String,
    /// Bytes of the stripped binary.
    pub(super) size: u64,
    pub(super) runs: Vec<Comparison>,
    pub(super) slow: Vec<SlowRun>,
    /// For one event by each API, where valgrind is installed.
    pub(super) allocations: Vec<(Api, f64)>,
    pub(super) start: Start,
    pub(super) levels: Option<Levels>,
    /// What the stages take by themselves.
    pub(super) stages: Option<Stages>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## Shipping, release binary, seed {}\n", self.seed)?;
        f.write_str(&self.shipping())?;
        writeln!(
            f,
            "\n`x` is a ratio to the baseline client, which downloads and inflates the same pages \
             and posts as many bytes with the same libraries, and does nothing else (see \
             benches/baseline.rs). The sandbox shares this machine ({} processors): wall time is \
             not the program's alone, the rest is. Requests are those to Okta; posts and bytes are \
             those of events. State in {}.\n",
            std::thread::available_parallelism().map_or(1, usize::from),
            self.state
        )?;
        if !self.slow.is_empty() {
            writeln!(
                f,
                "## {} events, {} ms a page, {} ms a post\n",
                grouped(SlowRun::EVENTS),
                SlowRun::PAGE.as_millis(),
                SlowRun::POST.as_millis(),
            )?;
            f.write_str(&self.slow())?;
        }
        writeln!(
            f,
            "\n**Start**: {:.0} ms from the start of the process to its first answered probe, median \
             of {} (slowest {:.0} ms), when asked every millisecond; the host asks every 25.",
            self.start.median.as_secs_f64() * 1e3,
            Start::STARTS,
            self.start.slowest.as_secs_f64() * 1e3,
        )?;
        for (api, allocations) in &self.allocations {
            writeln!(
                f,
                "\n**Allocations, {}**: {allocations:.2} an event, connections and state included.",
                api.name()
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
    fn shipping(&self) -> String {
        let mut table = Table::new(&[
            "API",
            "org",
            "events",
            "CPU µs/event",
            "x",
            "peak MB",
            "x",
            "requests",
            "pages",
            "posts",
            "x",
            "posted MB",
            "wall s",
        ]);
        let mut baseline = None;
        for Comparison { run, baseline: of } in &self.runs {
            if baseline.replace((of.api, of.events)) != Some((of.api, of.events)) {
                table.push(figures(of, of.target, None));
            }
            table.push(figures(run, run.activity.name(), Some(of)));
        }
        table.markdown()
    }

    fn slow(&self) -> String {
        let mut table = Table::new(&[
            "API",
            "org",
            "took s",
            "reading alone s",
            "one by one s",
            "requests",
            "posts",
        ]);
        for run in &self.slow {
            table.push([
                run.api.name().to_owned(),
                run.activity.name().to_owned(),
                seconds(run.took),
                seconds(SlowRun::reading_alone()),
                seconds(run.serial()),
                run.requests.to_string(),
                run.posts.to_string(),
            ]);
        }
        table.markdown()
    }

    /// Of the largest run by each API.
    fn shares(&self) -> impl Iterator<Item = Shares> + '_ {
        let runs = Api::ALL.into_iter().filter_map(|api| {
            let runs = self.runs.iter().map(|pair| &pair.run);
            runs.filter(|run| run.api == api)
                .max_by_key(|run| run.events)
        });
        runs.filter_map(|run| Shares::of(run, self.stages.as_ref()?))
    }
}

/// `org`: whose run it is, the program's with this kind of org or the baseline client's.
fn figures(run: &Shipped, org: &str, baseline: Option<&Shipped>) -> [String; 13] {
    let cpu = |run: &Shipped| Some(run.usage.processor?.total().as_secs_f64());
    let memory = |run: &Shipped| Some(run.usage.peak_memory? as f64);
    let posts = |run: &Shipped| Some(run.posts as f64);
    let ratio = |figure: &dyn Fn(&Shipped) -> Option<f64>| {
        let ratio = baseline.and_then(|baseline| Some(figure(run)? / figure(baseline)?));
        ratio.map_or_else(|| UNKNOWN.to_owned(), |ratio| format!("{ratio:.2}"))
    };
    [
        run.api.name().to_owned(),
        org.to_owned(),
        grouped(run.events),
        cpu(run).map_or_else(
            || UNKNOWN.to_owned(),
            |seconds| format!("{:.2}", seconds * 1e6 / run.events as f64),
        ),
        ratio(&cpu),
        run.usage
            .peak_memory
            .map_or_else(|| UNKNOWN.to_owned(), megabytes),
        ratio(&memory),
        grouped(run.okta_requests),
        grouped(run.pages()),
        grouped(run.posts),
        ratio(&posts),
        megabytes(run.posted_bytes),
        seconds(run.usage.wall),
    ]
}

fn seconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64())
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}
