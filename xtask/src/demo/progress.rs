//! How far the demo is: a bar on a terminal, lines elsewhere.

use std::convert::Infallible;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sandbox::workspace::Workspace;

use super::services::TABLE;
use crate::terminal;

/// Rows in the workspace out of all that there will be.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(events: u64) -> Self {
        let progress = ProgressBar::with_draw_target(Some(events), ProgressDrawTarget::stderr());
        let style =
            ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} rows {elapsed:.dim}");
        if let Ok(style) = style {
            progress.set_style(style);
        }
        Self(progress)
    }

    /// Writes a line above the bar.
    pub(super) fn message(&self, text: &str) {
        self.0.suspend(|| terminal::line(&format!("  {text}")));
    }

    /// Follows the rows in the workspace; never resolves.
    pub(super) async fn follow(&self, workspace: &Workspace) -> Infallible {
        let table = workspace.table(TABLE);
        loop {
            let rows = table.rows();
            // A repeated row is no progress.
            self.0.set_position(table.distinct_ids() as u64);
            workspace.wait_for_rows(TABLE, rows + 1).await;
        }
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
