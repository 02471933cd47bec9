//! What `cursor.json` holds: the place in Okta's log, lane by lane.

use chrono::{DateTime, Utc};
use okta_rows::EventId;
use serde::{Deserialize, Serialize};

use super::id_list;
use crate::okta::log::cursor::Cursor;

/// The newest format of [`Checkpoint`], which is the one that is written; older ones are read.
/// Format 1 had one lane. Format 2 kept the ids of the overlap in a document of their own, and lists
/// of ids as texts.
pub const FORMAT: u32 = 3;

/// `cursor.json`. Everything before the cursor is in the workspace, but for what a backfill lane
/// still has before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Format of this document, see [`FORMAT`].
    pub version: u32,
    /// Rises by one with every save and never falls.
    pub sequence: u64,
    /// The place.
    #[serde(flatten)]
    pub place: Place,
    /// `OKTA_FILTER` as it was when the cursor began; a cursor is good for one filter only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// When this was saved, by the writer's clock; for people.
    pub saved_at: DateTime<Utc>,
}

/// The place in the log: one lane, or two while a backlog is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The lane that goes on for ever.
    #[serde(flatten)]
    pub main: Lane,
    /// The lane that brings the backlog, until it meets the events that the main lane began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<Backfill>,
}

/// One lane: its position in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// The request for the oldest page that is not wholly accepted.
    pub cursor: Cursor,
    /// Where this lane started: a refused cursor never falls back further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Events at or after the cursor that are not this lane's to deliver: the workspace accepted
    /// them, or the other lane delivers them.
    #[serde(default, with = "id_list", skip_serializing_if = "Vec::is_empty")]
    pub accepted_beyond: Vec<EventId>,
    /// The newest `published` of all pages that the workspace accepted wholly: where a refused
    /// cursor falls back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_published: Option<DateTime<Utc>>,
    /// A refused cursor made this one of a time: until the lane catches up, events in `recent-ids`
    /// are repeats.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rereading: bool,
}

/// The lane of a backlog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backfill {
    /// Its own position.
    #[serde(flatten)]
    pub lane: Lane,
    /// The first events that the main lane delivered, as far as this lane has not met them.
    #[serde(default, with = "id_list", skip_serializing_if = "Vec::is_empty")]
    pub overlap_ids: Vec<EventId>,
}

impl Lane {
    /// A lane that starts at `cursor`, which asks for what was stored since `since`.
    pub fn begin(cursor: Cursor, since: DateTime<Utc>) -> Lane {
        Lane {
            cursor,
            since: Some(since),
            accepted_beyond: Vec::new(),
            newest_published: None,
            rereading: false,
        }
    }
}

impl Place {
    /// One lane.
    pub fn of_one_lane(main: Lane) -> Place {
        Place {
            main,
            backfill: None,
        }
    }
}
