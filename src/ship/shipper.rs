//! What every run works with.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::report::RunReport;
use crate::log_analytics::sink::Sink;
use crate::okta::api::client::Client;
use crate::okta::api::rate::RateShare;
use crate::okta::log::cursor::Cursor;
use crate::settings::Start;
use crate::state::store::StateStore;

/// Everything a run works with; made once, used by every run of the process.
pub struct Shipper {
    /// The org to read.
    pub okta: Client,
    /// Where rows go.
    pub sink: Arc<dyn Sink>,
    /// Where the place in the log is kept.
    pub store: Arc<dyn StateStore>,
    /// `OKTA_FILTER`.
    pub filter: Option<String>,
    /// Where a first run starts.
    pub start: Start,
    /// `OKTA_RATE_SHARE`.
    pub share: RateShare,
    /// `RUN_BUDGET_SECONDS`.
    pub budget: Duration,
    /// `--set-aside-refused`: every row that is refused becomes a dead letter.
    pub set_aside_refused: bool,
}

/// Where a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At the saved cursor, else where a first run starts.
    Saved,
    /// The same, for somebody who named a start and is to hear if it has no say.
    SavedDespiteSince,
    /// Where a first run starts, whatever is saved.
    Afresh,
}

/// Hears how far a run has come, after every accepted post.
pub type Observer<'a> = &'a (dyn Fn(&RunReport) + Send + Sync);

impl Shipper {
    /// The request for everything stored since `since`.
    pub(super) fn cursor_since(&self, since: DateTime<Utc>) -> Cursor {
        Cursor::since(self.okta.domain(), since, self.filter.as_deref())
    }
}
