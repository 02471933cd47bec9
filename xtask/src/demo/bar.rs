//! How far the demo is: a bar on a terminal, lines elsewhere.

use std::convert::Infallible;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sandbox::workspace::Workspace;

use super::stage::TABLE;
use crate::terminal;

/// Rows in the workspace out of all that there will be.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(events: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(events), ProgressDrawTarget::stderr());
        let style =
            ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} rows {elapsed:.dim}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Says what happens now.
    pub(super) fn tell(&self, text: &str) {
        self.0.suspend(|| terminal::line(&format!("  {text}")));
    }

    /// Moves with the workspace, for ever.
    pub(super) async fn follow(&self, workspace: &Workspace) -> Infallible {
        let table = workspace.table(TABLE);
        loop {
            let rows = table.rows();
            // A repeated row brings the demo no further.
            self.0.set_position(table.distinct_ids() as u64);
            workspace.wait_for_rows(TABLE, rows + 1).await;
        }
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
