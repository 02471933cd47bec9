//! What the two halves of a run give each other.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::ids::IdSet;
use super::intake::Repeats;
use super::progress::PageInWork;
use super::seam::{LaneName, Seam};
use crate::log_analytics::batch::Batch;
use crate::okta::api::error::OktaError;
use crate::okta::log::cursor::Cursor;
use okta_rows::EventId;

/// What the reader hands over, in the order in which it is to be done.
pub(super) enum Handed {
    /// A page, and batches to post.
    Page(Box<PageRead>),
    /// There is a backlog: what is stored from this time on gets a lane of its own.
    Split(DateTime<Utc>),
}

/// One page, and the batches that it filled.
pub(super) struct PageRead {
    pub(super) lane: LaneName,
    pub(super) page: PageInWork,
    pub(super) batches: Vec<Batch>,
    pub(super) newest: Option<DateTime<Utc>>,
    /// Ids that the seam is to have before anything of this page is posted.
    pub(super) seam: Vec<EventId>,
    /// Ids of the seam that the main lane has still to read after this page, as an earlier run did.
    pub(super) unread: Vec<EventId>,
    /// No further page of this lane is there for now.
    pub(super) last: bool,
    /// The lane that goes on alone once this page is accepted.
    pub(super) joined: Option<LaneName>,
    /// A lone event over the cap: where it would have been read.
    pub(super) oversize: Option<OktaError>,
}

/// Why no further page comes.
pub(super) enum ReadEnd {
    CaughtUp,
    BudgetSpent,
    RateSpent(Duration),
    Stopped,
    /// The delivering half ended.
    NobodyListens,
    Failed(LaneName, OktaError),
}

/// What only the reader can count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadStats {
    pub(super) pages: u64,
    pub(super) requests: u64,
    pub(super) rate_limited: u64,
    pub(super) retries: u64,
    pub(super) repeats: u64,
    pub(super) cut_rows: u64,
}

pub(super) struct ReadReport {
    pub(super) end: ReadEnd,
    pub(super) stats: ReadStats,
}

/// Where reading begins.
pub(super) struct Beginning {
    pub(super) main: (Cursor, Repeats),
    pub(super) backfill: Option<BackfillBeginning>,
    /// Where the only lane starts, if nothing of it has been shipped: it may become two.
    pub(super) may_split: Option<DateTime<Utc>>,
}

/// Where the backfill lane's reading begins.
pub(super) struct BackfillBeginning {
    pub(super) cursor: Cursor,
    pub(super) repeats: Repeats,
    pub(super) seam: Seam,
    /// Ids of the seam that the main lane has still to read, as an earlier run did.
    pub(super) unread: IdSet,
}
