//! The place in Okta's log, kept between runs.
//!
//! Two stores keep one contract: a blob ([`blob`]) whose lease makes its holder the only writer,
//! and a local folder ([`mod@file`]) locked by the operating system. Whoever holds the lease reads
//! and writes; everybody else is told so at once. Every write carries the lease and the version
//! it replaces, so that storage itself refuses a writer that lost either.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::net::retry::{Failure, Verdict};
use crate::okta::log::cursor::Cursor;
use okta_rows::EventId;

/// The newest format of [`Checkpoint`] that this program reads and the one it writes. Format 1 had
/// no backfill lane; a program of its time refuses format 2 rather than drop a backlog.
pub const FORMAT: u32 = 2;

/// What `cursor.json` holds. Everything before the cursor is in the workspace, but for what a
/// backfill lane still has before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Format of this document, see [`FORMAT`].
    pub version: u32,
    /// Rises by one with every save and never falls.
    pub sequence: u64,
    /// The lane that goes on for ever.
    #[serde(flatten)]
    pub main: Lane,
    /// The lane that brings the backlog of a first connection, until it meets the events that the
    /// main lane began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<Lane>,
    /// What of the seam the main lane is past; with two lanes only.
    #[serde(default, skip_serializing_if = "SeamPlace::is_start")]
    pub seam: SeamPlace,
    /// `OKTA_FILTER` as it was when the cursor began; a cursor is good for one filter only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// When this was saved, by the writer's clock; for people.
    pub saved_at: DateTime<Utc>,
}

/// How far along the seam the main lane is: past the first `accepted` ids of the document, but for
/// `unread`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeamPlace {
    /// Ids, in the order of the document.
    pub accepted: usize,
    /// Those of them that are on pages that the main lane has still to read. There are some only
    /// where a kill prevented a page and it was then read again in smaller ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<EventId>,
}

impl SeamPlace {
    fn is_start(&self) -> bool {
        *self == SeamPlace::default()
    }
}

/// One walk along the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// The request for the oldest page that is not wholly accepted.
    pub cursor: Cursor,
    /// Where this lane started: a refused cursor never falls back further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Events of that page and of later ones that the workspace accepted already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted_beyond: Vec<EventId>,
    /// The newest `published` of all pages that the workspace accepted wholly: where a refused
    /// cursor falls back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_published: Option<DateTime<Utc>>,
    /// A refused cursor made this one of a time: until the lane catches up, events in its recent
    /// ids are repeats.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rereading: bool,
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

/// A document of ids, raw, 16 bytes each, kept beside `cursor.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// `recent-ids`: what the main lane had accepted lately.
    Recent,
    /// `recent-ids-backfill`: what the backfill lane had accepted lately.
    RecentOfBackfill,
    /// `seam-ids`: what the main lane began with, where the backfill lane is to end.
    Seam,
}

/// A place that keeps checkpoints of one Okta org.
#[async_trait]
pub trait CheckpointStore: Send + Sync {
    /// The place in an operator's words: `container okta-sentinel of account acme`.
    fn place(&self) -> String;

    /// Becomes the only writer and reads what is saved.
    ///
    /// # Errors
    /// [`StoreError::Held`] while another run is the writer; else what the store answered.
    async fn open(&self) -> Result<Box<dyn CheckpointLease>, StoreError>;

    /// Like [`CheckpointStore::open`], for `--restart`: a document that cannot be read is copied
    /// to `cursor.json.unreadable` and counts as none. A store whose documents can always be read
    /// has nothing to add.
    ///
    /// # Errors
    /// As [`CheckpointStore::open`], but never [`StoreError::Unreadable`].
    async fn open_afresh(&self) -> Result<Box<dyn CheckpointLease>, StoreError> {
        self.open().await
    }

    /// Names of the dead letters, in order. Needs no lease, and is empty where nothing was ever
    /// kept.
    ///
    /// # Errors
    /// What the store answered.
    async fn dead_letters(&self) -> Result<Vec<String>, StoreError>;

    /// A dead letter's document; `None` where there is none of that name (any more).
    ///
    /// # Errors
    /// What the store answered.
    async fn dead_letter(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
}

/// The right to write, until it is released, lost or left to run out.
#[async_trait]
pub trait CheckpointLease: Send + Sync {
    /// What was saved last, as this lease knows it.
    fn saved(&self) -> Option<&Checkpoint>;

    /// Whether this is the writer still, as far as can be known without asking the store.
    ///
    /// # Errors
    /// [`StoreError::Lost`].
    fn check(&self) -> Result<(), StoreError>;

    /// Saves `checkpoint` under the next sequence number, whatever number it carries.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when another writer took over: nothing was written.
    async fn save(&mut self, checkpoint: Checkpoint) -> Result<(), StoreError>;

    /// A document of ids, empty when there is none.
    ///
    /// # Errors
    /// What the store answered.
    async fn ids(&self, which: Ids) -> Result<Vec<u8>, StoreError>;

    /// Replaces a document of ids.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when another writer took over, else what the store answered.
    async fn save_ids(&mut self, which: Ids, ids: Vec<u8>) -> Result<(), StoreError>;

    /// Keeps rows that the workspace refused: `body` is a JSON document, `name` its file name.
    ///
    /// # Errors
    /// What the store answered.
    async fn keep_dead_letter(&mut self, name: &str, body: Vec<u8>) -> Result<(), StoreError>;

    /// Removes a dead letter whose rows have arrived; one that is gone already will do.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when another writer took over, else what the store answered.
    async fn remove_dead_letter(&mut self, name: &str) -> Result<(), StoreError>;

    /// Lets the next writer in at once instead of when the lease runs out.
    ///
    /// # Errors
    /// What the store answered; the lease then runs out by itself.
    async fn release(self: Box<Self>) -> Result<(), StoreError>;
}

impl Failure for StoreError {
    fn verdict(&self) -> Verdict {
        match self {
            StoreError::Unavailable { .. } => Verdict::Retry,
            _ => Verdict::Stop,
        }
    }
}

/// Why the store did not do as asked, each with what to do next.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another run is the writer.
    #[error("another run holds the lease on {place}")]
    Held {
        /// Which document.
        place: String,
    },
    /// This run was the writer and is no longer.
    #[error("the lease on {place} was lost to another run; nothing was written")]
    Lost {
        /// Which document.
        place: String,
    },
    /// The document is there and cannot be understood.
    #[error(
        "{place} is not a checkpoint this version reads ({problem}); move it away or run `okta-sentinel ship --restart`"
    )]
    Unreadable {
        /// Which document.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The store refused this identity.
    #[error("{place} refused access ({problem}); {remedy}")]
    Denied {
        /// Which document, container or folder.
        place: String,
        /// The store's own words.
        problem: String,
        /// Role or permission to grant.
        remedy: String,
    },
    /// The store did not answer, or answered a failure.
    #[error("{place} cannot be used ({problem}); {remedy}")]
    Unavailable {
        /// Which document, container or folder.
        place: String,
        /// What happened.
        problem: String,
        /// What to look at.
        remedy: String,
    },
}
