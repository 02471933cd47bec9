//! Progress of a run, on a terminal.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ship::{RunReport, grouped};
use crate::telemetry::shown;

/// A line that turns while a run is under way; nothing at all where stderr is no terminal.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn start(org: &str) -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}") {
            bar.set_style(style);
        }
        bar.set_message(shown::line(&format!("reading {org}")));
        bar.enable_steady_tick(Duration::from_millis(120));
        Progress(bar)
    }

    /// `before` counts the events of earlier runs of the same command.
    pub(super) fn show(&self, report: &RunReport, before: u64) {
        let spelt = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let newest = report.newest_published.map(spelt);
        let backlog = report.backlog_up_to.map(spelt);
        let backlog = backlog.map(|reached| format!(", backlog up to {reached}"));
        self.0.set_message(shown::line(&format!(
            "{} events shipped from {}, newest {}{}",
            grouped(before + report.events),
            report.org,
            newest.as_deref().unwrap_or("unknown"),
            backlog.unwrap_or_default(),
        )));
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
