//! What arrived, for a newcomer to read.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use sandbox::okta::OktaOrg;
use serde_json::Value;

use super::comparison::Comparison;
use super::options::Options;
use super::scenario::Observed;
use super::services::Services;
use crate::checkout;
use crate::table::Table;
use crate::terminal::{self, grouped};

/// Rows shown.
const ROWS: usize = 5;
/// Their columns.
const COLUMNS: [&str; 5] = [
    "TimeGenerated",
    "eventType_s",
    "actor_alternateId_s",
    "client_ipAddress_s",
    "outcome_result_s",
];

/// The two sides compared, and what it took.
pub(super) struct Summary {
    seed: u64,
    live: u64,
    compared: Comparison,
    pages: usize,
    posts: usize,
    refusals: BTreeMap<String, usize>,
    ready_after: Option<Duration>,
    observed: Observed,
    first_rows: Table,
    files: [(&'static str, PathBuf); 3],
}

impl Summary {
    /// Looks at both sides, and at the rows as they were stored.
    pub(super) fn of(
        services: &Services,
        options: &Options,
        observed: Observed,
    ) -> anyhow::Result<Self> {
        let mut posts = services.workspace.posts();
        posts.retain(|post| post.log_type == "Okta");
        let requests = services.org.requests();
        Ok(Self {
            seed: options.seed,
            live: options.live(),
            compared: Comparison::of(&services.org, &services.table(), &posts),
            pages: requests.iter().filter(|request| request.events > 0).count(),
            posts: posts.iter().filter(|post| post.stored).count(),
            refusals: refusals(&services.org),
            ready_after: services.ready_after,
            observed,
            first_rows: first_rows(services)?,
            files: [
                ("rows", services.table_file()),
                ("cursor", services.folder.join("state")),
                ("log", services.log_file()),
            ],
        })
    }

    /// Whether the promise was kept.
    ///
    /// # Errors
    /// [`Comparison::verdict`].
    pub(super) fn verdict(&self) -> anyhow::Result<()> {
        self.compared.verdict()
    }

    fn figures(&self) -> Vec<(&'static str, String, String)> {
        let compared = &self.compared;
        let count = |name, number: u64, note: &str| (name, grouped(number), note.to_owned());
        let tried_again = self.refusals.values().sum::<usize>() as u64;
        let refusals = self
            .refusals
            .iter()
            .map(|(answer, times)| format!("{times} x {answer}"));
        let refusals = refusals.collect::<Vec<_>>().join(", ");
        let repeated = match compared.repeated {
            0 => "the SIGKILL might have repeated the one batch under way".to_owned(),
            _ => format!(
                "the batch that was accepted while the handler was killed; at most {}",
                grouped(compared.largest_batch)
            ),
        };
        let live = format!("{} of them came while it ran", grouped(self.live));
        let mut figures = vec![
            count("events in Okta", compared.events, &live),
            count("rows in Okta_CL", compared.rows, ""),
            count("distinct", compared.distinct, ""),
            count("missing", compared.missing, ""),
            count("repeated", compared.repeated, &repeated),
            count("pages read", self.pages as u64, ""),
            count("posts stored", self.posts as u64, ""),
            count("requests tried again", tried_again, &refusals),
        ];
        if let Some(ready) = self.ready_after {
            let note = "from the start of the process to its first answer".to_owned();
            figures.push((
                "start",
                format!("{:.1} ms", ready.as_secs_f64() * 1e3),
                note,
            ));
        }
        if let Some(bytes) = self.observed.peak_memory {
            let note = "the handler's most".to_owned();
            figures.push(("memory", format!("{:.1} MB", bytes as f64 / 1e6), note));
        }
        figures
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nFrom Okta to Sentinel, all on this machine (seed {}):\n",
            self.seed
        )?;
        for (name, figure, note) in self.figures() {
            let line = format!("  {name:<21} {figure:>10}   {note}");
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(
            f,
            "\nTest/Run during a run was told:\n  {}",
            self.observed.overlap
        )?;
        writeln!(
            f,
            "\nThe handler on its last run:\n  {}",
            self.observed.last_run
        )?;
        writeln!(f, "\nThe first {ROWS} rows of Okta_CL:")?;
        let width = terminal::width().saturating_sub(2);
        for row in self.first_rows.aligned(width).lines() {
            writeln!(f, "  {row}")?;
        }
        writeln!(f, "\nFiles:")?;
        for (what, file) in &self.files {
            writeln!(f, "  {what:<7} {}", checkout::shown(file))?;
        }
        writeln!(
            f,
            "\nNext, to ship your own org into a local folder and have a look:\n  \
             OKTA_DOMAIN=acme.okta.com OKTA_API_TOKEN=... OUTPUT_DIR=out cargo run -- ship --since 1h\n\
             To ship it to Sentinel: README.md, \"Ship your own org\"."
        )
    }
}

/// Okta's answers that called for another try, by status.
fn refusals(org: &OktaOrg) -> BTreeMap<String, usize> {
    let mut refusals = BTreeMap::new();
    let refused = |status: &u16| *status >= 400;
    for status in org
        .requests()
        .iter()
        .filter_map(|request| request.status)
        .filter(refused)
    {
        *refusals.entry(status.to_string()).or_default() += 1;
    }
    refusals
}

fn first_rows(services: &Services) -> anyhow::Result<Table> {
    let path = services.table_file();
    let file = File::open(&path).with_context(|| {
        format!(
            "the workspace has no rows: {} cannot be read",
            path.display()
        )
    })?;
    let mut table = Table::new(&COLUMNS);
    for line in BufReader::new(file).lines().take(ROWS) {
        let row: Value = serde_json::from_str(&line?)?;
        table.push(COLUMNS.map(|column| match row.get(column) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => "-".to_owned(),
        }));
    }
    Ok(table)
}
