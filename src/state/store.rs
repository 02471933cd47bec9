//! The place in Okta's log, kept between runs.
//!
//! Two stores keep one contract: a blob ([`crate::state::blob`]) whose lease makes its holder the only writer,
//! and a local folder ([`crate::state::folder`]) locked by the operating system. Whoever holds the lease reads
//! and writes; everybody else is told so at once. Every write carries the lease and the version
//! it replaces, so that storage itself refuses a writer that lost either.

use async_trait::async_trait;

use super::checkpoint::Checkpoint;
use crate::net::retry::{Failure, RetryDecision};

/// Bytes of the largest document that is read. The largest, `recent-ids`, has 4.8 MB.
pub(super) const MOST_OF_A_DOCUMENT: usize = 16_000_000;

/// Keeps the state of one Okta org.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// The place in an operator's words: `container okta-sentinel of account acme`.
    fn place(&self) -> String;

    /// Becomes the only writer and reads what is saved.
    ///
    /// # Errors
    /// [`StoreError::Held`] while another run is the writer; else what the store answered.
    async fn open(&self) -> Result<Box<dyn StateLease>, StoreError>;

    /// Like [`StateStore::open`], for `--restart`: a document that cannot be read is copied
    /// to `cursor.json.unreadable` and counts as none, as does the mark of a move. A store whose
    /// documents can always be read has nothing to add.
    ///
    /// # Errors
    /// As [`StateStore::open`], but neither [`StoreError::Unreadable`] nor [`StoreError::Moved`].
    async fn open_afresh(&self) -> Result<Box<dyn StateLease>, StoreError> {
        self.open().await
    }

    /// The orgs of which this folder or storage account holds state, this one included if it does.
    /// Needs no lease.
    ///
    /// # Errors
    /// What the store answered.
    async fn orgs(&self) -> Result<Vec<OrgState>, StoreError>;

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

/// That there is state of an org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgState {
    /// What it is kept under, see [`crate::okta::api::domain::OktaDomain::key`].
    pub key: String,
    /// The org's new host, if the state was moved there.
    pub moved_to: Option<String>,
}

/// The right to write, until it is released, lost or left to run out.
#[async_trait]
pub trait StateLease: Send + Sync {
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

    /// Replaces `cursor.json` by a mark that the state is kept under the host `to` from now on.
    /// Opening it answers [`StoreError::Moved`].
    ///
    /// # Errors
    /// [`StoreError::Lost`] when another writer took over, else what the store answered.
    async fn mark_moved(&mut self, to: &str) -> Result<(), StoreError>;

    /// The document `recent-ids`, empty when there is none.
    ///
    /// # Errors
    /// What the store answered.
    async fn recent_ids(&self) -> Result<Vec<u8>, StoreError>;

    /// Replaces the document `recent-ids`.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when another writer took over, else what the store answered.
    async fn save_recent_ids(&mut self, ids: Vec<u8>) -> Result<(), StoreError>;

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
    fn retry_decision(&self) -> RetryDecision {
        match self {
            StoreError::Unavailable { .. } => RetryDecision::Retry,
            _ => RetryDecision::Stop,
        }
    }
}

impl StoreError {
    /// `place` cannot be used, for now at least.
    pub(super) fn unavailable(
        place: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> StoreError {
        StoreError::Unavailable {
            place: place.to_owned(),
            problem: problem.into(),
            remedy: remedy.into(),
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
        "{place} is not a checkpoint this version reads ({problem}); use the version that wrote it, or put a copy of the document back. Without either, `okta-sentinel ship --restart` starts over, and what is in the workspace since then comes again"
    )]
    Unreadable {
        /// Which document.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The state is kept under another host.
    #[error(
        "{place} says that this org's state was moved to {to}: set OKTA_DOMAIN to {to}, or take it back with `okta-sentinel state move` the other way round"
    )]
    Moved {
        /// Which document.
        place: String,
        /// The new host.
        to: String,
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
