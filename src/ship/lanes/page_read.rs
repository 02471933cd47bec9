//! A page as the lanes need to know it.

use chrono::{DateTime, Utc};
use okta_rows::EventId;

use crate::okta::log::cursor::Cursor;

/// One of the two lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ship) enum LaneName {
    /// The lane that goes on for ever: the only one, or the one of new events.
    Main,
    /// The lane that brings the backlog.
    Backfill,
}

/// How far a page leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ship) enum Reached {
    /// More is to come.
    More,
    /// The events of the last minute, where a further page may hold a few more; or a page from
    /// which nothing leads on.
    Now,
    /// The end of the log.
    End,
}

/// A page that was read.
#[derive(Clone, Debug)]
pub(in crate::ship) struct PageRead {
    /// All events on it.
    pub(in crate::ship) ids: Vec<EventId>,
    /// Those of them that are to be delivered.
    pub(in crate::ship) rows: Vec<EventId>,
    /// Those of `rows` that have no uuid: several may share one id.
    pub(in crate::ship) without_uuid: Vec<EventId>,
    /// An event has the id of one on the page before, and other content.
    pub(in crate::ship) has_other_content: bool,
    /// Okta's clock when it answered.
    pub(in crate::ship) date: DateTime<Utc>,
    /// Okta named a further request, be it this one again.
    pub(in crate::ship) has_link: bool,
    /// The request after it; `None` when Okta named none, or this one again.
    pub(in crate::ship) next: Option<Cursor>,
    /// Its newest `published`.
    pub(in crate::ship) newest: Option<DateTime<Utc>>,
    pub(in crate::ship) reached: Reached,
}
