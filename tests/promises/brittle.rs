//! A store that dies with the process at the write that a test names.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use okta_sentinel::state::store::{Checkpoint, CheckpointLease, CheckpointStore, Ids, StoreError};
use tokio::sync::Notify;

/// On which side of the write the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dies {
    Before,
    After,
}

/// The death of a process at its write number `write`, counted from 1.
#[derive(Debug)]
pub(crate) struct Death {
    pub(crate) write: u64,
    pub(crate) dies: Dies,
    writes: AtomicU64,
    dead: Notify,
}

impl Death {
    pub(crate) fn at(write: u64, dies: Dies) -> Arc<Death> {
        Arc::new(Death {
            write,
            dies,
            writes: AtomicU64::new(0),
            dead: Notify::new(),
        })
    }

    /// Resolves when the process is dead but for its future, which is to be dropped.
    pub(crate) async fn comes(&self) {
        self.dead.notified().await;
    }

    async fn lies_in_wait(&self, side: Dies) {
        let writes = match side {
            Dies::Before => self.writes.fetch_add(1, Ordering::SeqCst) + 1,
            Dies::After => self.writes.load(Ordering::SeqCst),
        };
        if writes == self.write && side == self.dies {
            self.dead.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

pub(crate) struct BrittleStore {
    pub(crate) store: Arc<dyn CheckpointStore>,
    pub(crate) death: Arc<Death>,
}

struct BrittleLease {
    lease: Box<dyn CheckpointLease>,
    death: Arc<Death>,
}

#[async_trait]
impl CheckpointStore for BrittleStore {
    fn place(&self) -> String {
        self.store.place()
    }

    async fn open(&self) -> Result<Box<dyn CheckpointLease>, StoreError> {
        Ok(Box::new(BrittleLease {
            lease: self.store.open().await?,
            death: Arc::clone(&self.death),
        }))
    }

    async fn dead_letters(&self) -> Result<Vec<String>, StoreError> {
        self.store.dead_letters().await
    }

    async fn dead_letter(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.dead_letter(name).await
    }
}

#[async_trait]
impl CheckpointLease for BrittleLease {
    fn saved(&self) -> Option<&Checkpoint> {
        self.lease.saved()
    }

    fn check(&self) -> Result<(), StoreError> {
        self.lease.check()
    }

    async fn save(&mut self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        self.death.lies_in_wait(Dies::Before).await;
        self.lease.save(checkpoint).await?;
        self.death.lies_in_wait(Dies::After).await;
        Ok(())
    }

    async fn ids(&self, which: Ids) -> Result<Vec<u8>, StoreError> {
        self.lease.ids(which).await
    }

    async fn save_ids(&mut self, which: Ids, ids: Vec<u8>) -> Result<(), StoreError> {
        self.death.lies_in_wait(Dies::Before).await;
        self.lease.save_ids(which, ids).await?;
        self.death.lies_in_wait(Dies::After).await;
        Ok(())
    }

    async fn keep_dead_letter(&mut self, name: &str, body: Vec<u8>) -> Result<(), StoreError> {
        self.lease.keep_dead_letter(name, body).await
    }

    async fn remove_dead_letter(&mut self, name: &str) -> Result<(), StoreError> {
        self.lease.remove_dead_letter(name).await
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.lease.release().await
    }
}
