//! A state store whose saves a test can refuse, and count.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use async_trait::async_trait;
use okta_sentinel::ship::Shipper;
use okta_sentinel::state::checkpoint::Checkpoint;
use okta_sentinel::state::store::{OrgState, StateLease, StateStore, StoreError};

/// Clones share their counts.
#[derive(Clone)]
pub(crate) struct FaultyStore {
    store: Arc<dyn StateStore>,
    /// Saves that succeed before the others are refused.
    left: Arc<AtomicI64>,
    saved: Arc<AtomicU64>,
}

struct FaultyLease {
    lease: Box<dyn StateLease>,
    store: FaultyStore,
}

impl FaultyStore {
    /// In front of the shipper's own store.
    pub(crate) fn before(shipper: &mut Shipper) -> FaultyStore {
        let faulty = FaultyStore {
            store: Arc::clone(&shipper.store),
            left: Arc::new(AtomicI64::new(i64::MAX)),
            saved: Arc::default(),
        };
        shipper.store = Arc::new(faulty.clone());
        faulty
    }

    /// Refuses every save after so many.
    pub(crate) fn refuse_after(&self, saves: i64) {
        self.left.store(saves, Ordering::SeqCst);
    }

    /// The saves that succeeded since this was asked last.
    pub(crate) fn take_saved(&self) -> u64 {
        self.saved.swap(0, Ordering::SeqCst)
    }

    fn write(&self) -> Result<(), StoreError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(StoreError::Denied {
                place: "the store".to_owned(),
                problem: "HTTP 403 refused by a policy".to_owned(),
                remedy: "let it be written".to_owned(),
            });
        }
        self.saved.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[async_trait]
impl StateStore for FaultyStore {
    fn place(&self) -> String {
        self.store.place()
    }

    async fn open(&self) -> Result<Box<dyn StateLease>, StoreError> {
        Ok(Box::new(FaultyLease {
            lease: self.store.open().await?,
            store: self.clone(),
        }))
    }

    async fn orgs(&self) -> Result<Vec<OrgState>, StoreError> {
        self.store.orgs().await
    }

    async fn dead_letters(&self) -> Result<Vec<String>, StoreError> {
        self.store.dead_letters().await
    }

    async fn dead_letter(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.dead_letter(name).await
    }
}

#[async_trait]
impl StateLease for FaultyLease {
    fn saved(&self) -> Option<&Checkpoint> {
        self.lease.saved()
    }

    fn check(&self) -> Result<(), StoreError> {
        self.lease.check()
    }

    async fn save(&mut self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        self.store.write()?;
        self.lease.save(checkpoint).await
    }

    async fn mark_moved(&mut self, to: &str) -> Result<(), StoreError> {
        self.store.write()?;
        self.lease.mark_moved(to).await
    }

    async fn recent_ids(&self) -> Result<Vec<u8>, StoreError> {
        self.lease.recent_ids().await
    }

    async fn save_recent_ids(&mut self, ids: Vec<u8>) -> Result<(), StoreError> {
        self.store.write()?;
        self.lease.save_recent_ids(ids).await
    }

    async fn keep_dead_letter(&mut self, name: &str, body: Vec<u8>) -> Result<(), StoreError> {
        self.store.write()?;
        self.lease.keep_dead_letter(name, body).await
    }

    async fn remove_dead_letter(&mut self, name: &str) -> Result<(), StoreError> {
        self.store.write()?;
        self.lease.remove_dead_letter(name).await
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.lease.release().await
    }
}
