//! Checkpoints in Blob storage: container `okta-sentinel`, one folder per org.
//!
//! The lease is on `cursor.json` itself, so that storage refuses the writes of a run that lost it,
//! and every write of it names the version it replaces. Documents of ids have no lease of their
//! own: storage is asked for the cursor's before one is written. Dead letters need none: each has a
//! name of its own.

use std::sync::Arc;

use async_trait::async_trait;

use self::blobs::Blobs;
use self::container::Container;
use self::lease::{BlobLease, RENEWED_EVERY, Renewal};
use super::account::BlobAccount;
use super::store::{OrgState, StateLease, StateStore, StoreError};
use super::writer_state::{CURSOR, check_name};

mod blobs;
mod container;
mod failure;
mod lease;
mod shared_key;

/// Names in one answer to a list; more than that is refused.
const MOST_LISTED: i32 = 5_000;

/// A storage account that keeps the checkpoints of one org.
#[derive(Clone, Debug)]
pub struct BlobStore {
    blobs: Arc<Blobs>,
}

impl BlobStore {
    /// Keeps the state of `org` (its host) in `account`. Sends nothing yet.
    ///
    /// # Errors
    /// When the account cannot be used as it is written: a key that is not base64, an identity's
    /// token over plain http.
    pub fn new(account: &BlobAccount, org: &str) -> Result<BlobStore, StoreError> {
        let container = Container::new(account)?;
        let org = org.to_ascii_lowercase();
        check_name(&container.place, &org)?;
        let cursor = format!("{org}/{CURSOR}");
        let blobs = Blobs {
            container,
            org,
            cursor,
        };
        Ok(BlobStore {
            blobs: Arc::new(blobs),
        })
    }

    async fn opened(&self, afresh: bool) -> Result<Box<dyn StateLease>, StoreError> {
        let (lease, held_until) = self.blobs.lease().await?;
        let blobs = Arc::clone(&self.blobs);
        let renewal = Renewal::start(blobs, lease.clone(), held_until, RENEWED_EVERY);
        match self.blobs.writer_state(afresh).await {
            Ok((state, version)) => Ok(Box::new(BlobLease {
                blobs: Arc::clone(&self.blobs),
                lease,
                version,
                state,
                renewal,
            })),
            Err(failed) => {
                drop(renewal);
                // Best effort: the failure matters more, and the lease runs out by itself.
                let _ = self
                    .blobs
                    .container
                    .release_lease(&self.blobs.cursor, &lease)
                    .await;
                Err(failed)
            }
        }
    }
}

#[async_trait]
impl StateStore for BlobStore {
    fn place(&self) -> String {
        self.blobs.container.place.clone()
    }

    async fn open(&self) -> Result<Box<dyn StateLease>, StoreError> {
        self.opened(false).await
    }

    async fn open_afresh(&self) -> Result<Box<dyn StateLease>, StoreError> {
        self.opened(true).await
    }

    async fn orgs(&self) -> Result<Vec<OrgState>, StoreError> {
        self.blobs.orgs(MOST_LISTED).await
    }

    async fn dead_letters(&self) -> Result<Vec<String>, StoreError> {
        self.blobs.dead_letter_names(MOST_LISTED).await
    }

    async fn dead_letter(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let blob = self.blobs.dead_letter(name)?;
        self.blobs.find(&blob).await
    }
}
